"""Reads from the contract which methods may be retried."""
import json

from bookstore.accounts.v1 import account_service_pb2, session_service_pb2
from bookstore.cart.v1 import cart_service_pb2, checkout_service_pb2
from bookstore.inventory.v1 import inventory_service_pb2
from bookstore.recommendations.v1 import recommendation_service_pb2
from bookstore.reviews.v1 import review_service_pb2
from bookstore.transactions.v1 import transaction_service_pb2
from google.protobuf import descriptor_pb2

FILES = [
    module.DESCRIPTOR
    for module in (
        account_service_pb2, session_service_pb2, cart_service_pb2, checkout_service_pb2, inventory_service_pb2,
        recommendation_service_pb2, review_service_pb2, transaction_service_pb2,
    )
]
RETRY_POLICY = {
    "maxAttempts": 4,
    "initialBackoff": "0.05s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
# While most calls fail, retries would only add load.
RETRY_THROTTLING = {"maxTokens": 10, "tokenRatio": 0.2}


def service_config():
    """The service config of gRPC as JSON."""
    methods = [
        {"service": service.full_name, "method": method.name}
        for file in FILES for service in file.services_by_name.values() for method in service.methods
        if method.GetOptions().idempotency_level != descriptor_pb2.MethodOptions.IDEMPOTENCY_UNKNOWN
    ]
    return json.dumps({"methodConfig": [{"name": methods, "retryPolicy": RETRY_POLICY}], "retryThrottling": RETRY_THROTTLING})
