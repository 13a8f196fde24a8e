"""Recommend over the network, beside other servers of the same method."""
import contextlib
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from servers import RELEASE, ROOT, cpu_seconds, line_matching, process, up

PATH = "/bookstore.recommendations.v1.RecommendationService/Recommend"
# category = MYSTERY, max_results = 3; the frame adds the five-byte gRPC prefix.
REQUEST = bytes([0x10, 1, 0x18, 3])
FRAME = struct.pack(">BI", 0, len(REQUEST)) + REQUEST
REQUESTS = {"python": 8_000}
DEFAULT_REQUESTS = 100_000
# Connections and concurrent streams on each of them.
SHAPES = [(1, 100), (4, 25), (50, 2)]


@contextlib.contextmanager
def recommend_servers(folder):
    """Starts the servers of the comparison; yields their names, addresses and process ids."""
    os.mkdir(f"{folder}/quiet")
    go = ROOT / "target/peers/go/server"
    commands = {
        "bare tonic": [RELEASE / "examples/bare_recommend", f"{folder}/bare"],
        "go with log": [go, "-log"],
        "go": [go],
        "python": [ROOT / ".tools/python/bin/python", "conformance/peers/python/recommend_server.py", "0"],
    }
    with contextlib.ExitStack() as stack:
        servers = {}
        for name, data, flags in (("ours with log", folder, ()), ("ours", f"{folder}/quiet", ("--log=warn",))):
            child = stack.enter_context(up(data, *flags))
            servers[name] = line_matching(child, r"gRPC\s+(\S+)"), child.pid
        for name, command in commands.items():
            log = stack.enter_context(open(f"{folder}/{name}.log", "w"))
            child = stack.enter_context(process(command, stdout=subprocess.PIPE, stderr=log))
            address = line_matching(child, r"listening on (\S+)")
            servers[name] = address if ":" in address else f"127.0.0.1:{address}", child.pid
        yield servers


class Measurement(NamedTuple):
    # Requests per second.
    rate: float
    # The median and the 99th percentile of the latency in milliseconds.
    p50: float
    p99: float
    # The processor time of the server for each call in microseconds.
    cpu: float


def load(name, server, connections, streams, folder, path=PATH, count=None):
    """Sends a fixed number of requests."""
    address, pid = server
    count = count or REQUESTS.get(name, DEFAULT_REQUESTS)
    log = Path(folder) / "latencies"
    log.unlink(missing_ok=True)
    command = ["h2load", f"-n{count}", f"-c{connections}", f"-m{streams}", f"-d{folder}/request", f"--log-file={log}",
               "-Hcontent-type: application/grpc", "-Hte: trailers", f"http://{address}{path}"]
    before = cpu_seconds(pid)
    output = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    cpu = cpu_seconds(pid) - before
    succeeded = re.search(r"(\d+) succeeded", output)
    if not succeeded or int(succeeded[1]) != count:
        sys.exit(f"{name}: not every request succeeded:\n{output}")
    latencies = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
    p50, p99 = (latencies[len(latencies) * percent // 100] / 1000 for percent in (50, 99))
    return Measurement(float(re.search(r"([\d.]+) req/s", output)[1]), p50, p99, cpu / count * 1e6)


def throughput(rounds):
    with tempfile.TemporaryDirectory(prefix="bindery-bench-") as folder:
        Path(f"{folder}/request").write_bytes(FRAME)
        with recommend_servers(folder) as servers:
            print(f"\nRecommend over the network, {rounds} turns, medians; servers and load generator on the same {os.cpu_count()} cores")
            for connections, streams in SHAPES:
                throughput_of_shape(rounds, servers, connections, streams, folder)
    print("  targets: ours with log at least 1.0 x bare tonic, 1.1 x go with log and 8 x python; "
          "ours at least 1.2 x bare tonic; p99 no worse")


def throughput_of_shape(rounds, servers, connections, streams, folder):
    runs = {name: [] for name in servers}
    for turn in range(rounds + 1):
        for name, server in servers.items():
            run = load(name, server, connections, streams, folder)
            if turn:  # the first turn warms up
                runs[name].append(run)
    medians = {name: Measurement(*map(statistics.median, zip(*rows))) for name, rows in runs.items()}
    print(f"  {connections} connections x {streams} streams")
    print(f"    {'server':<14} {'req/s':>9} {'min':>9} {'max':>9} {'p99 ms':>8} {'CPU us':>7}   x bare tonic   x go with log")
    for name, (rate, _, p99, cpu) in medians.items():
        rates = [run.rate for run in runs[name]]
        ratios = "   ".join(f"{rate / medians[other].rate:12.2f}" for other in ("bare tonic", "go with log"))
        print(f"    {name:<14} {rate:>9,.0f} {min(rates):>9,.0f} {max(rates):>9,.0f} {p99:>8.2f} {cpu:>7.1f}   {ratios}", flush=True)
