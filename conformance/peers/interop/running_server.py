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
def peer_server(peer, *flags):
    """Yields the address and the operator token."""
    with process([*peer.server, *flags], r"listening on (\S+)") as address:
        yield address, OPERATOR_TOKEN


@contextlib.contextmanager
def bookstore():
    """Yields the address and the operator token."""
    with tempfile.TemporaryDirectory(prefix="bindery-peers-") as folder:
        flags = [f"--{name}-addr=127.0.0.1:0" for name in ("shop", "grpc", "metrics")]
        with process([BOOKSTORE, "up", f"--data={folder}/data", *flags], r"gRPC\s+(\S+)") as address:
            yield address, (Path(folder) / "data/operator.token").read_text().strip()


@contextlib.contextmanager
def interop_peer():
    """Yields the address and a token, which nothing checks."""
    with process([INTEROP_PEER], r"listening on (\S+)") as address:
        yield address, ""
