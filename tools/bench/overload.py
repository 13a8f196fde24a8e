"""More load than the bookstore can serve."""
import os
import subprocess
import tempfile

from servers import RELEASE, line_matching, set_stock, up


def overload():
    with tempfile.TemporaryDirectory(prefix="bindery-bench-") as folder, up(folder, "--log=warn") as bookstore:
        address = line_matching(bookstore, r"gRPC\s+(\S+)")
        set_stock(address, f"{folder}/data/operator.token")
        print(f"\nOverload; server and load generator on the same {os.cpu_count()} cores", flush=True)
        subprocess.run([RELEASE / "examples/overload", address, f"{folder}/data/operator.token"], check=True)
