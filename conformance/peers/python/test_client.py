"""Tests the client package with a fake server."""
import contextlib
import unittest
from concurrent import futures

import grpc
from bookstore.accounts.v1 import session_service_pb2, session_service_pb2_grpc
from bookstore.inventory.v1 import inventory_service_pb2, inventory_service_pb2_grpc

from client.connection import connect

LONG_SECONDS = 3600


class FakeServices(inventory_service_pb2_grpc.InventoryServiceServicer, session_service_pb2_grpc.SessionServiceServicer):
    """Count their calls and answer as a test wants."""

    def __init__(self, answer):
        self.calls = 0
        self._answer = answer

    def GetBook(self, request, context):
        self.calls += 1
        self._answer(context, self.calls)
        return inventory_service_pb2.GetBookResponse()

    # The contract does not declare it idempotent.
    def SignIn(self, request, context):
        self.calls += 1
        self._answer(context, self.calls)
        return session_service_pb2.SignInResponse()


class ClientTest(unittest.TestCase):
    @contextlib.contextmanager
    def serving(self, answer, **options):
        fake = FakeServices(answer)
        server = grpc.server(futures.ThreadPoolExecutor(2))
        inventory_service_pb2_grpc.add_InventoryServiceServicer_to_server(fake, server)
        session_service_pb2_grpc.add_SessionServiceServicer_to_server(fake, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            with connect(f"127.0.0.1:{port}", **options) as channel:
                yield fake, channel
        finally:
            server.stop(grace=None).wait()

    def get_book(self, channel):
        return inventory_service_pb2_grpc.InventoryServiceStub(channel).GetBook(inventory_service_pb2.GetBookRequest())

    def test_idempotent_call_is_retried(self):
        def starting(context, call):
            if call < 3:
                context.abort(grpc.StatusCode.UNAVAILABLE, "starting")

        with self.serving(starting) as (fake, channel):
            self.get_book(channel)
        self.assertEqual(fake.calls, 3)

    def test_other_call_is_not_retried(self):
        def starting(context, _):
            context.abort(grpc.StatusCode.UNAVAILABLE, "starting")

        with self.serving(starting) as (fake, channel), self.assertRaises(grpc.RpcError):
            session_service_pb2_grpc.SessionServiceStub(channel).SignIn(session_service_pb2.SignInRequest())
        self.assertEqual(fake.calls, 1)

    def test_server_knows_the_default_deadline(self):
        seen = []
        with self.serving(lambda context, _: seen.append(context.time_remaining()), timeout=LONG_SECONDS) as (_, channel):
            self.get_book(channel)
        [left] = seen
        # gRPC rounds it up.
        self.assertAlmostEqual(left, LONG_SECONDS, delta=60)

    def test_token_is_sent(self):
        seen = []
        with self.serving(lambda context, _: seen.append(dict(context.invocation_metadata())), token="secret") as (_, channel):
            self.get_book(channel)
        self.assertEqual([metadata.get("authorization") for metadata in seen], ["Bearer secret"])


if __name__ == "__main__":
    unittest.main()
