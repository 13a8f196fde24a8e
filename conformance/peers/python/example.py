"""An example of the client: it asks for one book, and shows how an error is handled."""
import sys

import grpc
from bookstore.inventory.v1.inventory_service_pb2 import GetBookRequest
from bookstore.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

from client.connection import connect
from client.errors import CallError

with connect(sys.argv[1]) as channel:
    inventory = InventoryServiceStub(channel)
    print(inventory.GetBook(GetBookRequest(book_id=1)).book.title)
    try:
        inventory.GetBook(GetBookRequest())
    except grpc.RpcError as failed:
        violation = CallError.of(failed).violations[0]
        print(violation.field, violation.rule)
