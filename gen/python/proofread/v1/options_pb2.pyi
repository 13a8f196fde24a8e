from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Code(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CODE_UNSPECIFIED: _ClassVar[Code]
    CODE_CANCELLED: _ClassVar[Code]
    CODE_UNKNOWN: _ClassVar[Code]
    CODE_INVALID_ARGUMENT: _ClassVar[Code]
    CODE_DEADLINE_EXCEEDED: _ClassVar[Code]
    CODE_NOT_FOUND: _ClassVar[Code]
    CODE_ALREADY_EXISTS: _ClassVar[Code]
    CODE_PERMISSION_DENIED: _ClassVar[Code]
    CODE_RESOURCE_EXHAUSTED: _ClassVar[Code]
    CODE_FAILED_PRECONDITION: _ClassVar[Code]
    CODE_ABORTED: _ClassVar[Code]
    CODE_OUT_OF_RANGE: _ClassVar[Code]
    CODE_UNIMPLEMENTED: _ClassVar[Code]
    CODE_INTERNAL: _ClassVar[Code]
    CODE_UNAVAILABLE: _ClassVar[Code]
    CODE_DATA_LOSS: _ClassVar[Code]
    CODE_UNAUTHENTICATED: _ClassVar[Code]
CODE_UNSPECIFIED: Code
CODE_CANCELLED: Code
CODE_UNKNOWN: Code
CODE_INVALID_ARGUMENT: Code
CODE_DEADLINE_EXCEEDED: Code
CODE_NOT_FOUND: Code
CODE_ALREADY_EXISTS: Code
CODE_PERMISSION_DENIED: Code
CODE_RESOURCE_EXHAUSTED: Code
CODE_FAILED_PRECONDITION: Code
CODE_ABORTED: Code
CODE_OUT_OF_RANGE: Code
CODE_UNIMPLEMENTED: Code
CODE_INTERNAL: Code
CODE_UNAVAILABLE: Code
CODE_DATA_LOSS: Code
CODE_UNAUTHENTICATED: Code
CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
credentials: _descriptor.FieldDescriptor
UNSET_FIELD_NUMBER: _ClassVar[int]
unset: _descriptor.FieldDescriptor
ERROR_SET_FIELD_NUMBER: _ClassVar[int]
error_set: _descriptor.FieldDescriptor
ERRORS_FIELD_NUMBER: _ClassVar[int]
errors: _descriptor.FieldDescriptor
PAGING_FIELD_NUMBER: _ClassVar[int]
paging: _descriptor.FieldDescriptor
ACCESS_FIELD_NUMBER: _ClassVar[int]
access: _descriptor.FieldDescriptor
IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
idempotency_key: _descriptor.FieldDescriptor
NONDETERMINISTIC_FIELD_NUMBER: _ClassVar[int]
nondeterministic: _descriptor.FieldDescriptor
COMMON_ERRORS_FIELD_NUMBER: _ClassVar[int]
common_errors: _descriptor.FieldDescriptor

class DeclaredError(_message.Message):
    __slots__ = ("code", "reason", "when")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    code: Code
    reason: str
    when: str
    def __init__(self, code: _Optional[_Union[Code, str]] = ..., reason: _Optional[str] = ..., when: _Optional[str] = ...) -> None: ...

class Paging(_message.Message):
    __slots__ = ("size_field", "token_field", "items_field", "next_token_field")
    SIZE_FIELD_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_FIELD_NUMBER: _ClassVar[int]
    NEXT_TOKEN_FIELD_FIELD_NUMBER: _ClassVar[int]
    size_field: str
    token_field: str
    items_field: str
    next_token_field: str
    def __init__(self, size_field: _Optional[str] = ..., token_field: _Optional[str] = ..., items_field: _Optional[str] = ..., next_token_field: _Optional[str] = ...) -> None: ...

class Access(_message.Message):
    __slots__ = ("credential", "services", "if_set", "if_unset")
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    SERVICES_FIELD_NUMBER: _ClassVar[int]
    IF_SET_FIELD_NUMBER: _ClassVar[int]
    IF_UNSET_FIELD_NUMBER: _ClassVar[int]
    credential: str
    services: _containers.RepeatedScalarFieldContainer[str]
    if_set: str
    if_unset: str
    def __init__(self, credential: _Optional[str] = ..., services: _Optional[_Iterable[str]] = ..., if_set: _Optional[str] = ..., if_unset: _Optional[str] = ...) -> None: ...

class Credential(_message.Message):
    __slots__ = ("name", "metadata_key", "errors")
    NAME_FIELD_NUMBER: _ClassVar[int]
    METADATA_KEY_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    name: str
    metadata_key: str
    errors: _containers.RepeatedCompositeFieldContainer[DeclaredError]
    def __init__(self, name: _Optional[str] = ..., metadata_key: _Optional[str] = ..., errors: _Optional[_Iterable[_Union[DeclaredError, _Mapping]]] = ...) -> None: ...
