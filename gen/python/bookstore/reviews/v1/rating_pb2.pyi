from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Rating(_message.Message):
    __slots__ = ("book_id", "review_count", "average_hundredths", "star_counts")
    BOOK_ID_FIELD_NUMBER: _ClassVar[int]
    REVIEW_COUNT_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_HUNDREDTHS_FIELD_NUMBER: _ClassVar[int]
    STAR_COUNTS_FIELD_NUMBER: _ClassVar[int]
    book_id: int
    review_count: int
    average_hundredths: int
    star_counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, book_id: _Optional[int] = ..., review_count: _Optional[int] = ..., average_hundredths: _Optional[int] = ..., star_counts: _Optional[_Iterable[int]] = ...) -> None: ...

class ReaderRating(_message.Message):
    __slots__ = ("account_id", "book_id", "stars")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BOOK_ID_FIELD_NUMBER: _ClassVar[int]
    STARS_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    book_id: int
    stars: int
    def __init__(self, account_id: _Optional[str] = ..., book_id: _Optional[int] = ..., stars: _Optional[int] = ...) -> None: ...
