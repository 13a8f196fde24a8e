"""A server for `proofread` to test, built with grpcio and protovalidate.

It shares no code with the Rust servers, only the contract. Usage:

    protovalidate_server.py PORT [--image FILE]     (port 0 uses a free port)

FILE is a compiled contract. The server implements these services of it: RecommendationService
of the bookstore and all of `rules.v1` (`faults contract FILE` writes that contract). Prints
`listening on PORT` when it is ready; stops on SIGTERM and SIGINT.
"""
import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

import behaviour_service
import sample_books
import server_runner
import stubs


class RecommendationService:
    def __init__(self):
        pool = descriptor_pool.Default()
        self._books = sample_books.SampleBooks(pool.FindEnumTypeByName("bookstore.inventory.v1.BookCategory"))

    def Recommend(self, request, context, response):
        sampled = self._books.sample(request.category, request.max_results)
        return response(recommendations=[{"book_id": number, "title": title} for number, title in sampled])

    def ListAlsoBought(self, request, context, response):
        # Nobody has bought anything.
        return response()


class CheckService:
    """Implements every method `Check...`: the response only confirms that the request was
    accepted, with its size and the name of the method."""

    def __getattr__(self, method):
        if not method.startswith("Check"):
            raise AttributeError(method)
        return lambda request, context, response: response(size=request.ByteSize(), method=method)


SERVICES = {
    "bookstore.recommendations.v1.RecommendationService": RecommendationService,
    "rules.v1.BehaviourService": behaviour_service.BehaviourService,
    "rules.v1.ExpressionService": CheckService,
    "rules.v1.NumberService": CheckService,
    "rules.v1.StringService": CheckService,
    "rules.v1.StructureService": CheckService,
}


def handlers(service, implementation):
    """The gRPC handlers of a service, built from its descriptor."""

    def handler(method):
        request, response = map(message_factory.GetMessageClass, (method.input_type, method.output_type))
        behaviour = getattr(implementation, method.name)
        kind = "_".join("stream" if streaming else "unary" for streaming in (method.client_streaming, method.server_streaming))
        return getattr(grpc, f"{kind}_rpc_method_handler")(
            lambda given, context: behaviour(given, context, response),
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )

    by_name = {method.name: handler(method) for method in service.methods}
    return grpc.method_handlers_generic_handler(service.full_name, by_name)


def main():
    parser = server_runner.argument_parser(__doc__.splitlines()[0])
    parser.add_argument("--image", default=stubs.CONTRACT, help="the compiled contract (default: %(default)s)")
    parser.add_argument("--unchecked", metavar="FIELD=RULE", action="append", default=[],
                        help="do not check this rule, for example id=int32.gt")
    parser.add_argument("--without-fixes", action="store_true",
                        help="use protovalidate without protovalidate_fixes.py")
    arguments = parser.parse_args()

    files = stubs.generate_and_import(arguments.image)
    # These modules need buf/validate/validate_pb2, which is one of the stubs.
    import protovalidate_fixes
    from validation_interceptor import ValidationInterceptor

    if not arguments.without_fixes:
        protovalidate_fixes.apply()

    served = [
        f"{file.package}.{service.name}" for file in files for service in file.service
        if f"{file.package}.{service.name}" in SERVICES
    ]
    unchecked = [tuple(rule.split("=", 1)) for rule in arguments.unchecked]
    server = server_runner.new_server(arguments.workers, interceptors=[ValidationInterceptor(unchecked)])
    pool, health_servicer = descriptor_pool.Default(), health.HealthServicer()
    for name in served:
        service = pool.FindServiceByName(name)
        server.add_generic_rpc_handlers([handlers(service, SERVICES[name]())])
    for name in [*served, ""]:
        health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    reflection.enable_server_reflection([*served, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    server_runner.serve_until_signal(server, arguments.port)


if __name__ == "__main__":
    main()
