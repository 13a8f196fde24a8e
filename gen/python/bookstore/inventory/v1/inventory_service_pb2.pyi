import datetime

from bookstore.inventory.v1 import book_pb2 as _book_pb2
from bookstore.inventory.v1 import search_pb2 as _search_pb2
from bookstore.inventory.v1 import stock_pb2 as _stock_pb2
from bookstore.type.v1 import conventions_pb2 as _conventions_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from proofread.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetBookRequest(_message.Message):
    __slots__ = ("book_id",)
    BOOK_ID_FIELD_NUMBER: _ClassVar[int]
    book_id: int
    def __init__(self, book_id: _Optional[int] = ...) -> None: ...

class GetBookResponse(_message.Message):
    __slots__ = ("book",)
    BOOK_FIELD_NUMBER: _ClassVar[int]
    book: _book_pb2.Book
    def __init__(self, book: _Optional[_Union[_book_pb2.Book, _Mapping]] = ...) -> None: ...

class BatchGetBooksRequest(_message.Message):
    __slots__ = ("book_ids",)
    BOOK_IDS_FIELD_NUMBER: _ClassVar[int]
    book_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, book_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class BatchGetBooksResponse(_message.Message):
    __slots__ = ("books", "missing_book_ids")
    BOOKS_FIELD_NUMBER: _ClassVar[int]
    MISSING_BOOK_IDS_FIELD_NUMBER: _ClassVar[int]
    books: _containers.RepeatedCompositeFieldContainer[_book_pb2.Book]
    missing_book_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, books: _Optional[_Iterable[_Union[_book_pb2.Book, _Mapping]]] = ..., missing_book_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class ListBooksRequest(_message.Message):
    __slots__ = ("category", "page_size", "page_token")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    category: _book_pb2.BookCategory
    page_size: int
    page_token: str
    def __init__(self, category: _Optional[_Union[_book_pb2.BookCategory, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListBooksResponse(_message.Message):
    __slots__ = ("books", "next_page_token")
    BOOKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    books: _containers.RepeatedCompositeFieldContainer[_book_pb2.Book]
    next_page_token: str
    def __init__(self, books: _Optional[_Iterable[_Union[_book_pb2.Book, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListCategoriesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCategoriesResponse(_message.Message):
    __slots__ = ("categories", "catalogue_revision")
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    categories: _containers.RepeatedCompositeFieldContainer[CategoryCount]
    catalogue_revision: int
    def __init__(self, categories: _Optional[_Iterable[_Union[CategoryCount, _Mapping]]] = ..., catalogue_revision: _Optional[int] = ...) -> None: ...

class CategoryCount(_message.Message):
    __slots__ = ("category", "book_count")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    BOOK_COUNT_FIELD_NUMBER: _ClassVar[int]
    category: _book_pb2.BookCategory
    book_count: int
    def __init__(self, category: _Optional[_Union[_book_pb2.BookCategory, str]] = ..., book_count: _Optional[int] = ...) -> None: ...

class SearchBooksRequest(_message.Message):
    __slots__ = ("query", "category", "page_size", "page_token", "order", "min_price_minor", "max_price_minor", "min_year", "max_year", "language", "min_rating_hundredths", "skip", "with_facets", "in_stock_only", "author", "series")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    MIN_PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    MAX_PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    MIN_YEAR_FIELD_NUMBER: _ClassVar[int]
    MAX_YEAR_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    MIN_RATING_HUNDREDTHS_FIELD_NUMBER: _ClassVar[int]
    SKIP_FIELD_NUMBER: _ClassVar[int]
    WITH_FACETS_FIELD_NUMBER: _ClassVar[int]
    IN_STOCK_ONLY_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    query: str
    category: _book_pb2.BookCategory
    page_size: int
    page_token: str
    order: _search_pb2.SearchOrder
    min_price_minor: int
    max_price_minor: int
    min_year: int
    max_year: int
    language: str
    min_rating_hundredths: int
    skip: int
    with_facets: bool
    in_stock_only: bool
    author: str
    series: str
    def __init__(self, query: _Optional[str] = ..., category: _Optional[_Union[_book_pb2.BookCategory, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., order: _Optional[_Union[_search_pb2.SearchOrder, str]] = ..., min_price_minor: _Optional[int] = ..., max_price_minor: _Optional[int] = ..., min_year: _Optional[int] = ..., max_year: _Optional[int] = ..., language: _Optional[str] = ..., min_rating_hundredths: _Optional[int] = ..., skip: _Optional[int] = ..., with_facets: _Optional[bool] = ..., in_stock_only: _Optional[bool] = ..., author: _Optional[str] = ..., series: _Optional[str] = ...) -> None: ...

class SearchBooksResponse(_message.Message):
    __slots__ = ("books", "next_page_token", "total_count", "did_you_mean", "facets")
    BOOKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    DID_YOU_MEAN_FIELD_NUMBER: _ClassVar[int]
    FACETS_FIELD_NUMBER: _ClassVar[int]
    books: _containers.RepeatedCompositeFieldContainer[_book_pb2.Book]
    next_page_token: str
    total_count: int
    did_you_mean: str
    facets: _search_pb2.SearchFacets
    def __init__(self, books: _Optional[_Iterable[_Union[_book_pb2.Book, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_count: _Optional[int] = ..., did_you_mean: _Optional[str] = ..., facets: _Optional[_Union[_search_pb2.SearchFacets, _Mapping]] = ...) -> None: ...

class ImportBooksRequest(_message.Message):
    __slots__ = ("books",)
    BOOKS_FIELD_NUMBER: _ClassVar[int]
    books: _containers.RepeatedCompositeFieldContainer[BookImport]
    def __init__(self, books: _Optional[_Iterable[_Union[BookImport, _Mapping]]] = ...) -> None: ...

class BookImport(_message.Message):
    __slots__ = ("book", "on_hand")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    ON_HAND_FIELD_NUMBER: _ClassVar[int]
    book: _book_pb2.Book
    on_hand: int
    def __init__(self, book: _Optional[_Union[_book_pb2.Book, _Mapping]] = ..., on_hand: _Optional[int] = ...) -> None: ...

class ImportBooksResponse(_message.Message):
    __slots__ = ("created", "updated", "unchanged")
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    created: int
    updated: int
    unchanged: int
    def __init__(self, created: _Optional[int] = ..., updated: _Optional[int] = ..., unchanged: _Optional[int] = ...) -> None: ...

class BatchGetStockRequest(_message.Message):
    __slots__ = ("book_ids",)
    BOOK_IDS_FIELD_NUMBER: _ClassVar[int]
    book_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, book_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class BatchGetStockResponse(_message.Message):
    __slots__ = ("levels",)
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    levels: _containers.RepeatedCompositeFieldContainer[_stock_pb2.StockLevel]
    def __init__(self, levels: _Optional[_Iterable[_Union[_stock_pb2.StockLevel, _Mapping]]] = ...) -> None: ...

class SetStockRequest(_message.Message):
    __slots__ = ("book_id", "on_hand", "expected_on_hand")
    BOOK_ID_FIELD_NUMBER: _ClassVar[int]
    ON_HAND_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_ON_HAND_FIELD_NUMBER: _ClassVar[int]
    book_id: int
    on_hand: int
    expected_on_hand: int
    def __init__(self, book_id: _Optional[int] = ..., on_hand: _Optional[int] = ..., expected_on_hand: _Optional[int] = ...) -> None: ...

class SetStockResponse(_message.Message):
    __slots__ = ("level",)
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    level: _stock_pb2.StockLevel
    def __init__(self, level: _Optional[_Union[_stock_pb2.StockLevel, _Mapping]] = ...) -> None: ...

class ReserveStockRequest(_message.Message):
    __slots__ = ("request_id", "lines", "hold")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    lines: _containers.RepeatedCompositeFieldContainer[_stock_pb2.ReservationLine]
    hold: _duration_pb2.Duration
    def __init__(self, request_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[_stock_pb2.ReservationLine, _Mapping]]] = ..., hold: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ReserveStockResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: _stock_pb2.Reservation
    def __init__(self, reservation: _Optional[_Union[_stock_pb2.Reservation, _Mapping]] = ...) -> None: ...

class GetReservationRequest(_message.Message):
    __slots__ = ("reservation_id",)
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    def __init__(self, reservation_id: _Optional[str] = ...) -> None: ...

class GetReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: _stock_pb2.Reservation
    def __init__(self, reservation: _Optional[_Union[_stock_pb2.Reservation, _Mapping]] = ...) -> None: ...

class ListReservationsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListReservationsResponse(_message.Message):
    __slots__ = ("reservations", "next_page_token")
    RESERVATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    reservations: _containers.RepeatedCompositeFieldContainer[_stock_pb2.Reservation]
    next_page_token: str
    def __init__(self, reservations: _Optional[_Iterable[_Union[_stock_pb2.Reservation, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CommitReservationRequest(_message.Message):
    __slots__ = ("reservation_id",)
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    def __init__(self, reservation_id: _Optional[str] = ...) -> None: ...

class CommitReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: _stock_pb2.Reservation
    def __init__(self, reservation: _Optional[_Union[_stock_pb2.Reservation, _Mapping]] = ...) -> None: ...

class ReleaseReservationRequest(_message.Message):
    __slots__ = ("reservation_id",)
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    def __init__(self, reservation_id: _Optional[str] = ...) -> None: ...

class ReleaseReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: _stock_pb2.Reservation
    def __init__(self, reservation: _Optional[_Union[_stock_pb2.Reservation, _Mapping]] = ...) -> None: ...

class WatchStockRequest(_message.Message):
    __slots__ = ("book_ids",)
    BOOK_IDS_FIELD_NUMBER: _ClassVar[int]
    book_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, book_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class WatchStockResponse(_message.Message):
    __slots__ = ("level",)
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    level: _stock_pb2.StockLevel
    def __init__(self, level: _Optional[_Union[_stock_pb2.StockLevel, _Mapping]] = ...) -> None: ...
