"""What all Python servers share: command line arguments, start and shutdown."""
import argparse
import os
import signal
import threading
from concurrent import futures

import grpc


def argument_parser(description):
    """A parser with the arguments that every server has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("port", type=int, help="the port on 127.0.0.1; 0 uses a free port")
    parser.add_argument("--workers", type=int, default=10, help="number of threads (default: %(default)s)")
    return parser


def new_server(workers, **options):
    """A server without services."""
    # Without this option, two servers could listen on the same port without an error.
    exclusive = [("grpc.so_reuseport", 0)]
    return grpc.server(futures.ThreadPoolExecutor(max_workers=workers), options=exclusive, **options)


def serve_until_signal(server, port):
    """Serves on 127.0.0.1 until the process gets SIGTERM or SIGINT."""
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    _serve(server, port, lambda: None)


def serve_at_until_signal(server, address, before_stop, credentials=None):
    """Serves at HOST:PORT until the process gets SIGTERM or SIGINT, with TLS if there are
    credentials of grpc.ssl_server_credentials."""
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    _serve(server, f"{address.rpartition(':')[0]}:{port}", before_stop)


def _serve(server, printed_address, before_stop):
    stop_requested = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_requested.set())
    server.start()
    print(f"listening on {printed_address}", flush=True)
    stop_requested.wait()
    before_stop()
    # With a limit: after a request message in a stream that could not be parsed,
    # grpcio 1.85 waits for that call forever, and so would the end of its thread.
    if not server.stop(grace=1).wait(timeout=3):
        os._exit(0)
