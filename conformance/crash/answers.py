"""What the errors of calls say."""
import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

# The answers that say nothing about whether the request had an effect.
UNANSWERED = (
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED,
    grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN,
)


def reason(error):
    """The reason of an error, such as OUT_OF_STOCK; an empty text if it has none."""
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status else ():
        if detail.Unpack(info):
            return info.reason
    return ""
