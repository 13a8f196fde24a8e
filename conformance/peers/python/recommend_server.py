"""`bookstore.recommendations.v1.RecommendationService` in Python, for the benchmark.

A typical hand-written grpcio server: nine books in memory, `random.sample`, and a check in
code for every rule of the contract. Usage:

    recommend_server.py PORT [--workers N]     (port 0 uses a free port)

Prints `listening on PORT` when it is ready; stops on SIGTERM and SIGINT.
"""
import uuid

import grpc

import sample_books
import server_runner
import stubs

stubs.generate(
    "bookstore/inventory/v1/book.proto",
    "bookstore/recommendations/v1/recommendation_service.proto",
    "bookstore/type/v1/conventions.proto",
    "bookstore/type/v1/money.proto",
    "buf/validate/validate.proto",
    "proofread/v1/options.proto",
)

from bookstore.inventory.v1 import book_pb2  # noqa: E402
from bookstore.recommendations.v1 import recommendation_service_pb2 as messages  # noqa: E402
from bookstore.recommendations.v1 import recommendation_service_pb2_grpc as services  # noqa: E402

CATEGORIES = frozenset(book_pb2.BookCategory.values()) - {book_pb2.BOOK_CATEGORY_UNSPECIFIED}
MAX_RESULTS_LIMIT = 100


class RecommendationService(services.RecommendationServiceServicer):
    def __init__(self):
        self._books = sample_books.SampleBooks(book_pb2.BookCategory.DESCRIPTOR)

    def Recommend(self, request, context):
        if request.category not in CATEGORIES:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"category is {request.category}, but must be set to a known category",
            )
        if not 1 <= request.max_results <= MAX_RESULTS_LIMIT:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"max_results is {request.max_results}, but must be from 1 to {MAX_RESULTS_LIMIT}",
            )
        if request.user_id and not is_uuid(request.user_id):
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"user_id is {request.user_id!r}, but must be a UUID"
            )
        return messages.RecommendResponse(
            recommendations=[
                messages.BookRecommendation(book_id=number, title=title)
                for number, title in self._books.sample(request.category, request.max_results)
            ]
        )


def is_uuid(text):
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def main():
    arguments = server_runner.argument_parser(__doc__.splitlines()[0]).parse_args()
    server = server_runner.new_server(arguments.workers)
    services.add_RecommendationServiceServicer_to_server(RecommendationService(), server)
    server_runner.serve_until_signal(server, arguments.port)


if __name__ == "__main__":
    main()
