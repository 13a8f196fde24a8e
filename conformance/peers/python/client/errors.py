"""What the error of a call says."""
import dataclasses
import json

import grpc
from buf.validate import validate_pb2
from google.rpc import error_details_pb2
from grpc_status import rpc_status


@dataclasses.dataclass(frozen=True)
class Violation:
    """A rule of the contract that the request breaks."""

    # The path of the field, such as `books[0].book.title`.
    field: str
    # The id of the rule, such as `string.min_len`.
    rule: str
    message: str


@dataclasses.dataclass(frozen=True)
class CallError:
    code: grpc.StatusCode
    message: str
    # The reason that the contract declares, such as BOOK_NOT_FOUND. Empty if the error has none,
    # as those of the transport.
    reason: str = ""
    # Belongs to the reason, such as the book_id of BOOK_NOT_FOUND.
    metadata: dict = dataclasses.field(default_factory=dict)
    # The rules of the contract that the request breaks.
    violations: tuple = ()
    # How many seconds the server asks to wait before a retry. None: it does not say.
    retry_after: float | None = None

    @classmethod
    def of(cls, error):
        """Decodes the details of a grpc.RpcError."""
        fields = {}
        status = rpc_status.from_call(error)
        for detail in status.details if status else ():
            info, retry, violations = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo(), validate_pb2.Violations()
            if detail.Unpack(info):
                fields.update(reason=info.reason, metadata=dict(info.metadata))
            elif detail.Unpack(retry):
                fields.update(retry_after=retry.retry_delay.ToTimedelta().total_seconds())
            elif detail.Unpack(violations):
                fields.update(violations=tuple(
                    Violation(field_path(violation.field.elements), violation.rule_id, violation.message)
                    for violation in violations.violations
                ))
        return cls(error.code(), error.details() or "", **fields)


def field_path(elements):
    """A field path in the notation of protovalidate: `books[0].prices["USD"]`."""
    text = ""
    for element in elements:
        text += ("." if text else "") + element.field_name
        subscript = element.WhichOneof("subscript")
        if subscript is not None:
            # JSON puts quotes around strings and writes booleans in lower case.
            text += f"[{json.dumps(getattr(element, subscript), ensure_ascii=False)}]"
    return text
