"""Recommend and GetBook, served in each language and by the bookstore, with the same validation."""
import contextlib
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from servers import ROOT, line_matching, process, resident_megabytes, up
from throughput import Measurement, load

sys.path.append(str(ROOT / "conformance/peers/interop"))

import peers  # noqa: E402

# category = MYSTERY, max_results = 3; book_id = 1.
METHODS = {
    "Recommend": ("/bookstore.recommendations.v1.RecommendationService/Recommend", bytes([0x10, 1, 0x18, 3])),
    "GetBook": ("/bookstore.inventory.v1.InventoryService/GetBook", bytes([0x08, 1])),
}
# Slow servers get fewer requests, so that each turn takes a few seconds.
REQUESTS = {"python": 2_000, "typescript": 20_000}
DEFAULT_REQUESTS = 100_000
CONNECTIONS, STREAMS = 4, 25
OURS = "bindery"


def build():
    peers.build(peers.SERVERS)


@contextlib.contextmanager
def started(name, folder):
    """Yields the address, the process id, and the milliseconds from the start to the listening
    socket."""
    start = time.monotonic()
    if name == OURS:
        running, pattern = up(folder, "--log=warn"), r"gRPC\s+(\S+)"
    else:
        peer = peers.selected([name])[0]
        # Not the settings for a quick start, by which the tests run.
        command = [str(part) for part in peer.server if not str(part).startswith("-XX:")]
        log = open(Path(folder) / f"{name}.log", "w")
        running = process(command, stdout=subprocess.PIPE, stderr=log, env=peers.environment())
        pattern = r"listening on (\S+)"
    with running as child:
        address = line_matching(child, pattern)
        yield address, child.pid, (time.monotonic() - start) * 1000


def languages(rounds):
    names = [OURS, *(peer.name for peer in peers.SERVERS)]
    with tempfile.TemporaryDirectory(prefix="bindery-bench-") as folder, contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(started(name, folder)) for name in names}
        idle = {name: resident_megabytes(pid) for name, (_, pid, _) in servers.items()}
        for method in METHODS:
            measure(method, rounds, servers, folder)
        print(f"\n  {'server':<12} {'start ms':>9} {'idle MB':>9} {'MB after':>9}")
        for name, (_, pid, start) in servers.items():
            print(f"  {name:<12} {start:>9.0f} {idle[name]:>9.0f} {resident_megabytes(pid):>9.0f}")
    print("  targets: bindery first in every column, CPU at least 1.5 times better than the best other")


def measure(method, rounds, servers, folder):
    path, request = METHODS[method]
    frame = Path(folder) / "request"
    frame.write_bytes(struct.pack(">BI", 0, len(request)) + request)
    runs = {name: [] for name in servers}
    for turn in range(rounds + 1):
        for name, (address, pid, _) in servers.items():
            count = REQUESTS.get(name, DEFAULT_REQUESTS)
            run = load(name, (address, pid), CONNECTIONS, STREAMS, folder, path=path, count=count)
            if turn:  # the first turn warms up
                runs[name].append(run)
    medians = {name: Measurement(*map(statistics.median, zip(*rows))) for name, rows in runs.items()}
    print(f"\n{method} in each language, {CONNECTIONS} connections x {STREAMS} streams, {rounds} turns, medians; "
          f"servers and load generator on the same {os.cpu_count()} cores")
    print(f"  {'server':<12} {'req/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'CPU us':>8}   CPU x {OURS}")
    for name, median in medians.items():
        ratio = median.cpu / medians[OURS].cpu
        print(f"  {name:<12} {median.rate:>9,.0f} {median.p50:>8.2f} {median.p99:>8.2f} {median.cpu:>8.1f}   {ratio:.2f}", flush=True)
