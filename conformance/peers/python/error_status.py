"""Builds the gRPC statuses of errors.

A request that breaks validation rules gets INVALID_ARGUMENT with two details that contain
the same information: `buf.validate.Violations`, then `google.rpc.BadRequest`.
"""
import json

from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

# Maximum size of google.rpc.Status in bytes. In base64 it is 4/3 as large, and proxies
# reject trailers above 8 KiB.
MAX_STATUS_BYTES = 4000


def from_violations(violations):
    """The status for at least one violation that protovalidate found. The message counts
    the violations that are left out because of MAX_STATUS_BYTES."""
    listed = len(violations)
    while True:
        status = _invalid_argument(violations[:listed], len(violations) - listed)
        if status.ByteSize() <= MAX_STATUS_BYTES or listed == 1:
            return rpc_status.to_status(status)
        listed -= max(listed // 4, 1)


def from_declared_error(code, reason, message, **metadata):
    """The status for an error that the contract declares with (proofread.v1.errors)."""
    info = error_details_pb2.ErrorInfo(reason=reason, domain="peers.python", metadata=metadata)
    status = status_pb2.Status(code=code.value[0], message=message, details=[_any(info)])
    return rpc_status.to_status(status)


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


def _invalid_argument(violations, left_out):
    # This module exists only after the stubs have been generated.
    from buf.validate import validate_pb2

    listed = validate_pb2.Violations(violations=[violation.proto for violation in violations])
    bad_request = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=field_path(violation.field.elements),
                description=violation.message,
                reason="".join(c.upper() if c.isascii() and c.isalnum() else "_" for c in violation.rule_id),
            )
            for violation in listed.violations
        ]
    )
    first = bad_request.field_violations[0]
    message = f"{first.field}: {first.description}"[:200]
    if left_out:
        message += f" ({left_out} more are not listed)"
    return status_pb2.Status(
        code=code_pb2.INVALID_ARGUMENT, message=message, details=[_any(listed), _any(bad_request)]
    )


def _any(message):
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
