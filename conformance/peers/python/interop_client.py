"""Executes the cells of the interoperability matrix with the Python client.

Reads a JSON list of cells from standard input, makes their calls one after the other at the
address of its argument, and prints what it observed, one line of JSON for each cell. A cell has
`id`, `method` (package.Service/Method), `requests` (encoded messages in base64) and, optionally,
`metadata` (binary values in base64), `timeout_ms`, `cancel_after` (cancels the call after so many
responses, or at once if it is 0), `gzip` and `anonymous` (the call has no credential).
"""
import argparse
import base64
import json
import os
import queue
import sys
from pathlib import Path

import grpc
from bookstore.inventory.v1 import inventory_service_pb2
from bookstore.recommendations.v1 import recommendation_service_pb2
from google.protobuf import json_format, message_factory
from interop.v1 import interop_service_pb2

from client.connection import connect
from client.errors import CallError

FILES = [module.DESCRIPTOR for module in (inventory_service_pb2, recommendation_service_pb2, interop_service_pb2)]
METHODS = {
    f"{service.full_name}/{method.name}": method
    for file in FILES for service in file.services_by_name.values() for method in service.methods
}


class CellExecution:
    def __init__(self, channel, cell):
        self._channel, self._cell = channel, cell
        self._method = METHODS[cell["method"]]
        self._seen = {
            "id": cell["id"], "code": "OK", "message": "", "reason": "", "violations": [], "retry_after_ms": 0,
            "responses": [], "response_bytes": [], "headers": {}, "trailers": {},
        }
        # The requests of a stream, and None at its end.
        self._queue = queue.Queue()

    def run(self):
        request_class = message_factory.GetMessageClass(self._method.input_type)
        requests = [request_class.FromString(base64.b64decode(request)) for request in self._cell["requests"]]
        try:
            self._call(requests)
        except grpc.RpcError as failed:
            error = CallError.of(failed)
            self._seen.update(
                code=error.code.name, message=error.message, reason=error.reason,
                violations=[f"{violation.field} {violation.rule}" for violation in error.violations],
                retry_after_ms=round((error.retry_after or 0) * 1000),
            )
        except grpc.FutureCancelledError:
            self._seen.update(code="CANCELLED")
        return self._seen

    def _call(self, requests):
        method = self._method
        kind = "_".join("stream" if streaming else "unary" for streaming in (method.client_streaming, method.server_streaming))
        callable_ = getattr(self._channel, kind)(
            f"/{self._cell['method']}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        call = self._start(callable_, requests)
        if self._cell.get("cancel_after") == 0:
            call.cancel()
        try:
            if method.server_streaming:
                for response in call:
                    self._record(response, call)
                    self._send_next(requests)
            else:
                self._record(call.result(), call)
        finally:
            self._queue.put(None)
            self._seen["headers"] = visible(call.initial_metadata() if self._seen["responses"] else ())
            self._seen["trailers"] = visible(call.trailing_metadata() or ())
        if self._method.server_streaming and call.code() is not grpc.StatusCode.OK:
            raise call

    def _start(self, callable_, requests):
        options = {
            "timeout": self._cell.get("timeout_ms", 60_000) / 1000,
            "metadata": outgoing(self._cell.get("metadata", {})),
            "compression": grpc.Compression.Gzip if self._cell.get("gzip") else None,
        }
        if not self._method.client_streaming:
            return callable_(requests[0], **options) if self._method.server_streaming else callable_.future(requests[0], **options)
        if self._method.server_streaming:
            self._send_next(requests)
            return callable_(iter(self._queue.get, None), **options)
        return callable_.future(iter(requests), **options)

    def _send_next(self, requests):
        """In a conversation, the answer comes before the next question."""
        if self._method.client_streaming:
            self._queue.put(requests.pop(0) if requests else None)

    def _record(self, response, call):
        self._seen["responses"].append(json_format.MessageToDict(response))
        self._seen["response_bytes"].append(base64.b64encode(response.SerializeToString()).decode())
        if len(self._seen["responses"]) == self._cell.get("cancel_after"):
            call.cancel()


def outgoing(metadata):
    return [(key, base64.b64decode(value) if key.endswith("-bin") else value) for key, value in metadata.items()]


def visible(metadata):
    """Keeps the metadata of the test contract."""
    kept = {}
    for key, value in metadata:
        if "interop-" in key:
            text = base64.b64encode(value).decode() if isinstance(value, bytes) else value
            kept[key] = f"{kept[key]},{text}" if key in kept else text
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", choices=["grpc"], default="grpc", help="grpcio speaks no other one")
    parser.add_argument("--ca", type=Path, help="the authority of the server's certificate; without it, plain text")
    parser.add_argument("address")
    options = parser.parse_args()
    credentials = options.ca and grpc.ssl_channel_credentials(options.ca.read_bytes())
    with (
        connect(options.address, token=os.environ.get("INTEROP_TOKEN"), credentials=credentials) as channel,
        connect(options.address, credentials=credentials) as anonymous,
    ):
        for cell in json.load(sys.stdin):
            print(json.dumps(CellExecution(anonymous if cell.get("anonymous") else channel, cell).run()), flush=True)


if __name__ == "__main__":
    main()
