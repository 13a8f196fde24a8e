import datetime

from bookstore.transactions.v1 import payment_method_pb2 as _payment_method_pb2
from bookstore.transactions.v1 import transaction_pb2 as _transaction_pb2
from bookstore.type.v1 import conventions_pb2 as _conventions_pb2
from bookstore.type.v1 import money_pb2 as _money_pb2
from bookstore.type.v1 import outbox_pb2 as _outbox_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from proofread.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PaymentAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAYMENT_ACTION_UNSPECIFIED: _ClassVar[PaymentAction]
    PAYMENT_ACTION_RETRY: _ClassVar[PaymentAction]
    PAYMENT_ACTION_MARK_SUCCEEDED: _ClassVar[PaymentAction]
    PAYMENT_ACTION_MARK_FAILED: _ClassVar[PaymentAction]
PAYMENT_ACTION_UNSPECIFIED: PaymentAction
PAYMENT_ACTION_RETRY: PaymentAction
PAYMENT_ACTION_MARK_SUCCEEDED: PaymentAction
PAYMENT_ACTION_MARK_FAILED: PaymentAction

class ChargeRequest(_message.Message):
    __slots__ = ("request_id", "amount", "payment_method", "reference", "account_id", "receipt_email")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_METHOD_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_EMAIL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    amount: _money_pb2.Money
    payment_method: _payment_method_pb2.PaymentMethod
    reference: str
    account_id: str
    receipt_email: str
    def __init__(self, request_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., payment_method: _Optional[_Union[_payment_method_pb2.PaymentMethod, _Mapping]] = ..., reference: _Optional[str] = ..., account_id: _Optional[str] = ..., receipt_email: _Optional[str] = ...) -> None: ...

class ChargeResponse(_message.Message):
    __slots__ = ("transaction",)
    TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    transaction: _transaction_pb2.Transaction
    def __init__(self, transaction: _Optional[_Union[_transaction_pb2.Transaction, _Mapping]] = ...) -> None: ...

class RefundRequest(_message.Message):
    __slots__ = ("request_id", "transaction_id", "amount", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    transaction_id: str
    amount: _money_pb2.Money
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., transaction_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class RefundResponse(_message.Message):
    __slots__ = ("refund", "transaction")
    REFUND_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    refund: _transaction_pb2.Refund
    transaction: _transaction_pb2.Transaction
    def __init__(self, refund: _Optional[_Union[_transaction_pb2.Refund, _Mapping]] = ..., transaction: _Optional[_Union[_transaction_pb2.Transaction, _Mapping]] = ...) -> None: ...

class GetTransactionRequest(_message.Message):
    __slots__ = ("transaction_id",)
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    def __init__(self, transaction_id: _Optional[str] = ...) -> None: ...

class GetTransactionResponse(_message.Message):
    __slots__ = ("transaction",)
    TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    transaction: _transaction_pb2.Transaction
    def __init__(self, transaction: _Optional[_Union[_transaction_pb2.Transaction, _Mapping]] = ...) -> None: ...

class ListTransactionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTransactionsResponse(_message.Message):
    __slots__ = ("transactions", "next_page_token")
    TRANSACTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    transactions: _containers.RepeatedCompositeFieldContainer[_transaction_pb2.Transaction]
    next_page_token: str
    def __init__(self, transactions: _Optional[_Iterable[_Union[_transaction_pb2.Transaction, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ResendReceiptRequest(_message.Message):
    __slots__ = ("request_id", "transaction_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    transaction_id: str
    def __init__(self, request_id: _Optional[str] = ..., transaction_id: _Optional[str] = ...) -> None: ...

class ResendReceiptResponse(_message.Message):
    __slots__ = ("receipt_email",)
    RECEIPT_EMAIL_FIELD_NUMBER: _ClassVar[int]
    receipt_email: str
    def __init__(self, receipt_email: _Optional[str] = ...) -> None: ...

class ListPaymentsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "parked_only")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PARKED_ONLY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    parked_only: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., parked_only: _Optional[bool] = ...) -> None: ...

class ListPaymentsResponse(_message.Message):
    __slots__ = ("payments", "next_page_token")
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    payments: _containers.RepeatedCompositeFieldContainer[Payment]
    next_page_token: str
    def __init__(self, payments: _Optional[_Iterable[_Union[Payment, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Payment(_message.Message):
    __slots__ = ("transaction_id", "reference", "amount", "transaction", "parked_reason", "parked_refund", "resolutions")
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    PARKED_REASON_FIELD_NUMBER: _ClassVar[int]
    PARKED_REFUND_FIELD_NUMBER: _ClassVar[int]
    RESOLUTIONS_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    reference: str
    amount: _money_pb2.Money
    transaction: _transaction_pb2.Transaction
    parked_reason: str
    parked_refund: ParkedRefund
    resolutions: _containers.RepeatedCompositeFieldContainer[PaymentResolution]
    def __init__(self, transaction_id: _Optional[str] = ..., reference: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., transaction: _Optional[_Union[_transaction_pb2.Transaction, _Mapping]] = ..., parked_reason: _Optional[str] = ..., parked_refund: _Optional[_Union[ParkedRefund, _Mapping]] = ..., resolutions: _Optional[_Iterable[_Union[PaymentResolution, _Mapping]]] = ...) -> None: ...

class ParkedRefund(_message.Message):
    __slots__ = ("refund_id", "amount", "request_time")
    REFUND_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TIME_FIELD_NUMBER: _ClassVar[int]
    refund_id: str
    amount: _money_pb2.Money
    request_time: _timestamp_pb2.Timestamp
    def __init__(self, refund_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., request_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PaymentResolution(_message.Message):
    __slots__ = ("resolution_id", "transaction_id", "refund_id", "action", "operator_name", "note", "parked_reason", "create_time")
    RESOLUTION_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    REFUND_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_NAME_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    PARKED_REASON_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    resolution_id: str
    transaction_id: str
    refund_id: str
    action: PaymentAction
    operator_name: str
    note: str
    parked_reason: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, resolution_id: _Optional[str] = ..., transaction_id: _Optional[str] = ..., refund_id: _Optional[str] = ..., action: _Optional[_Union[PaymentAction, str]] = ..., operator_name: _Optional[str] = ..., note: _Optional[str] = ..., parked_reason: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetPaymentRequest(_message.Message):
    __slots__ = ("transaction_id",)
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    def __init__(self, transaction_id: _Optional[str] = ...) -> None: ...

class GetPaymentResponse(_message.Message):
    __slots__ = ("payment",)
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    payment: Payment
    def __init__(self, payment: _Optional[_Union[Payment, _Mapping]] = ...) -> None: ...

class ResolveParkedPaymentRequest(_message.Message):
    __slots__ = ("request_id", "transaction_id", "refund_id", "action", "provider_charge_id", "fee_minor", "operator_name", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    REFUND_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_CHARGE_ID_FIELD_NUMBER: _ClassVar[int]
    FEE_MINOR_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_NAME_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    transaction_id: str
    refund_id: str
    action: PaymentAction
    provider_charge_id: str
    fee_minor: int
    operator_name: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., transaction_id: _Optional[str] = ..., refund_id: _Optional[str] = ..., action: _Optional[_Union[PaymentAction, str]] = ..., provider_charge_id: _Optional[str] = ..., fee_minor: _Optional[int] = ..., operator_name: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class ResolveParkedPaymentResponse(_message.Message):
    __slots__ = ("resolution",)
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    resolution: PaymentResolution
    def __init__(self, resolution: _Optional[_Union[PaymentResolution, _Mapping]] = ...) -> None: ...

class GetLedgerRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetLedgerResponse(_message.Message):
    __slots__ = ("balances", "unbalanced_postings")
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    UNBALANCED_POSTINGS_FIELD_NUMBER: _ClassVar[int]
    balances: _containers.RepeatedCompositeFieldContainer[LedgerBalance]
    unbalanced_postings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, balances: _Optional[_Iterable[_Union[LedgerBalance, _Mapping]]] = ..., unbalanced_postings: _Optional[_Iterable[str]] = ...) -> None: ...

class LedgerBalance(_message.Message):
    __slots__ = ("currency_code", "sum_minor", "provider_balance_minor")
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    SUM_MINOR_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_BALANCE_MINOR_FIELD_NUMBER: _ClassVar[int]
    currency_code: str
    sum_minor: int
    provider_balance_minor: int
    def __init__(self, currency_code: _Optional[str] = ..., sum_minor: _Optional[int] = ..., provider_balance_minor: _Optional[int] = ...) -> None: ...

class ListOutboxMessagesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "dead_only")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    DEAD_ONLY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    dead_only: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., dead_only: _Optional[bool] = ...) -> None: ...

class ListOutboxMessagesResponse(_message.Message):
    __slots__ = ("messages", "next_page_token")
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[_outbox_pb2.OutboxMessage]
    next_page_token: str
    def __init__(self, messages: _Optional[_Iterable[_Union[_outbox_pb2.OutboxMessage, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RetryOutboxMessageRequest(_message.Message):
    __slots__ = ("message_id",)
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    message_id: int
    def __init__(self, message_id: _Optional[int] = ...) -> None: ...

class RetryOutboxMessageResponse(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: _outbox_pb2.OutboxMessage
    def __init__(self, message: _Optional[_Union[_outbox_pb2.OutboxMessage, _Mapping]] = ...) -> None: ...

class ExportAccountDataRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ExportAccountDataResponse(_message.Message):
    __slots__ = ("payments", "next_page_token")
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    payments: _containers.RepeatedCompositeFieldContainer[AccountPayment]
    next_page_token: str
    def __init__(self, payments: _Optional[_Iterable[_Union[AccountPayment, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class AccountPayment(_message.Message):
    __slots__ = ("transaction_id", "reference", "amount", "request_time", "receipt_email", "transaction", "receipt_resend_times")
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_EMAIL_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_RESEND_TIMES_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    reference: str
    amount: _money_pb2.Money
    request_time: _timestamp_pb2.Timestamp
    receipt_email: str
    transaction: _transaction_pb2.Transaction
    receipt_resend_times: _containers.RepeatedCompositeFieldContainer[_timestamp_pb2.Timestamp]
    def __init__(self, transaction_id: _Optional[str] = ..., reference: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., request_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receipt_email: _Optional[str] = ..., transaction: _Optional[_Union[_transaction_pb2.Transaction, _Mapping]] = ..., receipt_resend_times: _Optional[_Iterable[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]]] = ...) -> None: ...
