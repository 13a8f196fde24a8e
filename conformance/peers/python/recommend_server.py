"""`bookstore.recommendations.v1.RecommendationService` in Python, to compare with.

A grpcio server as one writes it by hand: nine books in memory, `random.sample`, and
the checks that the contract states, each spelled out. Usage:

    recommend_server.py PORT [--workers N]     (0 takes a free port)

Prints `listening on PORT` when it serves; stops on SIGTERM and SIGINT.
"""
import argparse
import random
import signal
import uuid
from concurrent import futures

import grpc

import stubs

stubs.generate(
    "bookstore/inventory/v1/book.proto",
    "bookstore/recommendations/v1/recommendation_service.proto",
    "bookstore/type/v1/money.proto",
    "buf/validate/validate.proto",
    "proofread/v1/options.proto",
)

from bookstore.inventory.v1 import book_pb2  # noqa: E402
from bookstore.recommendations.v1 import recommendation_service_pb2 as messages  # noqa: E402
from bookstore.recommendations.v1 import recommendation_service_pb2_grpc as services  # noqa: E402

BOOKS = {
    book_pb2.BOOK_CATEGORY_MYSTERY: [
        (1, "The Maltese Falcon"),
        (2, "Murder on the Orient Express"),
        (3, "The Hound of the Baskervilles"),
    ],
    book_pb2.BOOK_CATEGORY_SCIENCE_FICTION: [
        (4, "The Hitchhiker's Guide To The Galaxy"),
        (5, "Ender's Game"),
        (6, "The Dune Chronicles"),
    ],
    book_pb2.BOOK_CATEGORY_SELF_HELP: [
        (7, "The 7 Habits of Highly Effective People"),
        (8, "How to Win Friends and Influence People"),
        (9, "Man\u2019s Search for Meaning"),
    ],
}
CATEGORIES = frozenset(book_pb2.BookCategory.values()) - {book_pb2.BOOK_CATEGORY_UNSPECIFIED}
GREATEST_MAX_RESULTS = 100


class RecommendationService(services.RecommendationServiceServicer):
    def Recommend(self, request, context):
        if request.category not in CATEGORIES:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"category is {request.category}, but must be set to a known category",
            )
        if not 1 <= request.max_results <= GREATEST_MAX_RESULTS:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"max_results is {request.max_results}, but must be from 1 to {GREATEST_MAX_RESULTS}",
            )
        if request.user_id and not is_uuid(request.user_id):
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"user_id is {request.user_id!r}, but must be a UUID"
            )
        shelf = BOOKS.get(request.category, [])
        drawn = random.sample(shelf, min(request.max_results, len(shelf)))
        return messages.RecommendResponse(
            recommendations=[
                messages.BookRecommendation(book_id=number, title=title) for number, title in drawn
            ]
        )


def is_uuid(text):
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int, help="the port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--workers", type=int, default=10, help="threads (default: %(default)s)")
    arguments = parser.parse_args()

    # Without this, a second server could share the port of the first unnoticed.
    options = [("grpc.so_reuseport", 0)]
    pool = futures.ThreadPoolExecutor(max_workers=arguments.workers)
    server = grpc.server(pool, options=options)
    services.add_RecommendationServiceServicer_to_server(RecommendationService(), server)
    port = server.add_insecure_port(f"127.0.0.1:{arguments.port}")
    server.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop(grace=1))
    print(f"listening on {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
