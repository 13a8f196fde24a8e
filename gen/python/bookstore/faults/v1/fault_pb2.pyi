import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from proofread.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Fault(_message.Message):
    __slots__ = ("service", "method", "percent", "max_calls", "latency", "error", "hang_up", "black_hole")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    HANG_UP_FIELD_NUMBER: _ClassVar[int]
    BLACK_HOLE_FIELD_NUMBER: _ClassVar[int]
    service: str
    method: str
    percent: int
    max_calls: int
    latency: LatencyEffect
    error: ErrorEffect
    hang_up: HangUpEffect
    black_hole: BlackHoleEffect
    def __init__(self, service: _Optional[str] = ..., method: _Optional[str] = ..., percent: _Optional[int] = ..., max_calls: _Optional[int] = ..., latency: _Optional[_Union[LatencyEffect, _Mapping]] = ..., error: _Optional[_Union[ErrorEffect, _Mapping]] = ..., hang_up: _Optional[_Union[HangUpEffect, _Mapping]] = ..., black_hole: _Optional[_Union[BlackHoleEffect, _Mapping]] = ...) -> None: ...

class LatencyEffect(_message.Message):
    __slots__ = ("delay", "jitter")
    DELAY_FIELD_NUMBER: _ClassVar[int]
    JITTER_FIELD_NUMBER: _ClassVar[int]
    delay: _duration_pb2.Duration
    jitter: _duration_pb2.Duration
    def __init__(self, delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., jitter: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ErrorEffect(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: _options_pb2.Code
    def __init__(self, code: _Optional[_Union[_options_pb2.Code, str]] = ...) -> None: ...

class HangUpEffect(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class BlackHoleEffect(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ActiveFault(_message.Message):
    __slots__ = ("fault", "remaining", "affected_calls")
    FAULT_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    AFFECTED_CALLS_FIELD_NUMBER: _ClassVar[int]
    fault: Fault
    remaining: _duration_pb2.Duration
    affected_calls: int
    def __init__(self, fault: _Optional[_Union[Fault, _Mapping]] = ..., remaining: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., affected_calls: _Optional[int] = ...) -> None: ...
