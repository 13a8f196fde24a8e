"""`bookstore.recommendations.v1.RecommendationService` in Python, to compare with.

A grpcio server as one writes it by hand: nine books in memory, `random.sample`, and
the checks that the contract states, each spelled out. Usage:

    recommend_server.py PORT [--workers N]     (0 takes a free port)

Prints `listening on PORT` when it serves; stops on SIGTERM and SIGINT.
"""
import uuid

import grpc

import catalogue
import serving
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

CATEGORIES = frozenset(book_pb2.BookCategory.values()) - {book_pb2.BOOK_CATEGORY_UNSPECIFIED}
GREATEST_MAX_RESULTS = 100


class RecommendationService(services.RecommendationServiceServicer):
    def __init__(self):
        self._shelves = catalogue.Shelves(book_pb2.BookCategory.DESCRIPTOR)

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
        return messages.RecommendResponse(
            recommendations=[
                messages.BookRecommendation(book_id=number, title=title)
                for number, title in self._shelves.draw(request.category, request.max_results)
            ]
        )


def is_uuid(text):
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def main():
    arguments = serving.arguments(__doc__.splitlines()[0]).parse_args()
    server = serving.server(arguments.workers)
    services.add_RecommendationServiceServicer_to_server(RecommendationService(), server)
    serving.run(server, arguments.port)


if __name__ == "__main__":
    main()
