"""How a client reaches a server: by a protocol, in plain text or with TLS."""
import dataclasses

GRPC, GRPC_WEB, CONNECT = "grpc", "grpc-web", "connect"
NAMES = {GRPC: "gRPC", GRPC_WEB: "gRPC-Web", CONNECT: "Connect"}
PROTOCOLS = tuple(NAMES)


@dataclasses.dataclass(frozen=True)
class Transport:
    protocol: str
    tls: bool

    @property
    def name(self):
        return NAMES[self.protocol] + (", TLS" if self.tls else "")


ALL = [Transport(protocol, tls) for tls in (False, True) for protocol in PROTOCOLS]
PLAIN_GRPC = Transport(GRPC, False)
