from bookstore.inventory.v1 import book_pb2 as _book_pb2
from bookstore.type.v1 import conventions_pb2 as _conventions_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from proofread.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecommendRequest(_message.Message):
    __slots__ = ("user_id", "category", "max_results")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    MAX_RESULTS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    category: _book_pb2.BookCategory
    max_results: int
    def __init__(self, user_id: _Optional[str] = ..., category: _Optional[_Union[_book_pb2.BookCategory, str]] = ..., max_results: _Optional[int] = ...) -> None: ...

class RecommendResponse(_message.Message):
    __slots__ = ("recommendations",)
    RECOMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    recommendations: _containers.RepeatedCompositeFieldContainer[BookRecommendation]
    def __init__(self, recommendations: _Optional[_Iterable[_Union[BookRecommendation, _Mapping]]] = ...) -> None: ...

class ListAlsoBoughtRequest(_message.Message):
    __slots__ = ("book_id", "max_results")
    BOOK_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_RESULTS_FIELD_NUMBER: _ClassVar[int]
    book_id: int
    max_results: int
    def __init__(self, book_id: _Optional[int] = ..., max_results: _Optional[int] = ...) -> None: ...

class ListAlsoBoughtResponse(_message.Message):
    __slots__ = ("recommendations",)
    RECOMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    recommendations: _containers.RepeatedCompositeFieldContainer[BookRecommendation]
    def __init__(self, recommendations: _Optional[_Iterable[_Union[BookRecommendation, _Mapping]]] = ...) -> None: ...

class BookRecommendation(_message.Message):
    __slots__ = ("book_id", "title")
    BOOK_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    book_id: int
    title: str
    def __init__(self, book_id: _Optional[int] = ..., title: _Optional[str] = ...) -> None: ...
