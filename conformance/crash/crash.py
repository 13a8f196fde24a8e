"""Kills processes of a real bookstore at random moments, or lets each abort at each of its crash
points, and checks what is left when all orders have ended. Prints every violation, and exits with 1
if there is one."""
import argparse
import collections
import contextlib
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from shop import END_SECONDS, Shop, exit_on_termination

import invariants
from buyers import KINDS, LAST_BOOKS
from databases import engine

BUYERS = 6
# Each round has a bookstore of its own.
KILLS_IN_A_ROUND = 50
# The time from a start to its kill. Some kills hit the start itself.
LIFETIME_SECONDS = (0.0, 1.0)
EARLY_KILLS = 0.1
# More than the crash points of any order.
MAX_POINTS = 200
# The processes that have crash points: with everything in one, and with one for each service.
ONE, MANY = ("bookstore",), ("cart", "transactions", "inventory", "provider")


def random_kills(create_databases, separate, seed, kills, hits):
    """Kills processes of one shop so many times. Returns the results and the violations."""
    generator = random.Random(seed)
    with Shop(create_databases, seed, BUYERS, separate) as shop:
        for buyer in shop.buyers:
            buyer.start()
        for _ in range(kills):
            process = generator.choice(list(shop.processes.values()))
            lifetime = generator.uniform(*LIFETIME_SECONDS)
            if generator.random() >= EARLY_KILLS and not process.wait_until_ready():
                return shop.results, ["the process did not start again"]
            time.sleep(lifetime)
            process.kill()
            hits.update(invariants.unfinished(shop.databases).keys() or ["no unfinished order"])
            shop.restart(process)
        for buyer in shop.buyers:
            buyer.stop.set()
        for process in shop.processes.values():
            process.wait_until_ready()
        for buyer in shop.buyers:
            buyer.join(END_SECONDS)
        unfinished = [buyer.email for buyer in shop.buyers if buyer.is_alive()]
        shop.wait_for_end()
        return shop.results, [f"{email} still waits for an answer" for email in unfinished] + shop.violations()


def every_point(create_databases, victim, kind, seed):
    """Places an order of a kind once for each crash point that it reaches in a process, and lets
    the process abort there. Returns the number of points, the results and the violations."""
    buyers = 2 if kind == "last copies" else 1
    with Shop(create_databases, seed, buyers, separate=victim in MANY) as shop:
        process = shop.processes[victim]
        for point in range(MAX_POINTS):
            orders = len(shop.results.orders)
            process.abort_after(point)
            aborted = _order_with_abort(shop, process, kind, LAST_BOOKS[point])
            found = shop.violations()
            if len(shop.results.orders) != orders + 1:
                found.append(f"{len(shop.results.orders) - orders} of {buyers} requests got an order")
            if found or not aborted:
                return point, shop.results, [f"point {point}: {violation}" for violation in found]
        return MAX_POINTS, shop.results, ["there are too many points"]


def _order_with_abort(shop, process, kind, last_book):
    """Lets each buyer place an order, to its end; restarts the process if it aborts, and tells
    whether it did."""
    with ThreadPoolExecutor(len(shop.buyers)) as executor:
        placed = [executor.submit(buyer.order, kind, last_book) for buyer in shop.buyers]
        aborted = False
        limit = time.monotonic() + END_SECONDS
        while time.monotonic() < limit:
            if process.has_ended():
                aborted = True
                shop.restart(process)
            elif all(one.done() for one in placed) and not invariants.pending(shop.databases):
                break
            time.sleep(0.02)
        for one in placed:
            one.result(timeout=END_SECONDS)
    # A webhook may reach the point when the order has ended.
    if not process.abort_never() and not aborted:
        aborted = True
        process.kill()
        shop.restart(process)
    return aborted


class Report:
    """Prints the results, and remembers whether something was violated."""

    failed = False

    def add(self, title, results, found):
        kinds = ", ".join(f"{count} {kind}" for kind, count in results.kinds.most_common())
        lines = [f"{title}: {len(results.orders)} orders ({kinds}), {sum(results.refusals.values())} refused,"
                 f" {sum(results.unanswered.values())} calls unanswered, {len(found)} violations"]
        lines += [f"    refused: {count} {text}" for text, count in results.refusals.most_common()]
        lines += [f"  VIOLATION {violation}" for violation in found]
        print("\n".join(lines), flush=True)
        self.failed = self.failed or bool(found)


def run_points(report, engines, arguments, executor):
    processes = {"one": ONE, "many": MANY, "both": ONE + MANY}[arguments.processes]
    victims = [victim for victim in processes if victim in (arguments.victim or processes)]

    def run(job):
        (name, create_databases), victim, kind = job
        points, results, found = every_point(create_databases, victim, kind, arguments.seed)
        report.add(f"{name}, {victim}, {kind}: {points} points", results, found)
        return points

    kinds = arguments.kind or list(KINDS)
    jobs = [(one, victim, kind) for one in engines.items() for victim in victims for kind in kinds]
    print(f"{sum(executor.map(run, jobs))} points in {len(jobs)} runs")


def run_kills(report, engines, arguments, executor):
    separate = {"one": [False], "many": [True], "both": [False, True]}[arguments.processes]
    matrix, hits = [(one, many) for one in engines.items() for many in separate], collections.Counter()
    jobs = []
    for place, one in enumerate(matrix):
        left = arguments.kills * (place + 1) // len(matrix) - arguments.kills * place // len(matrix)
        rounds = -(-left // KILLS_IN_A_ROUND)
        jobs += [(one, left * (index + 1) // rounds - left * index // rounds) for index in range(rounds)]

    def run(job):
        seed, (((name, create_databases), many), kills) = job
        results, found = random_kills(create_databases, many, seed, kills, hits)
        processes = "many processes" if many else "one process"
        report.add(f"{name}, {processes}, seed {seed}, {kills} kills", results, found)

    list(executor.map(run, enumerate(jobs, arguments.seed)))
    for state, count in hits.most_common():
        print(f"kills that hit an order that was {state}: {count}")
    print(f"{sum(kills for _, kills in jobs)} kills")


def main():
    exit_on_termination()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="the number of kills (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32),
                        help="the seed of the orders and of the moments")
    parser.add_argument("--engine", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--processes", choices=["one", "many", "both"], default="both",
                        help="everything in one process, or one for each service (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many bookstores run at once")
    parser.add_argument("--points", action="store_true", help="abort at each crash point instead")
    parser.add_argument("--kind", choices=KINDS, action="append", help="with --points: only this kind of order")
    parser.add_argument("--victim", choices=ONE + MANY, action="append", help="with --points: only this process")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    began, report = time.monotonic(), Report()
    names = ["sqlite", "postgres"] if arguments.engine == "both" else [arguments.engine]
    with contextlib.ExitStack() as stack:
        engines = {name: stack.enter_context(engine(name)) for name in names}
        executor = ThreadPoolExecutor(arguments.jobs)
        # After an error or a signal, no further run begins.
        stack.callback(executor.shutdown, cancel_futures=True)
        (run_points if arguments.points else run_kills)(report, engines, arguments, executor)
    print(f"{'FAILED' if report.failed else 'passed'} in {time.monotonic() - began:.0f} s, seed {arguments.seed}")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
