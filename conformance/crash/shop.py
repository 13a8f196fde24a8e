"""A real bookstore with books in stock and buyers, and what has to hold when its orders have ended."""
import contextlib
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

# Processes are started while calls are made.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers/python"))
import stubs  # noqa: E402

stubs.generate_and_import(stubs.CONTRACT)

from bookstore.inventory.v1 import inventory_service_pb2 as inventory  # noqa: E402
from bookstore.inventory.v1 import inventory_service_pb2_grpc  # noqa: E402

import invariants  # noqa: E402
from bookstore_process import Deployment  # noqa: E402
from buyers import BOOKS, LAST_BOOKS, LAST_COPIES, Buyer, Results  # noqa: E402

# A step that fails is repeated after at most 30 seconds.
END_SECONDS = 180


class Shop:
    """A bookstore with books in stock and buyers with accounts. `create_databases` is what
    `databases.engine` gives; with `separate` each service has a process of its own. `deploy` makes the
    processes of a folder, its databases and `separate`."""

    def __init__(self, create_databases, seed, buyers, separate=False, stock=None, deploy=Deployment):
        self._cleanup = contextlib.ExitStack()
        with self._cleanup:
            self._prepare(create_databases, seed, buyers, separate, stock, deploy)
            self._cleanup = self._cleanup.pop_all()

    def _prepare(self, create_databases, seed, buyers, separate, stock, deploy):
        folder = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="bindery-crash-")))
        self.databases = create_databases(folder)
        self._cleanup.callback(self.databases.close)
        self.deployment = deploy(folder, self.databases, separate)
        self.results = Results()
        self.receipts = invariants.Receipts(folder / "data/mail")
        full, few = dict.fromkeys(BOOKS, 100_000), dict.fromkeys(LAST_BOOKS, LAST_COPIES)
        self.stock = stock or full | few
        self._cleanup.callback(self.deployment.kill)
        self.deployment.start()
        with self.deployment.channel("inventory") as channel:
            operator = inventory_service_pb2_grpc.InventoryServiceStub(channel)
            metadata = [("authorization", f"Bearer {self.deployment.operator_token()}")]
            for book_id, on_hand in self.stock.items():
                operator.SetStock(
                    inventory.SetStockRequest(book_id=book_id, on_hand=on_hand), metadata=metadata, timeout=60,
                    wait_for_ready=True)
        self.buyers = [Buyer(number, self.deployment, self.results, seed) for number in range(buyers)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for buyer in self.buyers:
            buyer.stop.set()
        self._cleanup.close()

    @property
    def processes(self):
        return self.deployment.processes

    def restart(self, process):
        """Starts a killed process again."""
        self.receipts.collect()
        self.deployment.restart(process)

    def wait_for_end(self):
        """Waits until all orders have ended."""
        limit = time.monotonic() + END_SECONDS
        while time.monotonic() < limit and invariants.pending(self.databases):
            self.receipts.collect()
            time.sleep(0.1)

    def violations(self):
        found = invariants.violations(self.databases, self.results, self.stock, self.receipts)
        return self.results.violations + found + [f"audit: {line}" for line in self.deployment.audit()]


def exit_on_termination():
    """Lets SIGTERM end the processes as well that this one has started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
