"""Calls the services of the two tutorials with grpcio, as the tutorials do.

Needs a running bookstore at BINDERY_GRPC (host:port); see README.md.
"""
import math
import os
import unittest
import uuid

import grpc

import stubs

stubs.generate("legacy/recommendations/recommendations.proto", "legacy/payment/payment.proto")

from legacy.payment import payment_pb2, payment_pb2_grpc  # noqa: E402
from legacy.recommendations import recommendations_pb2, recommendations_pb2_grpc  # noqa: E402

# The first call may arrive while the server is still loading its catalogue.
TIMEOUT_SECONDS = 10


def connect():
    address = os.environ.get("BINDERY_GRPC")
    if not address:
        raise RuntimeError(
            "BINDERY_GRPC is unset: set it to the host:port of a running bookstore, "
            "or run the tests with tools/with-bookstore"
        )
    return grpc.insecure_channel(address)


class ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.channel = connect()
        cls.addClassCleanup(cls.channel.close)

    def assert_refused(self, call, code, reason, details=None):
        """Asserts that `call` fails with `code` and that google.rpc.ErrorInfo has `reason`."""
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        error = caught.exception
        self.assertEqual(error.code(), code, error.details())
        if details is not None:
            self.assertEqual(error.details(), details)
        trailers = dict(error.trailing_metadata())
        # Not decoded, because the contract has no google/rpc/error_details.proto.
        self.assertIn(reason.encode(), trailers["grpc-status-details-bin"])


class RecommendationsTest(ServerTest):
    def recommend(self, **fields):
        stub = recommendations_pb2_grpc.RecommendationsStub(self.channel)
        request = recommendations_pb2.RecommendationRequest(**fields)
        return stub.Recommend(request, timeout=TIMEOUT_SECONDS).recommendations

    def test_request_bytes_equal_the_original(self):
        request = recommendations_pb2.RecommendationRequest
        mystery = request(user_id=1, category=recommendations_pb2.MYSTERY, max_results=3)
        self.assertEqual(mystery.SerializeToString().hex(), "08011803")
        fiction = request(user_id=1, category=recommendations_pb2.SCIENCE_FICTION, max_results=3)
        self.assertEqual(fiction.SerializeToString().hex(), "080110011803")

    def test_response_bytes_equal_the_original(self):
        falcon = recommendations_pb2.BookRecommendation(id=1, title="The Maltese Falcon")
        response = recommendations_pb2.RecommendationResponse(recommendations=[falcon])
        self.assertEqual(
            response.SerializeToString().hex(), "0a1608011212546865204d616c746573652046616c636f6e"
        )

    def test_each_category_returns_distinct_books_of_its_own(self):
        seen = set()
        for category in recommendations_pb2.BookCategory.values():
            with self.subTest(category=category):
                books = self.recommend(user_id=1, category=category, max_results=3)
                ids = {book.id for book in books}
                self.assertEqual((len(books), len(ids)), (3, 3))
                self.assertTrue(all(book.title for book in books))

                all_books = self.recommend(user_id=1, category=category, max_results=2**31 - 1)
                titles_by_id = {book.id: book.title for book in all_books}
                self.assertTrue(all(titles_by_id[book.id] == book.title for book in books))
                self.assertTrue(seen.isdisjoint(titles_by_id))
                seen.update(titles_by_id)

    def test_the_nine_books_of_the_tutorial_exist(self):
        expected = {
            recommendations_pb2.MYSTERY: {
                1: "The Maltese Falcon",
                2: "Murder on the Orient Express",
                3: "The Hound of the Baskervilles",
            },
            recommendations_pb2.SCIENCE_FICTION: {
                4: "The Hitchhiker's Guide To The Galaxy",
                5: "Ender's Game",
                6: "The Dune Chronicles",
            },
            recommendations_pb2.SELF_HELP: {
                7: "The 7 Habits of Highly Effective People",
                8: "How to Win Friends and Influence People",
                9: "Man\u2019s Search for Meaning",
            },
        }
        for category, titles in expected.items():
            all_books = self.recommend(user_id=1, category=category, max_results=2**31 - 1)
            titles_by_id = {book.id: book.title for book in all_books}
            self.assertEqual({number: titles_by_id.get(number) for number in titles}, titles)

    def test_max_results_zero_or_empty_request_returns_no_books(self):
        self.assertEqual(len(self.recommend(user_id=1, max_results=0)), 0)
        self.assertEqual(len(self.recommend()), 0)

    def test_every_user_id_is_accepted(self):
        for user_id in (0, -1, 2**31 - 1, -(2**31)):
            self.assertEqual(len(self.recommend(user_id=user_id, max_results=1)), 1)

    def test_unknown_category_is_not_found(self):
        for category in (3, 99, -1):
            self.assert_refused(
                lambda: self.recommend(user_id=1, category=category, max_results=3),
                grpc.StatusCode.NOT_FOUND, "CATEGORY_NOT_FOUND", "Category not found",
            )

    def test_negative_max_results_is_refused(self):
        self.assert_refused(
            lambda: self.recommend(user_id=1, max_results=-1),
            grpc.StatusCode.INVALID_ARGUMENT, "MAX_RESULTS_NEGATIVE",
        )


class PaymentTest(ServerTest):
    TUTORIAL_REQUEST = {"order_id": "order123", "amount": 99.99, "currency": "USD", "user_id": "user456"}

    def process_payment(self, **changes):
        stub = payment_pb2_grpc.PaymentServiceStub(self.channel)
        request = payment_pb2.PaymentRequest(**{**self.TUTORIAL_REQUEST, **changes})
        return stub.ProcessPayment(request, timeout=TIMEOUT_SECONDS)

    def test_request_bytes_equal_the_original(self):
        self.assertEqual(
            payment_pb2.PaymentRequest(**self.TUTORIAL_REQUEST).SerializeToString().hex(),
            "0a086f72646572313233118fc2f5285cff58401a03555344220775736572343536",
        )

    def test_payment_succeeds_with_a_new_payment_id(self):
        response = self.process_payment()
        self.assertEqual(response.status, "SUCCESS")
        self.assertEqual(str(uuid.UUID(response.payment_id)), response.payment_id)

    def test_invalid_payment_is_refused(self):
        cases = [
            ({"amount": math.nan}, "AMOUNT_INVALID"),
            ({"amount": math.inf}, "AMOUNT_INVALID"),
            ({"amount": -math.inf}, "AMOUNT_INVALID"),
            ({"amount": -5}, "AMOUNT_INVALID"),
            ({"amount": 0}, "AMOUNT_INVALID"),
            ({"amount": 1e300}, "AMOUNT_INVALID"),
            ({"currency": "ZZZ"}, "CURRENCY_UNKNOWN"),
            ({"currency": ""}, "CURRENCY_UNKNOWN"),
            ({"order_id": ""}, "ORDER_ID_UNSET"),
            ({"user_id": ""}, "USER_ID_UNSET"),
        ]
        for changes, reason in cases:
            with self.subTest(**changes):
                self.assert_refused(
                    lambda: self.process_payment(**changes), grpc.StatusCode.INVALID_ARGUMENT, reason
                )


if __name__ == "__main__":
    unittest.main()
