from bookstore.type.v1 import money_pb2 as _money_pb2
from buf.validate import validate_pb2 as _validate_pb2
from proofread.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BookCategory(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOOK_CATEGORY_UNSPECIFIED: _ClassVar[BookCategory]
    BOOK_CATEGORY_MYSTERY: _ClassVar[BookCategory]
    BOOK_CATEGORY_SCIENCE_FICTION: _ClassVar[BookCategory]
    BOOK_CATEGORY_SELF_HELP: _ClassVar[BookCategory]
    BOOK_CATEGORY_FANTASY: _ClassVar[BookCategory]
    BOOK_CATEGORY_CLASSICS: _ClassVar[BookCategory]
    BOOK_CATEGORY_ROMANCE: _ClassVar[BookCategory]
    BOOK_CATEGORY_THRILLER: _ClassVar[BookCategory]
    BOOK_CATEGORY_HORROR: _ClassVar[BookCategory]
    BOOK_CATEGORY_HISTORICAL_FICTION: _ClassVar[BookCategory]
    BOOK_CATEGORY_BIOGRAPHY: _ClassVar[BookCategory]
    BOOK_CATEGORY_HISTORY: _ClassVar[BookCategory]
    BOOK_CATEGORY_SCIENCE: _ClassVar[BookCategory]
    BOOK_CATEGORY_PHILOSOPHY: _ClassVar[BookCategory]
    BOOK_CATEGORY_POETRY: _ClassVar[BookCategory]
    BOOK_CATEGORY_CHILDREN: _ClassVar[BookCategory]
    BOOK_CATEGORY_BUSINESS: _ClassVar[BookCategory]
    BOOK_CATEGORY_GENERAL: _ClassVar[BookCategory]
BOOK_CATEGORY_UNSPECIFIED: BookCategory
BOOK_CATEGORY_MYSTERY: BookCategory
BOOK_CATEGORY_SCIENCE_FICTION: BookCategory
BOOK_CATEGORY_SELF_HELP: BookCategory
BOOK_CATEGORY_FANTASY: BookCategory
BOOK_CATEGORY_CLASSICS: BookCategory
BOOK_CATEGORY_ROMANCE: BookCategory
BOOK_CATEGORY_THRILLER: BookCategory
BOOK_CATEGORY_HORROR: BookCategory
BOOK_CATEGORY_HISTORICAL_FICTION: BookCategory
BOOK_CATEGORY_BIOGRAPHY: BookCategory
BOOK_CATEGORY_HISTORY: BookCategory
BOOK_CATEGORY_SCIENCE: BookCategory
BOOK_CATEGORY_PHILOSOPHY: BookCategory
BOOK_CATEGORY_POETRY: BookCategory
BOOK_CATEGORY_CHILDREN: BookCategory
BOOK_CATEGORY_BUSINESS: BookCategory
BOOK_CATEGORY_GENERAL: BookCategory

class Book(_message.Message):
    __slots__ = ("book_id", "title", "authors", "publication_year", "category", "price", "isbn", "original_title", "language", "rating_hundredths", "rating_count", "description", "publisher", "page_count", "series", "series_number", "image_url")
    BOOK_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    AUTHORS_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_YEAR_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    ISBN_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_TITLE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    RATING_HUNDREDTHS_FIELD_NUMBER: _ClassVar[int]
    RATING_COUNT_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PUBLISHER_FIELD_NUMBER: _ClassVar[int]
    PAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    SERIES_NUMBER_FIELD_NUMBER: _ClassVar[int]
    IMAGE_URL_FIELD_NUMBER: _ClassVar[int]
    book_id: int
    title: str
    authors: _containers.RepeatedScalarFieldContainer[str]
    publication_year: int
    category: BookCategory
    price: _money_pb2.Money
    isbn: str
    original_title: str
    language: str
    rating_hundredths: int
    rating_count: int
    description: str
    publisher: str
    page_count: int
    series: str
    series_number: str
    image_url: str
    def __init__(self, book_id: _Optional[int] = ..., title: _Optional[str] = ..., authors: _Optional[_Iterable[str]] = ..., publication_year: _Optional[int] = ..., category: _Optional[_Union[BookCategory, str]] = ..., price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., isbn: _Optional[str] = ..., original_title: _Optional[str] = ..., language: _Optional[str] = ..., rating_hundredths: _Optional[int] = ..., rating_count: _Optional[int] = ..., description: _Optional[str] = ..., publisher: _Optional[str] = ..., page_count: _Optional[int] = ..., series: _Optional[str] = ..., series_number: _Optional[str] = ..., image_url: _Optional[str] = ...) -> None: ...
