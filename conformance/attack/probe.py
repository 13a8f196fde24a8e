"""A well-behaved client, which must be served while the bookstore is attacked: it gets a page on a
new connection and makes a call on an open one, again and again."""
import http.client
import time

import h2.config
import h2.connection
import h2.events

from http2 import BOOK_1, GET_BOOK, message
from target import PROBE, connect, tls_context

# A request that takes longer than this has failed. Generous, because the attackers use the same
# processors as the bookstore.
LIMIT_SECONDS = 10
PAUSE_SECONDS = 0.05


class GrpcClient:
    """A connection that makes one call after the other."""

    def __init__(self, target):
        self._socket = connect(target.grpc, PROBE, LIMIT_SECONDS)
        if target.tls:
            self._socket = tls_context("h2").wrap_socket(self._socket, server_hostname="localhost")
        self._http2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._http2.initiate_connection()
        self._scheme = "https" if target.tls else "http"

    def get_book(self):
        """Calls GetBook; the status as text, `0` for OK."""
        stream = self._http2.get_next_available_stream_id()
        self._http2.send_headers(stream, [
            (":method", "POST"), (":scheme", self._scheme), (":path", GET_BOOK), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ])
        self._http2.send_data(stream, message(BOOK_1), end_stream=True)
        status = None
        while True:
            self._socket.sendall(self._http2.data_to_send())
            received = self._socket.recv(1 << 16)
            if not received:
                raise ConnectionResetError("the connection was closed")
            for event in self._http2.receive_data(received):
                if isinstance(event, h2.events.DataReceived):
                    self._http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                    status = dict(event.headers).get("grpc-status", status)
                if isinstance(event, h2.events.StreamReset):
                    raise ConnectionResetError("the stream was reset")
                if isinstance(event, h2.events.StreamEnded):
                    return status

    def close(self):
        self._socket.close()


def get_page(target):
    """Gets a page on a new connection; the status of HTTP."""
    options = {"timeout": LIMIT_SECONDS, "source_address": (PROBE, 0)}
    if target.tls:
        client = http.client.HTTPSConnection(*target.shop, context=tls_context("http/1.1"), **options)
    else:
        client = http.client.HTTPConnection(*target.shop, **options)
    try:
        client.request("GET", "/books/1")
        answer = client.getresponse()
        answer.read()
        return answer.status
    finally:
        client.close()


def run(target, stop, results):
    """Makes calls and gets pages until `stop` is set; puts the latencies and the failures."""
    latencies, failures, client = [], [], None
    while not stop.is_set():
        try:
            began = time.monotonic()
            client = client or GrpcClient(target)
            status = client.get_book()
            latencies.append(time.monotonic() - began)
            if status != "0":
                failures.append(f"the call ended with status {status}")
        except (OSError, h2.exceptions.H2Error) as error:
            failures.append(f"the call failed: {error!r}")
            client = None
        try:
            began = time.monotonic()
            status = get_page(target)
            latencies.append(time.monotonic() - began)
            if status != 200:
                failures.append(f"the page has status {status}")
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"the page failed: {error!r}")
        stop.wait(PAUSE_SECONDS)
    if client:
        client.close()
    results.put((latencies, failures))
