"""Connects to a server of the contract. It adds to grpcio what a caller needs: a deadline for each
unary call, retries of the methods that the contract declares idempotent, and credentials.
errors.CallError decodes errors.

    channel = connect("127.0.0.1:50051", token=token)
    inventory = InventoryServiceStub(channel)
    book = inventory.GetBook(GetBookRequest(book_id=1)).book
"""
import grpc

from .service_config import service_config

DEFAULT_TIMEOUT_SECONDS = 10


def connect(target, *, token=None, timeout=DEFAULT_TIMEOUT_SECONDS, credentials=None, options=()):
    """Makes a channel for all services of the contract. The first call connects, so a server that
    does not respond is an error of that call.

    `token` is sent as `authorization: Bearer TOKEN` with every call: the token of the operator or
    of a session. `timeout` is the deadline in seconds of unary calls that have none. `credentials`
    are those of grpc.ssl_channel_credentials; without them the connection is plain text, which is
    meant for loopback."""
    options = [("grpc.service_config", service_config()), *options]
    if credentials is None:
        channel = grpc.insecure_channel(target, options)
    else:
        channel = grpc.secure_channel(target, credentials, options)
    return grpc.intercept_channel(channel, _CallInterceptor(token, timeout))


class _CallInterceptor(
    grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor, grpc.StreamStreamClientInterceptor,
):
    """Sends a token, also over plain text: TLS is the caller's decision. Gives unary calls a deadline.

    The deadline is not in the service config, because grpcio ends calls up to two seconds before the
    timeout that is given there (https://github.com/grpc/grpc/issues/34547)."""

    def __init__(self, token, timeout):
        self._entries = [("authorization", f"Bearer {token}")] if token else []
        self._timeout = timeout

    def intercept_unary_unary(self, continuation, details, request):
        timeout = self._timeout if details.timeout is None else details.timeout
        return continuation(_Details(details, self._entries, timeout), request)

    def _intercept(self, continuation, details, request):
        return continuation(_Details(details, self._entries, details.timeout), request)

    intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = _intercept


class _Details(grpc.ClientCallDetails):
    def __init__(self, details, entries, timeout):
        self.method, self.timeout, self.credentials = details.method, timeout, details.credentials
        self.wait_for_ready, self.compression = details.wait_for_ready, details.compression
        self.metadata = [*(details.metadata or ()), *entries]
