"""Checks the credentials of calls."""
import hmac

import grpc
from google.protobuf import descriptor_pool
from proofread.v1 import options_pb2

import error_status

MISSING = "the call has no operator token; send it in the metadata as authorization: Bearer TOKEN"


class CredentialInterceptor(grpc.ServerInterceptor):
    """Refuses calls without the operator token, for the methods for which the contract asks for
    it by (proofread.v1.access)."""

    def __init__(self, operator_token):
        self._expected = f"Bearer {operator_token}".encode()

    def intercept_service(self, continuation, handler_call_details):
        handler = continuation(handler_call_details)
        if handler is None or not is_restricted(handler_call_details.method):
            return handler
        given = dict(handler_call_details.invocation_metadata).get("authorization")
        if given is None:
            return _refusing(handler, grpc.StatusCode.UNAUTHENTICATED, "CREDENTIAL_MISSING", MISSING)
        if not hmac.compare_digest(given.encode(), self._expected):
            return _refusing(handler, grpc.StatusCode.PERMISSION_DENIED, "CREDENTIAL_REFUSED",
                             "the credential is not the operator token")
        return handler


def is_restricted(path):
    """Whether only some callers may call the method `/package.Service/Method`."""
    service, _, name = path.lstrip("/").partition("/")
    try:
        method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    except KeyError:
        return False
    return len(method.GetOptions().Extensions[options_pb2.access]) > 0


def _refusing(handler, code, reason, message):
    """A handler of the same kind that fails."""

    def refuse(_, context):
        context.abort_with_status(error_status.from_declared_error(code, reason, message))

    kind = "_".join("stream" if streaming else "unary" for streaming in (handler.request_streaming, handler.response_streaming))
    return getattr(grpc, f"{kind}_rpc_method_handler")(
        refuse, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer,
    )
