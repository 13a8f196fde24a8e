"""A part of bookstore.inventory.v1.InventoryService. The other methods answer UNIMPLEMENTED."""
import grpc
from bookstore.inventory.v1 import inventory_service_pb2 as messages
from bookstore.inventory.v1 import inventory_service_pb2_grpc as services

import error_status

from .pages import page
from .search import matches, words


class InventoryService(services.InventoryServiceServicer):
    def __init__(self, catalogue):
        self._catalogue = catalogue

    def GetBook(self, request, context):
        book = self._catalogue.book(request.book_id)
        if book is None:
            _book_not_found(context, request.book_id)
        return messages.GetBookResponse(book=book)

    def ListBooks(self, request, context):
        books = self._catalogue.of_category(request.category)
        books, next_page_token = page(context, books, f"list/{request.category}", request)
        return messages.ListBooksResponse(books=books, next_page_token=next_page_token)

    def SearchBooks(self, request, context):
        query = words(request.query)
        found = [book for book in self._catalogue.of_category(request.category) if matches(book, query)]
        books, next_page_token = page(context, found, f"search/{request.category}/{request.query}", request)
        return messages.SearchBooksResponse(books=books, next_page_token=next_page_token)

    def ImportBooks(self, request_iterator, context):
        counts = messages.ImportBooksResponse()
        for request in request_iterator:
            self._catalogue.store(request.books, counts)
        return counts

    def WatchStock(self, request, context):
        for book_id in request.book_ids:
            if self._catalogue.book(book_id) is None:
                _book_not_found(context, book_id)
        for level in self._catalogue.watch(request.book_ids, context.is_active):
            yield messages.WatchStockResponse(level=level)
        if context.is_active():
            context.abort(grpc.StatusCode.UNAVAILABLE, "the server stops; call again")


def _book_not_found(context, book_id):
    context.abort_with_status(error_status.from_declared_error(
        grpc.StatusCode.NOT_FOUND, "BOOK_NOT_FOUND", f"no book has the id {book_id}", book_id=str(book_id),
    ))
