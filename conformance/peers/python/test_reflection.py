"""Reads the contract with grpcio's own reflection client, which speaks only v1alpha.

Needs a running bookstore at BINDERY_GRPC (host:port); see README.md.
"""
import unittest

from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from test_legacy import ServerTest


class ReflectionTest(ServerTest):
    def test_client_of_grpcio_finds_services_and_messages(self):
        database = ProtoReflectionDescriptorDatabase(self.channel)
        name = "bookstore.inventory.v1.InventoryService"
        self.assertIn(name, database.get_services())
        service = DescriptorPool(database).FindServiceByName(name)
        request = service.methods_by_name["GetBook"].input_type
        self.assertIn("book_id", request.fields_by_name)


if __name__ == "__main__":
    unittest.main()
