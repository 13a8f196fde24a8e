import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OutboxMessageState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTBOX_MESSAGE_STATE_UNSPECIFIED: _ClassVar[OutboxMessageState]
    OUTBOX_MESSAGE_STATE_WAITING: _ClassVar[OutboxMessageState]
    OUTBOX_MESSAGE_STATE_RETRIED: _ClassVar[OutboxMessageState]
    OUTBOX_MESSAGE_STATE_DEAD: _ClassVar[OutboxMessageState]
OUTBOX_MESSAGE_STATE_UNSPECIFIED: OutboxMessageState
OUTBOX_MESSAGE_STATE_WAITING: OutboxMessageState
OUTBOX_MESSAGE_STATE_RETRIED: OutboxMessageState
OUTBOX_MESSAGE_STATE_DEAD: OutboxMessageState

class OutboxMessage(_message.Message):
    __slots__ = ("message_id", "topic", "summary", "state", "attempts", "last_error", "enqueue_time", "next_attempt_time")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    ENQUEUE_TIME_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    message_id: int
    topic: str
    summary: str
    state: OutboxMessageState
    attempts: int
    last_error: str
    enqueue_time: _timestamp_pb2.Timestamp
    next_attempt_time: _timestamp_pb2.Timestamp
    def __init__(self, message_id: _Optional[int] = ..., topic: _Optional[str] = ..., summary: _Optional[str] = ..., state: _Optional[_Union[OutboxMessageState, str]] = ..., attempts: _Optional[int] = ..., last_error: _Optional[str] = ..., enqueue_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
