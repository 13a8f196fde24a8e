"""More load than the bookstore can serve."""
import functools
import os
import subprocess
import tempfile

from servers import RELEASE, line_matching, set_stock, up


def overload():
    cores = sorted(os.sched_getaffinity(0))
    # The generator must not take the processor time that the server would have.
    half = max(1, len(cores) // 2)
    of_server, of_generator = [functools.partial(os.sched_setaffinity, 0, part) for part in (cores[:half], cores[-half:])]
    with tempfile.TemporaryDirectory(prefix="bindery-bench-") as folder, \
            up(folder, "--log=warn", preexec_fn=of_server) as bookstore:
        address = line_matching(bookstore, r"gRPC\s+(\S+)")
        set_stock(address, f"{folder}/data/operator.token")
        print(f"\nOverload; server and load generator on {half} of {len(cores)} cores each", flush=True)
        subprocess.run([RELEASE / "examples/overload", address, f"{folder}/data/operator.token"], check=True,
                       preexec_fn=of_generator)
