import datetime

from bookstore.cart.v1 import order_pb2 as _order_pb2
from bookstore.transactions.v1 import transaction_pb2 as _transaction_pb2
from bookstore.type.v1 import money_pb2 as _money_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OrderEventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_EVENT_TYPE_UNSPECIFIED: _ClassVar[OrderEventType]
    ORDER_EVENT_TYPE_PLACED: _ClassVar[OrderEventType]
    ORDER_EVENT_TYPE_PAID: _ClassVar[OrderEventType]
    ORDER_EVENT_TYPE_SHIPPED: _ClassVar[OrderEventType]
    ORDER_EVENT_TYPE_CANCELLED: _ClassVar[OrderEventType]
    ORDER_EVENT_TYPE_FAILED: _ClassVar[OrderEventType]
    ORDER_EVENT_TYPE_REFUNDED: _ClassVar[OrderEventType]
ORDER_EVENT_TYPE_UNSPECIFIED: OrderEventType
ORDER_EVENT_TYPE_PLACED: OrderEventType
ORDER_EVENT_TYPE_PAID: OrderEventType
ORDER_EVENT_TYPE_SHIPPED: OrderEventType
ORDER_EVENT_TYPE_CANCELLED: OrderEventType
ORDER_EVENT_TYPE_FAILED: OrderEventType
ORDER_EVENT_TYPE_REFUNDED: OrderEventType

class OrderEvent(_message.Message):
    __slots__ = ("event_id", "event_type", "event_time", "order_id", "account_id", "lines", "total", "state", "failure", "decline_reason", "transaction_id", "refunded_amount", "order_create_time")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    DECLINE_REASON_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    ORDER_CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    event_type: OrderEventType
    event_time: _timestamp_pb2.Timestamp
    order_id: str
    account_id: str
    lines: _containers.RepeatedCompositeFieldContainer[_order_pb2.OrderLine]
    total: _money_pb2.Money
    state: _order_pb2.OrderState
    failure: _order_pb2.OrderFailure
    decline_reason: _transaction_pb2.DeclineReason
    transaction_id: str
    refunded_amount: _money_pb2.Money
    order_create_time: _timestamp_pb2.Timestamp
    def __init__(self, event_id: _Optional[str] = ..., event_type: _Optional[_Union[OrderEventType, str]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., order_id: _Optional[str] = ..., account_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[_order_pb2.OrderLine, _Mapping]]] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., state: _Optional[_Union[_order_pb2.OrderState, str]] = ..., failure: _Optional[_Union[_order_pb2.OrderFailure, str]] = ..., decline_reason: _Optional[_Union[_transaction_pb2.DeclineReason, str]] = ..., transaction_id: _Optional[str] = ..., refunded_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., order_create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
