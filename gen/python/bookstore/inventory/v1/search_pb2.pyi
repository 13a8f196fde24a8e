from bookstore.inventory.v1 import book_pb2 as _book_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SearchOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEARCH_ORDER_UNSPECIFIED: _ClassVar[SearchOrder]
    SEARCH_ORDER_RELEVANCE: _ClassVar[SearchOrder]
    SEARCH_ORDER_TITLE: _ClassVar[SearchOrder]
    SEARCH_ORDER_PRICE_ASCENDING: _ClassVar[SearchOrder]
    SEARCH_ORDER_PRICE_DESCENDING: _ClassVar[SearchOrder]
    SEARCH_ORDER_NEWEST: _ClassVar[SearchOrder]
    SEARCH_ORDER_RATING: _ClassVar[SearchOrder]
    SEARCH_ORDER_SERIES: _ClassVar[SearchOrder]
SEARCH_ORDER_UNSPECIFIED: SearchOrder
SEARCH_ORDER_RELEVANCE: SearchOrder
SEARCH_ORDER_TITLE: SearchOrder
SEARCH_ORDER_PRICE_ASCENDING: SearchOrder
SEARCH_ORDER_PRICE_DESCENDING: SearchOrder
SEARCH_ORDER_NEWEST: SearchOrder
SEARCH_ORDER_RATING: SearchOrder
SEARCH_ORDER_SERIES: SearchOrder

class SearchFacets(_message.Message):
    __slots__ = ("categories", "prices", "years", "languages", "ratings", "in_stock_count")
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    YEARS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    RATINGS_FIELD_NUMBER: _ClassVar[int]
    IN_STOCK_COUNT_FIELD_NUMBER: _ClassVar[int]
    categories: _containers.RepeatedCompositeFieldContainer[CategoryFacet]
    prices: _containers.RepeatedCompositeFieldContainer[PriceFacet]
    years: _containers.RepeatedCompositeFieldContainer[YearFacet]
    languages: _containers.RepeatedCompositeFieldContainer[LanguageFacet]
    ratings: _containers.RepeatedCompositeFieldContainer[RatingFacet]
    in_stock_count: int
    def __init__(self, categories: _Optional[_Iterable[_Union[CategoryFacet, _Mapping]]] = ..., prices: _Optional[_Iterable[_Union[PriceFacet, _Mapping]]] = ..., years: _Optional[_Iterable[_Union[YearFacet, _Mapping]]] = ..., languages: _Optional[_Iterable[_Union[LanguageFacet, _Mapping]]] = ..., ratings: _Optional[_Iterable[_Union[RatingFacet, _Mapping]]] = ..., in_stock_count: _Optional[int] = ...) -> None: ...

class CategoryFacet(_message.Message):
    __slots__ = ("category", "book_count")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    BOOK_COUNT_FIELD_NUMBER: _ClassVar[int]
    category: _book_pb2.BookCategory
    book_count: int
    def __init__(self, category: _Optional[_Union[_book_pb2.BookCategory, str]] = ..., book_count: _Optional[int] = ...) -> None: ...

class PriceFacet(_message.Message):
    __slots__ = ("min_price_minor", "max_price_minor", "book_count")
    MIN_PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    MAX_PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    BOOK_COUNT_FIELD_NUMBER: _ClassVar[int]
    min_price_minor: int
    max_price_minor: int
    book_count: int
    def __init__(self, min_price_minor: _Optional[int] = ..., max_price_minor: _Optional[int] = ..., book_count: _Optional[int] = ...) -> None: ...

class YearFacet(_message.Message):
    __slots__ = ("min_year", "max_year", "book_count")
    MIN_YEAR_FIELD_NUMBER: _ClassVar[int]
    MAX_YEAR_FIELD_NUMBER: _ClassVar[int]
    BOOK_COUNT_FIELD_NUMBER: _ClassVar[int]
    min_year: int
    max_year: int
    book_count: int
    def __init__(self, min_year: _Optional[int] = ..., max_year: _Optional[int] = ..., book_count: _Optional[int] = ...) -> None: ...

class LanguageFacet(_message.Message):
    __slots__ = ("language", "book_count")
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    BOOK_COUNT_FIELD_NUMBER: _ClassVar[int]
    language: str
    book_count: int
    def __init__(self, language: _Optional[str] = ..., book_count: _Optional[int] = ...) -> None: ...

class RatingFacet(_message.Message):
    __slots__ = ("min_rating_hundredths", "book_count")
    MIN_RATING_HUNDREDTHS_FIELD_NUMBER: _ClassVar[int]
    BOOK_COUNT_FIELD_NUMBER: _ClassVar[int]
    min_rating_hundredths: int
    book_count: int
    def __init__(self, min_rating_hundredths: _Optional[int] = ..., book_count: _Optional[int] = ...) -> None: ...
