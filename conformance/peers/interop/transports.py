"""How a client reaches a server: by a protocol, in plain text or with TLS."""
import dataclasses

GRPC = "grpc"
NAMES = {GRPC: "gRPC", "grpc-web": "gRPC-Web", "connect": "Connect", "connect-json": "Connect, JSON"}
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
