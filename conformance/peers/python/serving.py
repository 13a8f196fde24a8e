"""What the Python servers have in common: how they start, say so, and stop."""
import argparse
import signal
import threading
from concurrent import futures

import grpc


def arguments(description):
    """The arguments of every server."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("port", type=int, help="the port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--workers", type=int, default=10, help="threads (default: %(default)s)")
    return parser


def server(workers, **options):
    """A server that has no services yet."""
    # Without this, a second server could share the port of the first unnoticed.
    exclusive = [("grpc.so_reuseport", 0)]
    return grpc.server(futures.ThreadPoolExecutor(max_workers=workers), options=exclusive, **options)


def run(server, port):
    """Serves on a port of the loopback until SIGTERM or SIGINT."""
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    server.start()
    print(f"listening on {port}", flush=True)
    asked.wait()
    # Not until it has stopped: after a message in a stream of requests that does not
    # parse, grpcio 1.85 waits for that call for ever.
    server.stop(grace=1).wait(timeout=3)
