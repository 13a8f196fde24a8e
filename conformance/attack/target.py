"""The bookstore under attack: its addresses, and connections to it from a chosen address."""
import itertools
import os
import socket
import ssl
from dataclasses import dataclass

# Each loopback address is a peer of its own. The runner is not limited, the others are.
ATTACKER = "127.0.0.2"
PROBE = "127.0.0.3"
TIMEOUT_SECONDS = 2


@dataclass(frozen=True)
class Target:
    """Where the ports are."""

    grpc: tuple
    shop: tuple
    metrics: tuple
    pid: int
    tls: bool

    @classmethod
    def from_environment(cls):
        """The bookstore that tools/with-bookstore has started."""
        shop, metrics = os.environ["BINDERY_SHOP"], os.environ["BINDERY_METRICS"]
        return cls(
            grpc=address(os.environ["BINDERY_GRPC"]), shop=address(shop), metrics=address(metrics),
            pid=int(os.environ["BINDERY_PID"]), tls=shop.startswith("https:"))

    def memory_bytes(self):
        """The resident memory of the bookstore."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def address(url):
    """(host, port) of a URL or of HOST:PORT."""
    host, port = url.split("://")[-1].split("/")[0].rsplit(":", 1)
    return host, int(port)


def connect(port, source=ATTACKER, timeout=TIMEOUT_SECONDS):
    """A plain connection from a loopback address."""
    connection = socket.create_connection(port, timeout, source_address=(source, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def tls_context(protocol):
    """A client that does not look at the certificate: what counts is that the server answers."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    return context


def other_sources():
    """Ever new loopback addresses."""
    for number in itertools.count(1):
        yield f"127.{100 + number // 62_500 % 100}.{number // 250 % 250}.{1 + number % 250}"


def repeat(attempt):
    """Runs a generator again and again: the server may close its connection at any time. Each item
    is an operation, and so is a connection that fails."""
    while True:
        try:
            yield from attempt()
        except OSError:
            yield
