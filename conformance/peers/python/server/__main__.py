"""A server of a part of the contract in Python, with grpcio and protovalidate.

It shows what a server of the contract needs: an interceptor that validates every request, one
that checks credentials, errors with details, health, reflection and a graceful stop. Books and
stock are in memory. Prints `listening on ADDRESS` when it is ready; stops on SIGTERM and SIGINT.
"""
import argparse
from concurrent import futures
from pathlib import Path

import grpc
from bookstore.inventory.v1 import inventory_service_pb2, inventory_service_pb2_grpc
from bookstore.recommendations.v1 import recommendation_service_pb2, recommendation_service_pb2_grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from interop.v1 import interop_service_pb2, interop_service_pb2_grpc

import protovalidate_fixes
import server_runner
from validation_interceptor import ValidationInterceptor

from .catalogue import Catalogue
from .credentials import CredentialInterceptor
from .interop import InteropService
from .inventory import InventoryService
from .recommendations import RecommendationService

# WatchStock holds a thread for as long as the client watches.
WORKERS = 256


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="127.0.0.1:0")
    parser.add_argument("--books", default="conformance/peers/books.json",
                        help="the books of the catalogue: an ImportBooksRequest in JSON")
    parser.add_argument("--operator-token", default="operator")
    parser.add_argument("--ignore-rule", metavar="RULE",
                        help="do not check the rule with this id, for tests of the tester")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="the certificate; without it the server is plain text")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="the key of --tls-cert")
    options = parser.parse_args()

    protovalidate_fixes.apply()
    catalogue = Catalogue.load(options.books)
    # Credentials come first: a caller without one must not be able to probe the rules.
    interceptors = [CredentialInterceptor(options.operator_token), ValidationInterceptor(ignored_rule=options.ignore_rule)]
    server = grpc.server(
        futures.ThreadPoolExecutor(WORKERS), interceptors=interceptors,
        # Without this option, two servers could listen on the same port without an error.
        options=[("grpc.so_reuseport", 0)],
    )
    inventory_service_pb2_grpc.add_InventoryServiceServicer_to_server(InventoryService(catalogue), server)
    recommendation_service_pb2_grpc.add_RecommendationServiceServicer_to_server(RecommendationService(catalogue), server)
    interop_service_pb2_grpc.add_InteropServiceServicer_to_server(InteropService(), server)
    files = [module.DESCRIPTOR for module in (inventory_service_pb2, recommendation_service_pb2, interop_service_pb2)]
    served = [service.full_name for file in files for service in file.services_by_name.values()]
    status = health.HealthServicer()
    for name in [*served, ""]:
        status.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    reflection.enable_server_reflection([*served, health.SERVICE_NAME, reflection.SERVICE_NAME], server)

    def before_stop():
        status.enter_graceful_shutdown()
        catalogue.close()

    credentials = options.tls_cert and grpc.ssl_server_credentials([(options.tls_key.read_bytes(), options.tls_cert.read_bytes())])
    server_runner.serve_at_until_signal(server, options.address, before_stop, credentials)


if __name__ == "__main__":
    main()
