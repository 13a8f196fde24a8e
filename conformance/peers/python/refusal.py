"""The status of a request that breaks rules: INVALID_ARGUMENT with
`buf.validate.Violations` and then `google.rpc.BadRequest`, which say the same."""
import json

from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

# Of google.rpc.Status, in bytes. Base64 makes 4/3 of it, and proxies cut trailers at 8 KiB.
BUDGET = 4000


def of(violations):
    """The status for violations of protovalidate, of which there is at least one.
    Those for which the trailer has no room are counted in the message."""
    kept = len(violations)
    while True:
        status = _status(violations[:kept], len(violations) - kept)
        if status.ByteSize() <= BUDGET or kept == 1:
            return rpc_status.to_status(status)
        kept -= max(kept // 4, 1)


def declared(code, reason, message):
    """The status of a failure that the contract declares."""
    info = error_details_pb2.ErrorInfo(reason=reason, domain="peers.python")
    status = status_pb2.Status(code=code.value[0], message=message, details=[_any(info)])
    return rpc_status.to_status(status)


def path(elements):
    """A field path as protovalidate writes it: `books[0].prices["USD"]`."""
    text = ""
    for element in elements:
        text += ("." if text else "") + element.field_name
        subscript = element.WhichOneof("subscript")
        if subscript is not None:
            # As JSON a text has its quotes, and true is not True.
            text += f"[{json.dumps(getattr(element, subscript), ensure_ascii=False)}]"
    return text


def _status(violations, left_out):
    # Imported here: it is there when the stubs are.
    from buf.validate import validate_pb2

    listed = validate_pb2.Violations(violations=[violation.proto for violation in violations])
    bad_request = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=path(violation.field.elements),
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
