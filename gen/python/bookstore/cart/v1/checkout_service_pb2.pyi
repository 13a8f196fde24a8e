from bookstore.accounts.v1 import address_pb2 as _address_pb2
from bookstore.cart.v1 import cart_pb2 as _cart_pb2
from bookstore.cart.v1 import order_pb2 as _order_pb2
from bookstore.cart.v1 import purchase_pb2 as _purchase_pb2
from bookstore.transactions.v1 import payment_method_pb2 as _payment_method_pb2
from bookstore.type.v1 import conventions_pb2 as _conventions_pb2
from bookstore.type.v1 import outbox_pb2 as _outbox_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from proofread.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PlaceOrderRequest(_message.Message):
    __slots__ = ("request_id", "cart_etag", "shipping_address", "payment_method")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CART_ETAG_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_METHOD_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    cart_etag: str
    shipping_address: _address_pb2.Address
    payment_method: _payment_method_pb2.PaymentMethod
    def __init__(self, request_id: _Optional[str] = ..., cart_etag: _Optional[str] = ..., shipping_address: _Optional[_Union[_address_pb2.Address, _Mapping]] = ..., payment_method: _Optional[_Union[_payment_method_pb2.PaymentMethod, _Mapping]] = ...) -> None: ...

class PlaceOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: _order_pb2.Order
    def __init__(self, order: _Optional[_Union[_order_pb2.Order, _Mapping]] = ...) -> None: ...

class GetOrderRequest(_message.Message):
    __slots__ = ("order_id",)
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    def __init__(self, order_id: _Optional[str] = ...) -> None: ...

class GetOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: _order_pb2.Order
    def __init__(self, order: _Optional[_Union[_order_pb2.Order, _Mapping]] = ...) -> None: ...

class ListOrdersRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_page_token")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[_order_pb2.Order]
    next_page_token: str
    def __init__(self, orders: _Optional[_Iterable[_Union[_order_pb2.Order, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchOrderRequest(_message.Message):
    __slots__ = ("order_id",)
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    def __init__(self, order_id: _Optional[str] = ...) -> None: ...

class WatchOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: _order_pb2.Order
    def __init__(self, order: _Optional[_Union[_order_pb2.Order, _Mapping]] = ...) -> None: ...

class CancelOrderRequest(_message.Message):
    __slots__ = ("order_id",)
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    def __init__(self, order_id: _Optional[str] = ...) -> None: ...

class CancelOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: _order_pb2.Order
    def __init__(self, order: _Optional[_Union[_order_pb2.Order, _Mapping]] = ...) -> None: ...

class ShipOrderRequest(_message.Message):
    __slots__ = ("order_id", "tracking_number")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    tracking_number: str
    def __init__(self, order_id: _Optional[str] = ..., tracking_number: _Optional[str] = ...) -> None: ...

class ShipOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: _order_pb2.Order
    def __init__(self, order: _Optional[_Union[_order_pb2.Order, _Mapping]] = ...) -> None: ...

class ListAllOrdersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "state", "parked_only")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PARKED_ONLY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    state: _order_pb2.OrderState
    parked_only: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., state: _Optional[_Union[_order_pb2.OrderState, str]] = ..., parked_only: _Optional[bool] = ...) -> None: ...

class ListAllOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_page_token")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[OperatorOrder]
    next_page_token: str
    def __init__(self, orders: _Optional[_Iterable[_Union[OperatorOrder, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class OperatorOrder(_message.Message):
    __slots__ = ("order", "parked_reason", "resolutions")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    PARKED_REASON_FIELD_NUMBER: _ClassVar[int]
    RESOLUTIONS_FIELD_NUMBER: _ClassVar[int]
    order: _order_pb2.Order
    parked_reason: str
    resolutions: _containers.RepeatedCompositeFieldContainer[_order_pb2.OrderResolution]
    def __init__(self, order: _Optional[_Union[_order_pb2.Order, _Mapping]] = ..., parked_reason: _Optional[str] = ..., resolutions: _Optional[_Iterable[_Union[_order_pb2.OrderResolution, _Mapping]]] = ...) -> None: ...

class GetOperatorOrderRequest(_message.Message):
    __slots__ = ("order_id",)
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    def __init__(self, order_id: _Optional[str] = ...) -> None: ...

class GetOperatorOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: OperatorOrder
    def __init__(self, order: _Optional[_Union[OperatorOrder, _Mapping]] = ...) -> None: ...

class ResolveParkedOrderRequest(_message.Message):
    __slots__ = ("request_id", "order_id", "action", "transaction_id", "operator_name", "note")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_NAME_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order_id: str
    action: _order_pb2.ResolutionAction
    transaction_id: str
    operator_name: str
    note: str
    def __init__(self, request_id: _Optional[str] = ..., order_id: _Optional[str] = ..., action: _Optional[_Union[_order_pb2.ResolutionAction, str]] = ..., transaction_id: _Optional[str] = ..., operator_name: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class ResolveParkedOrderResponse(_message.Message):
    __slots__ = ("resolution",)
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    resolution: _order_pb2.OrderResolution
    def __init__(self, resolution: _Optional[_Union[_order_pb2.OrderResolution, _Mapping]] = ...) -> None: ...

class CheckPurchasesRequest(_message.Message):
    __slots__ = ("account_id", "book_ids")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BOOK_IDS_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    book_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, account_id: _Optional[str] = ..., book_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class CheckPurchasesResponse(_message.Message):
    __slots__ = ("bought_book_ids",)
    BOUGHT_BOOK_IDS_FIELD_NUMBER: _ClassVar[int]
    bought_book_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, bought_book_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class ExportAccountDataRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ExportAccountDataResponse(_message.Message):
    __slots__ = ("cart_items", "orders", "next_page_token")
    CART_ITEMS_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    cart_items: _containers.RepeatedCompositeFieldContainer[_cart_pb2.CartItem]
    orders: _containers.RepeatedCompositeFieldContainer[_order_pb2.Order]
    next_page_token: str
    def __init__(self, cart_items: _Optional[_Iterable[_Union[_cart_pb2.CartItem, _Mapping]]] = ..., orders: _Optional[_Iterable[_Union[_order_pb2.Order, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteAccountDataRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeleteAccountDataResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

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

class ListPurchasesRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    page_size: int
    page_token: str
    def __init__(self, account_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPurchasesResponse(_message.Message):
    __slots__ = ("purchases", "next_page_token")
    PURCHASES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    purchases: _containers.RepeatedCompositeFieldContainer[_purchase_pb2.Purchase]
    next_page_token: str
    def __init__(self, purchases: _Optional[_Iterable[_Union[_purchase_pb2.Purchase, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
