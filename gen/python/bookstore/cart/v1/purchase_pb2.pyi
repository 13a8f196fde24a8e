from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Purchase(_message.Message):
    __slots__ = ("order_id", "account_id", "book_ids", "paid")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BOOK_IDS_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    account_id: str
    book_ids: _containers.RepeatedScalarFieldContainer[int]
    paid: bool
    def __init__(self, order_id: _Optional[str] = ..., account_id: _Optional[str] = ..., book_ids: _Optional[_Iterable[int]] = ..., paid: _Optional[bool] = ...) -> None: ...
