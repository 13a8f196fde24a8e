from google.protobuf import descriptor_pb2 as _descriptor_pb2
from proofread.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
SERVER_ERRORS_FIELD_NUMBER: _ClassVar[int]
server_errors: _descriptor.FieldDescriptor
STORE_ERRORS_FIELD_NUMBER: _ClassVar[int]
store_errors: _descriptor.FieldDescriptor
CATALOGUE_ERRORS_FIELD_NUMBER: _ClassVar[int]
catalogue_errors: _descriptor.FieldDescriptor
REQUEST_ID_ERRORS_FIELD_NUMBER: _ClassVar[int]
request_id_errors: _descriptor.FieldDescriptor
EXPENSIVE_FIELD_NUMBER: _ClassVar[int]
expensive: _descriptor.FieldDescriptor
