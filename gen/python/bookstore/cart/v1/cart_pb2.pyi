from bookstore.type.v1 import money_pb2 as _money_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Cart(_message.Message):
    __slots__ = ("cart_id", "lines", "subtotals", "etag")
    CART_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    SUBTOTALS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    cart_id: str
    lines: _containers.RepeatedCompositeFieldContainer[CartLine]
    subtotals: _containers.RepeatedCompositeFieldContainer[_money_pb2.Money]
    etag: str
    def __init__(self, cart_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[CartLine, _Mapping]]] = ..., subtotals: _Optional[_Iterable[_Union[_money_pb2.Money, _Mapping]]] = ..., etag: _Optional[str] = ...) -> None: ...

class CartLine(_message.Message):
    __slots__ = ("book_id", "title", "quantity", "unit_price", "available")
    BOOK_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    book_id: int
    title: str
    quantity: int
    unit_price: _money_pb2.Money
    available: int
    def __init__(self, book_id: _Optional[int] = ..., title: _Optional[str] = ..., quantity: _Optional[int] = ..., unit_price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., available: _Optional[int] = ...) -> None: ...

class CartItem(_message.Message):
    __slots__ = ("book_id", "quantity")
    BOOK_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    book_id: int
    quantity: int
    def __init__(self, book_id: _Optional[int] = ..., quantity: _Optional[int] = ...) -> None: ...
