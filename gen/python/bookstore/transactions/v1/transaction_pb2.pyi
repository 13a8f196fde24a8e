import datetime

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

class TransactionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSACTION_STATE_UNSPECIFIED: _ClassVar[TransactionState]
    TRANSACTION_STATE_CHARGED: _ClassVar[TransactionState]
    TRANSACTION_STATE_DECLINED: _ClassVar[TransactionState]
    TRANSACTION_STATE_PARTLY_REFUNDED: _ClassVar[TransactionState]
    TRANSACTION_STATE_REFUNDED: _ClassVar[TransactionState]

class DeclineReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECLINE_REASON_UNSPECIFIED: _ClassVar[DeclineReason]
    DECLINE_REASON_REFUSED: _ClassVar[DeclineReason]
    DECLINE_REASON_INSUFFICIENT_FUNDS: _ClassVar[DeclineReason]
    DECLINE_REASON_METHOD_EXPIRED: _ClassVar[DeclineReason]
    DECLINE_REASON_METHOD_UNKNOWN: _ClassVar[DeclineReason]
TRANSACTION_STATE_UNSPECIFIED: TransactionState
TRANSACTION_STATE_CHARGED: TransactionState
TRANSACTION_STATE_DECLINED: TransactionState
TRANSACTION_STATE_PARTLY_REFUNDED: TransactionState
TRANSACTION_STATE_REFUNDED: TransactionState
DECLINE_REASON_UNSPECIFIED: DeclineReason
DECLINE_REASON_REFUSED: DeclineReason
DECLINE_REASON_INSUFFICIENT_FUNDS: DeclineReason
DECLINE_REASON_METHOD_EXPIRED: DeclineReason
DECLINE_REASON_METHOD_UNKNOWN: DeclineReason

class Transaction(_message.Message):
    __slots__ = ("transaction_id", "account_id", "reference", "amount", "state", "decline_reason", "method_label", "receipt_email", "refunds", "refunded_amount", "create_time")
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DECLINE_REASON_FIELD_NUMBER: _ClassVar[int]
    METHOD_LABEL_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_EMAIL_FIELD_NUMBER: _ClassVar[int]
    REFUNDS_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    account_id: str
    reference: str
    amount: _money_pb2.Money
    state: TransactionState
    decline_reason: DeclineReason
    method_label: str
    receipt_email: str
    refunds: _containers.RepeatedCompositeFieldContainer[Refund]
    refunded_amount: _money_pb2.Money
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, transaction_id: _Optional[str] = ..., account_id: _Optional[str] = ..., reference: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., state: _Optional[_Union[TransactionState, str]] = ..., decline_reason: _Optional[_Union[DeclineReason, str]] = ..., method_label: _Optional[str] = ..., receipt_email: _Optional[str] = ..., refunds: _Optional[_Iterable[_Union[Refund, _Mapping]]] = ..., refunded_amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Refund(_message.Message):
    __slots__ = ("refund_id", "amount", "reason", "create_time")
    REFUND_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    refund_id: str
    amount: _money_pb2.Money
    reason: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, refund_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., reason: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
