import datetime

from bookstore.accounts.v1 import address_pb2 as _address_pb2
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

class OrderState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_STATE_UNSPECIFIED: _ClassVar[OrderState]
    ORDER_STATE_PLACED: _ClassVar[OrderState]
    ORDER_STATE_PAID: _ClassVar[OrderState]
    ORDER_STATE_SHIPPED: _ClassVar[OrderState]
    ORDER_STATE_CANCELLED: _ClassVar[OrderState]
    ORDER_STATE_FAILED: _ClassVar[OrderState]

class OrderFailure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_FAILURE_UNSPECIFIED: _ClassVar[OrderFailure]
    ORDER_FAILURE_PAYMENT_DECLINED: _ClassVar[OrderFailure]
    ORDER_FAILURE_PAYMENT_UNANSWERED: _ClassVar[OrderFailure]
    ORDER_FAILURE_RESERVATION_LOST: _ClassVar[OrderFailure]

class ResolutionAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESOLUTION_ACTION_UNSPECIFIED: _ClassVar[ResolutionAction]
    RESOLUTION_ACTION_RETRY: _ClassVar[ResolutionAction]
    RESOLUTION_ACTION_CANCEL: _ClassVar[ResolutionAction]
    RESOLUTION_ACTION_MARK_PAID: _ClassVar[ResolutionAction]
    RESOLUTION_ACTION_MARK_NOT_PAID: _ClassVar[ResolutionAction]
ORDER_STATE_UNSPECIFIED: OrderState
ORDER_STATE_PLACED: OrderState
ORDER_STATE_PAID: OrderState
ORDER_STATE_SHIPPED: OrderState
ORDER_STATE_CANCELLED: OrderState
ORDER_STATE_FAILED: OrderState
ORDER_FAILURE_UNSPECIFIED: OrderFailure
ORDER_FAILURE_PAYMENT_DECLINED: OrderFailure
ORDER_FAILURE_PAYMENT_UNANSWERED: OrderFailure
ORDER_FAILURE_RESERVATION_LOST: OrderFailure
RESOLUTION_ACTION_UNSPECIFIED: ResolutionAction
RESOLUTION_ACTION_RETRY: ResolutionAction
RESOLUTION_ACTION_CANCEL: ResolutionAction
RESOLUTION_ACTION_MARK_PAID: ResolutionAction
RESOLUTION_ACTION_MARK_NOT_PAID: ResolutionAction

class Order(_message.Message):
    __slots__ = ("order_id", "account_id", "lines", "total", "shipping_address", "state", "failure", "decline_reason", "reservation_id", "transaction_id", "refunded_amount", "create_time", "update_time", "tracking_number")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    DECLINE_REASON_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    account_id: str
    lines: _containers.RepeatedCompositeFieldContainer[OrderLine]
    total: _money_pb2.Money
    shipping_address: _address_pb2.Address
    state: OrderState
    failure: OrderFailure
    decline_reason: _transaction_pb2.DeclineReason
    reservation_id: str
    transaction_id: str
    refunded_amount: _money_pb2.Money
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    tracking_number: str
    def __init__(self, order_id: _Optional[str] = ..., account_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[OrderLine, _Mapping]]] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., shipping_address: _Optional[_Union[_address_pb2.Address, _Mapping]] = ..., state: _Optional[_Union[OrderState, str]] = ..., failure: _Optional[_Union[OrderFailure, str]] = ..., decline_reason: _Optional[_Union[_transaction_pb2.DeclineReason, str]] = ..., reservation_id: _Optional[str] = ..., transaction_id: _Optional[str] = ..., refunded_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tracking_number: _Optional[str] = ...) -> None: ...

class OrderLine(_message.Message):
    __slots__ = ("book_id", "title", "quantity", "unit_price")
    BOOK_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    book_id: int
    title: str
    quantity: int
    unit_price: _money_pb2.Money
    def __init__(self, book_id: _Optional[int] = ..., title: _Optional[str] = ..., quantity: _Optional[int] = ..., unit_price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class OrderResolution(_message.Message):
    __slots__ = ("resolution_id", "order_id", "action", "transaction_id", "operator_name", "note", "parked_reason", "create_time")
    RESOLUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_NAME_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    PARKED_REASON_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    resolution_id: str
    order_id: str
    action: ResolutionAction
    transaction_id: str
    operator_name: str
    note: str
    parked_reason: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, resolution_id: _Optional[str] = ..., order_id: _Optional[str] = ..., action: _Optional[_Union[ResolutionAction, str]] = ..., transaction_id: _Optional[str] = ..., operator_name: _Optional[str] = ..., note: _Optional[str] = ..., parked_reason: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
