import datetime

from bookstore.accounts.v1 import address_pb2 as _address_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from proofread.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Account(_message.Message):
    __slots__ = ("account_id", "email", "profile", "create_time")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    email: str
    profile: AccountProfile
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, account_id: _Optional[str] = ..., email: _Optional[str] = ..., profile: _Optional[_Union[AccountProfile, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AccountProfile(_message.Message):
    __slots__ = ("display_name", "default_shipping_address")
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    display_name: str
    default_shipping_address: _address_pb2.Address
    def __init__(self, display_name: _Optional[str] = ..., default_shipping_address: _Optional[_Union[_address_pb2.Address, _Mapping]] = ...) -> None: ...
