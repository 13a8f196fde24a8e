"""Kills a real bookstore at random moments, or at each of its crash points, and checks what is
left when all orders have ended. Prints every violation, and exits with 1 if there is one."""
import argparse
import collections
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Processes are started while calls are made.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers/python"))
import stubs  # noqa: E402

stubs.generate_and_import(stubs.CONTRACT)

from bookstore.inventory.v1 import inventory_service_pb2 as inventory  # noqa: E402
from bookstore.inventory.v1 import inventory_service_pb2_grpc  # noqa: E402

import invariants  # noqa: E402
from bookstore_process import Bookstore  # noqa: E402
from buyers import BOOKS, KINDS, LAST_BOOK, Buyer, Results  # noqa: E402
from databases import Postgres, Sqlite  # noqa: E402

ENGINES = {"sqlite": Sqlite, "postgres": Postgres}
BUYERS = 6
# Each round has a bookstore of its own.
KILLS_IN_A_ROUND = 50
# The time from a start to its kill. Some kills hit the start itself.
LIFETIME_SECONDS = (0.0, 1.0)
EARLY_KILLS = 0.1
# A step that fails is repeated after at most 30 seconds.
END_SECONDS = 180
# More than the crash points of any order.
MAX_POINTS = 200


class Shop:
    """A bookstore with books in stock and buyers with accounts."""

    def __init__(self, engine, seed, buyers, stock=None):
        self._cleanup = contextlib.ExitStack()
        with self._cleanup:
            self._prepare(engine, seed, buyers, stock)
            self._cleanup = self._cleanup.pop_all()

    def _prepare(self, engine, seed, buyers, stock):
        folder = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="bindery-crash-")))
        self.databases = engine(folder)
        self._cleanup.callback(self.databases.close)
        self.process = Bookstore(folder, self.databases)
        self.results = Results()
        self.receipts = invariants.Receipts(folder / "data/mail")
        self.stock = stock or {book_id: 100_000 for book_id in BOOKS} | {LAST_BOOK: 25}
        self.process.start()
        self._cleanup.callback(self.process.kill)
        self.process.wait_until_ready()
        with self.process.channel() as channel:
            operator = inventory_service_pb2_grpc.InventoryServiceStub(channel)
            metadata = [("authorization", f"Bearer {self.process.operator_token()}")]
            for book_id, on_hand in self.stock.items():
                operator.SetStock(
                    inventory.SetStockRequest(book_id=book_id, on_hand=on_hand), metadata=metadata, timeout=60,
                    wait_for_ready=True)
        self.buyers = [Buyer(number, self.process, self.results, seed) for number in range(buyers)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for buyer in self.buyers:
            buyer.stop.set()
        self._cleanup.close()

    def restart(self, crash_at=None):
        """Starts the killed process, as if so late that the leases of the dead one have ended."""
        self.databases.expire_leases()
        self.receipts.collect()
        self.process.start(crash_at)

    def wait_for_end(self):
        """Waits until all orders have ended."""
        limit = time.monotonic() + END_SECONDS
        while time.monotonic() < limit and invariants.pending(self.databases):
            self.receipts.collect()
            time.sleep(0.1)

    def violations(self):
        found = invariants.violations(self.databases, self.results.orders, self.stock, self.receipts)
        return self.results.violations + found + [f"audit: {line}" for line in self.process.audit()]


def random_kills(engine, seed, kills, hits):
    """Kills the process of one shop so many times. Returns the results and the violations."""
    generator = random.Random(seed)
    with Shop(engine, seed, BUYERS) as shop:
        for buyer in shop.buyers:
            buyer.start()
        for _ in range(kills):
            lifetime = generator.uniform(*LIFETIME_SECONDS)
            if generator.random() >= EARLY_KILLS and not shop.process.wait_until_ready():
                return shop.results, ["the process did not start again"]
            time.sleep(lifetime)
            shop.process.kill()
            hits.update(invariants.unfinished(shop.databases).keys() or ["no unfinished order"])
            shop.restart()
        for buyer in shop.buyers:
            buyer.stop.set()
        shop.process.wait_until_ready()
        for buyer in shop.buyers:
            buyer.join(END_SECONDS)
        unfinished = [buyer.email for buyer in shop.buyers if buyer.is_alive()]
        shop.wait_for_end()
        return shop.results, [f"{email} still waits for an answer" for email in unfinished] + shop.violations()


def every_point(engine, seed, kinds):
    """Places an order of each kind once for each crash point that it reaches, and lets the process
    abort there. Returns the results and the violations."""
    with Shop(engine, seed, 1) as shop:
        buyer = shop.buyers[0]
        for kind in kinds:
            for point in range(MAX_POINTS):
                shop.process.kill()
                shop.restart(point)
                aborted = _order_with_abort(shop, buyer, kind)
                found = shop.violations()
                if found:
                    return shop.results, [f"{kind}, point {point}: {violation}" for violation in found]
                if not aborted:
                    print(f"  {kind}: {point} points", flush=True)
                    break
        return shop.results, []


def _order_with_abort(shop, buyer, kind):
    """Places one order to its end; restarts the process if it aborts, and tells whether it did."""
    with ThreadPoolExecutor(1) as executor:
        placed = executor.submit(buyer.order, kind)
        aborted = False
        limit = time.monotonic() + END_SECONDS
        while time.monotonic() < limit:
            if shop.process.process.poll() is not None:
                aborted = True
                shop.restart()
            elif placed.done() and not invariants.pending(shop.databases):
                break
            time.sleep(0.02)
        placed.result(timeout=END_SECONDS)
        return aborted


def exit_on_termination():
    """Lets SIGTERM end the processes as well that this one has started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))


def main():
    exit_on_termination()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="the number of kills (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="the seed of the orders and of the moments")
    parser.add_argument("--engine", choices=[*ENGINES, "both"], default="both")
    parser.add_argument("--points", action="store_true", help="abort at each crash point instead")
    parser.add_argument("--kind", choices=KINDS, action="append", help="with --points: only this kind of order")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.randrange(2**32)
    engines = list(ENGINES.values()) if arguments.engine == "both" else [ENGINES[arguments.engine]]
    print(f"seed {seed}", flush=True)

    began, hits, failed, rounds = time.monotonic(), collections.Counter(), False, []
    if arguments.points:
        rounds = [(engine, 0) for engine in engines]
    else:
        left = {engine: arguments.kills // len(engines) for engine in engines}
        while any(left.values()):
            for engine in engines:
                if kills := min(left[engine], KILLS_IN_A_ROUND):
                    rounds.append((engine, kills))
                    left[engine] -= kills
    for number, (engine, kills) in enumerate(rounds):
        if arguments.points:
            results, found = every_point(engine, seed, arguments.kind or list(KINDS))
        else:
            results, found = random_kills(engine, seed + number, kills, hits)
        kinds = ", ".join(f"{count} {kind}" for kind, count in results.kinds.most_common())
        print(f"{engine.name}, {kills} kills: {len(results.orders)} orders ({kinds}), "
              f"{sum(results.refusals.values())} refused, {sum(results.unanswered.values())} calls unanswered, "
              f"{len(found)} violations", flush=True)
        for what, counts in (("refused", results.refusals), ("unanswered", results.unanswered)):
            for text, count in counts.most_common():
                print(f"    {what}: {count} {text}")
        for violation in found:
            print(f"  VIOLATION {violation}")
        failed = failed or bool(found)
    for state, count in hits.most_common():
        print(f"kills that hit an order that was {state}: {count}")
    print(f"{'FAILED' if failed else 'passed'} in {time.monotonic() - began:.0f} s, seed {seed}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
