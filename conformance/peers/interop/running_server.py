"""Starts and stops the servers of the peers, and the bookstore."""
import contextlib
import re
import subprocess
import tempfile
import threading
from pathlib import Path

import peers
from generate import ROOT

BOOKSTORE = ROOT / "target/debug/bookstore"
# The test contract, served by the layers of the bookstore.
INTEROP_PEER = ROOT / "target/debug/interop-peer"
STOP_SECONDS = 15
OPERATOR_TOKEN = "operator"


@contextlib.contextmanager
def process(command, pattern):
    """Runs a process while the context is open, and yields the text that matches in its output,
    which says that it is ready. It must stop by itself on SIGTERM."""
    with tempfile.TemporaryFile("w+") as log:
        child = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT, env=peers.environment(),
        )
        drain = threading.Thread(target=child.stdout.read, daemon=True)
        try:
            match = next(filter(None, (re.search(pattern, line) for line in child.stdout)), None)
            if match is None:
                log.seek(0)
                raise RuntimeError(f"{command[0]} did not start:\n{log.read()}")
            drain.start()
            yield match[1]
        finally:
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                raise RuntimeError(f"{command[0]} did not stop within {STOP_SECONDS} s") from None
            finally:
                if drain.ident:
                    drain.join()
                child.stdout.close()


@contextlib.contextmanager
def certificates():
    """Yields a folder with the authority `ca.pem`, and the certificate and the key of all servers."""
    with tempfile.TemporaryDirectory(prefix="bindery-peers-") as folder:
        certs = Path(folder) / "certs"
        subprocess.run([BOOKSTORE, "certs", "--out", certs], check=True, stdout=subprocess.DEVNULL)
        yield certs


def tls_flags(certs):
    return ["--tls-cert", certs / "server.pem", "--tls-key", certs / "server.key"] if certs else []


@contextlib.contextmanager
def peer_server(peer, *flags, certs=None):
    """Yields the address and the operator token. With certificates the server has TLS."""
    with process([*peer.server, *tls_flags(certs), *flags], r"listening on (\S+)") as address:
        yield address, OPERATOR_TOKEN


def bookstore_process(certs, *command):
    """Yields the address for gRPC."""
    flags = [f"--{name}-addr=127.0.0.1:0" for name in ("shop", "grpc", "metrics")]
    return process([BOOKSTORE, *command, *flags, *tls_flags(certs)], r"gRPC\s+(\S+)")


@contextlib.contextmanager
def bookstore(certs=None):
    """Yields the address and the operator token of a bookstore in one process."""
    with tempfile.TemporaryDirectory(prefix="bindery-peers-") as folder:
        with bookstore_process(certs, "up", f"--data={folder}/data") as address:
            yield address, (Path(folder) / "data/operator.token").read_text().strip()


@contextlib.contextmanager
def bookstore_apart(certs=None):
    """Yields the addresses of Inventory and Recommendations, each in a process of its own, and the
    operator token."""
    with tempfile.TemporaryDirectory(prefix="bindery-peers-") as folder:
        with bookstore_process(certs, "serve", "inventory", f"--data={folder}/inventory") as inventory:
            token = (Path(folder) / "inventory/operator.token").read_text().strip()
            scheme, trusted = ("https", [f"--tls-ca={certs}/ca.pem"]) if certs else ("http", [])
            # Nobody listens on port 1: readers without an account have neither orders nor reviews.
            nobody = [f"--peer={name}=http://127.0.0.1:1" for name in ("cart", "reviews")]
            command = ["serve", "recommendations", f"--data={folder}/recommendations", f"--peer=inventory={scheme}://{inventory}"]
            with bookstore_process(certs, *command, *nobody, *trusted) as recommendations:
                yield inventory, recommendations, token


@contextlib.contextmanager
def interop_peer(certs=None):
    """Yields the address and a token, which nothing checks."""
    with process([INTEROP_PEER, *tls_flags(certs)], r"listening on (\S+)") as address:
        yield address, ""
