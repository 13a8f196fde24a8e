"""The test contract, with methods of all four kinds."""
import threading

import grpc
from google.protobuf import any_pb2, json_format
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from interop.v1 import interop_service_pb2 as messages
from interop.v1 import interop_service_pb2_grpc as services

import error_status

# Only metadata with this prefix is returned: everything else belongs to the transport.
METADATA_PREFIX = "interop-"


class InteropService(services.InteropServiceServicer):
    def Echo(self, request, context):
        try:
            seen = json_format.MessageToJson(request, indent=None)
        except (json_format.Error, ValueError) as invalid:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"the request has no JSON form: {invalid}")
        response = messages.EchoResponse(seen_json=seen)
        if request.HasField("values"):
            response.values.CopyFrom(request.values)
        return response

    def EchoMetadata(self, request, context):
        metadata = [(key, value) for key, value in context.invocation_metadata() if key.startswith(METADATA_PREFIX)]
        context.send_initial_metadata(metadata)
        context.set_trailing_metadata([(f"trailer-{key}", value) for key, value in metadata])
        response = messages.EchoMetadataResponse()
        for key, value in metadata:
            if key.endswith("-bin"):
                response.binary[key] = value
            else:
                response.text[key] = f"{response.text[key]},{value}" if key in response.text else value
        return response

    def Fail(self, request, context):
        details = []
        if request.reason:
            details.append(error_details_pb2.ErrorInfo(reason=request.reason, domain="interop"))
        if request.HasField("retry_delay"):
            details.append(error_details_pb2.RetryInfo(retry_delay=request.retry_delay))
        status = status_pb2.Status(code=request.code, message=request.message, details=map(_any, details))
        context.abort_with_status(rpc_status.to_status(status))

    def Wait(self, request, context):
        ended = threading.Event()
        # Returns false if the call has ended already.
        if context.add_callback(ended.set):
            ended.wait(request.delay.ToTimedelta().total_seconds())
        return messages.WaitResponse()

    def Download(self, request, context):
        data = bytes(request.size)
        for number in range(request.count):
            if request.HasField("fail_after") and number >= request.fail_after:
                context.abort_with_status(error_status.from_declared_error(
                    grpc.StatusCode.ABORTED, "DOWNLOAD_ABORTED", "the stream fails as requested",
                ))
            yield messages.DownloadResponse(number=number, data=data)

    def Upload(self, request_iterator, context):
        response = messages.UploadResponse()
        for request in request_iterator:
            response.count += 1
            response.size += len(request.data)
        return response

    def Converse(self, request_iterator, context):
        for number, request in enumerate(request_iterator, start=1):
            yield messages.ConverseResponse(text=request.text, number=number)


def _any(message):
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
