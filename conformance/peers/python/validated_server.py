"""A contract kept by grpcio and protovalidate: a server that has nothing in common
with ours but the contract, for `proofread` to judge. Usage:

    validated_server.py PORT [--image FILE]     (0 takes a free port)

Serves, of the contract in the image, the services that it knows: Recommendations of the
bookstore and all of `rules.v1` (`faults contract FILE` writes that contract). Prints
`listening on PORT` when it serves; stops on SIGTERM and SIGINT.
"""
import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

import catalogue
import serving
import shelf
import stubs


class Recommendations:
    def __init__(self):
        pool = descriptor_pool.Default()
        self._shelves = catalogue.Shelves(pool.FindEnumTypeByName("bookstore.inventory.v1.BookCategory"))

    def Recommend(self, request, context, response):
        drawn = self._shelves.draw(request.category, request.max_results)
        return response(recommendations=[{"book_id": number, "title": title} for number, title in drawn])


class Checks:
    """Any method that only says that the request keeps its rules."""

    def __getattr__(self, method):
        if not method.startswith("Check"):
            raise AttributeError(method)
        return lambda request, context, response: response(size=request.ByteSize(), method=method)


SERVICES = {
    "bookstore.recommendations.v1.RecommendationService": Recommendations,
    "rules.v1.ExpressionService": Checks,
    "rules.v1.NumberService": Checks,
    "rules.v1.ShelfService": shelf.Shelf,
    "rules.v1.StructureService": Checks,
    "rules.v1.TextService": Checks,
}


def handlers(service, implementation):
    """Handlers of a service, made from its descriptor."""

    def handler(method):
        request, response = map(message_factory.GetMessageClass, (method.input_type, method.output_type))
        behaviour = getattr(implementation, method.name)
        kind = "_".join("stream" if it else "unary" for it in (method.client_streaming, method.server_streaming))
        return getattr(grpc, f"{kind}_rpc_method_handler")(
            lambda given, context: behaviour(given, context, response),
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )

    by_name = {method.name: handler(method) for method in service.methods}
    return grpc.method_handlers_generic_handler(service.full_name, by_name)


def main():
    parser = serving.arguments(__doc__.splitlines()[0])
    parser.add_argument("--image", default=stubs.CONTRACT, help="the contract (default: %(default)s)")
    parser.add_argument("--unchecked", metavar="FIELD=RULE", action="append", default=[],
                        help="a rule to leave unchecked: id=int32.gt")
    parser.add_argument("--as-released", action="store_true",
                        help="protovalidate as it is, without the amendments")
    arguments = parser.parse_args()

    files = stubs.load(arguments.image)
    # They need buf/validate/validate_pb2, which is one of the stubs.
    import amendments
    from validation import Validation

    if not arguments.as_released:
        amendments.apply()

    served = [
        f"{file.package}.{service.name}" for file in files for service in file.service
        if f"{file.package}.{service.name}" in SERVICES
    ]
    unchecked = [tuple(rule.split("=", 1)) for rule in arguments.unchecked]
    server = serving.server(arguments.workers, interceptors=[Validation(unchecked)])
    pool, states = descriptor_pool.Default(), health.HealthServicer()
    for name in served:
        service = pool.FindServiceByName(name)
        server.add_generic_rpc_handlers([handlers(service, SERVICES[name]())])
    for name in [*served, ""]:
        states.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    reflection.enable_server_reflection([*served, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    serving.run(server, arguments.port)


if __name__ == "__main__":
    main()
