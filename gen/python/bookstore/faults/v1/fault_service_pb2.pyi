import datetime

from bookstore.faults.v1 import fault_pb2 as _fault_pb2
from bookstore.type.v1 import conventions_pb2 as _conventions_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from proofread.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SetFaultRequest(_message.Message):
    __slots__ = ("fault", "lifetime")
    FAULT_FIELD_NUMBER: _ClassVar[int]
    LIFETIME_FIELD_NUMBER: _ClassVar[int]
    fault: _fault_pb2.Fault
    lifetime: _duration_pb2.Duration
    def __init__(self, fault: _Optional[_Union[_fault_pb2.Fault, _Mapping]] = ..., lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SetFaultResponse(_message.Message):
    __slots__ = ("fault",)
    FAULT_FIELD_NUMBER: _ClassVar[int]
    fault: _fault_pb2.ActiveFault
    def __init__(self, fault: _Optional[_Union[_fault_pb2.ActiveFault, _Mapping]] = ...) -> None: ...

class ListFaultsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListFaultsResponse(_message.Message):
    __slots__ = ("allowed", "faults")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    faults: _containers.RepeatedCompositeFieldContainer[_fault_pb2.ActiveFault]
    def __init__(self, allowed: _Optional[bool] = ..., faults: _Optional[_Iterable[_Union[_fault_pb2.ActiveFault, _Mapping]]] = ...) -> None: ...

class RemoveFaultRequest(_message.Message):
    __slots__ = ("service", "method")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    service: str
    method: str
    def __init__(self, service: _Optional[str] = ..., method: _Optional[str] = ...) -> None: ...

class RemoveFaultResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
