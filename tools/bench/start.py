"""The start of the whole shop, and its memory when it is idle."""
import statistics
import sys
import tempfile
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from servers import line_matching, resident_megabytes, up

IDLE_SECONDS = 5


def wait_until_serving(address):
    """Waits until the health of the process, which covers all of its services, is SERVING."""
    with grpc.insecure_channel(address) as channel:
        request = health_pb2.HealthCheckRequest()
        for answer in health_pb2_grpc.HealthStub(channel).Watch(request, timeout=30, wait_for_ready=True):
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                return
    sys.exit(f"the bookstore at {address} does not become healthy")


def start_and_memory(rounds):
    starts, sizes = [], []
    with tempfile.TemporaryDirectory(prefix="bindery-bench-") as folder:
        for turn in range(rounds + 1):
            began = time.monotonic()
            with up(folder) as bookstore:
                wait_until_serving(line_matching(bookstore, r"gRPC\s+(\S+)"))
                elapsed = time.monotonic() - began
                time.sleep(IDLE_SECONDS)
                if turn:  # the first turn makes the data folder
                    starts.append(elapsed * 1000)
                    sizes.append(resident_megabytes(bookstore.pid))
    print(f"\nAll services in one process, on an existing data folder, {rounds} starts")
    print(f"  start until all serve  median {statistics.median(starts):6.0f} ms  max {max(starts):6.0f} ms  (target: 300 ms)")
    print(f"  resident, idle         median {statistics.median(sizes):6.1f} MB  max {max(sizes):6.1f} MB  (target: 60 MB)")
