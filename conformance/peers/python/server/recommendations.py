"""bookstore.recommendations.v1.RecommendationService: every reader is an anonymous visitor."""
import random

from bookstore.recommendations.v1 import recommendation_service_pb2 as messages
from bookstore.recommendations.v1 import recommendation_service_pb2_grpc as services


class RecommendationService(services.RecommendationServiceServicer):
    def __init__(self, catalogue):
        self._catalogue = catalogue

    def Recommend(self, request, context):
        books = self._catalogue.of_category(request.category)
        sample = random.sample(books, min(request.max_results, len(books)))
        return messages.RecommendResponse(
            recommendations=[messages.BookRecommendation(book_id=book.book_id, title=book.title) for book in sample]
        )

    def ListAlsoBought(self, request, context):
        # Nobody has bought anything.
        return messages.ListAlsoBoughtResponse()
