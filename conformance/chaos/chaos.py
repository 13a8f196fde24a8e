"""Breaks a bookstore of fifteen processes, one fault or two at a time, while buyers and visitors use it.
Prints what each fault has cost, and checks what is left when all orders have ended. Exits with 1 if the
error budget was not kept, a fault was not recovered from in time, or something is wrong."""
import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "crash"))
from shop import END_SECONDS, Shop, exit_on_termination  # noqa: E402

from databases import engine  # noqa: E402
from faults import Faults, one_of_each  # noqa: E402
from replicas import SERVICES, REPLICAS, Replicas  # noqa: E402
from visitors import Visitor  # noqa: E402

BUYERS, VISITORS = 4, 2
# The error budget: of all calls and pages, how many may get no answer. Callers retry what the contract
# allows before a call counts as failed. The calls during a restart of the database, of which there is
# only one, are not in it.
MOST_FAILURES = 0.02
# So long after the end of a fault no call may fail any more.
RECOVERY_SECONDS = 5
# So many calls in a row without a failure show that a fault is over.
CALM_CALLS = 60
# How long that may take.
CALM_SECONDS = 60
# Answers that no fault explains.
WRONG = ("INTERNAL", "DATA_LOSS", "UNIMPLEMENTED", "PAGE_500")


class Row:
    """What one fault, or a pair, has cost."""

    def __init__(self, faults, began):
        self.text = " and ".join(f"{fault.target} {fault.kind}" for fault in faults)
        self.began, self.ended, self.recovery = began, None, None
        self.calls = self.failed = 0
        self.is_of_database = any(fault.target == "database" for fault in faults)

    def count(self, calls):
        self.calls += len(calls)
        self.failed += sum(code is not None for _, code in calls)

    def __str__(self):
        recovery = "not in time" if self.recovery is None else f"{self.recovery:.1f} s"
        return (f"{self.text:<58} {self.ended - self.began:>6.1f} s {self.calls:>7} {self.failed:>7}"
                f" {recovery:>12}")


def calm_after(results, ended, position):
    """Waits until calls succeed again. Returns the seconds from `ended` to the last failure; `None` if
    calls still fail after a long time. `position` is that of the first call to look at."""
    limit = time.monotonic() + CALM_SECONDS
    while time.monotonic() < limit:
        calls = results.calls[position:]
        last = max((index for index, (when, code) in enumerate(calls) if code is not None and when > ended), default=None)
        after = [when for when, _ in calls[0 if last is None else last + 1:] if when > ended]
        if len(after) >= CALM_CALLS:
            return 0.0 if last is None else calls[last][0] - ended
        time.sleep(0.1)
    return None


def break_it(shop, faults):
    """Lets the faults begin, and end after their time; returns the row of the table."""
    row, position = Row(faults, time.monotonic()), len(shop.results.calls)
    for fault in faults:
        fault.begin()
    began = time.monotonic()
    for fault in sorted(faults, key=lambda one: one.seconds):
        time.sleep(max(0, began + fault.seconds - time.monotonic()))
        fault.end()
    row.ended = time.monotonic()
    row.recovery = calm_after(shop.results, row.ended, position)
    row.count(shop.results.calls[position:])
    shop.receipts.collect()
    print(row, flush=True)
    return row


def rolling_restart(shop, faults):
    """Every process is stopped and started again, and the database in the middle."""
    names = [f"{service}-{number}" for service in SERVICES for number in REPLICAS]
    steps = [faults.stopped(name, 0) for name in names]
    steps.insert(len(steps) // 2, faults.restarted("fast"))
    return [[step] for step in steps]


def random_faults(faults, generator, count):
    for _ in range(count):
        first = faults.random(generator)
        is_pair = first.seconds > 0 and generator.random() < 0.4
        yield [first, faults.random(generator, first)] if is_pair else [first]


def failures(rows, results):
    """How many calls there were, and how many of them failed, but for restarts of the database."""
    failed, of_database = sum(code is not None for _, code in results.calls), [row for row in rows if row.is_of_database]
    return len(results.calls) - sum(row.calls for row in of_database), failed - sum(row.failed for row in of_database)


def problems_of(rows, results, is_rolling):
    calls, failed = failures(rows, results)
    if failed > MOST_FAILURES * calls:
        yield f"{failed} of {calls} calls failed: over the error budget of {MOST_FAILURES:.0%}"
    for row in rows:
        if row.recovery is None or row.recovery > RECOVERY_SECONDS:
            yield f"{row.text}: calls failed for more than {RECOVERY_SECONDS} s after the end of the fault"
        if is_rolling and row.failed and not row.is_of_database:
            yield f"{row.text}: {row.failed} calls failed, though another process could answer"
    wrong = [code for _, code in results.calls if code in WRONG]
    if wrong:
        yield f"{len(wrong)} answers that no fault explains: {', '.join(sorted(set(wrong)))}"


def run(create_databases, arguments):
    generator = random.Random(arguments.seed)
    with Shop(create_databases, arguments.seed, BUYERS, deploy=Replicas) as shop:
        visitors = [Visitor(number, shop.deployment, shop.results, arguments.seed) for number in range(VISITORS)]
        for caller in [*shop.buyers, *visitors]:
            caller.start()
        faults = Faults(shop)
        if calm_after(shop.results, time.monotonic(), 0) is None:
            return ["the bookstore does not serve before the first fault"]
        print(f"{'fault':<58} {'lasted':>8} {'calls':>7} {'failed':>7} {'recovered in':>12}", flush=True)
        before = len(shop.results.calls)
        if arguments.rolling:
            planned = rolling_restart(shop, faults)
        elif arguments.short:
            planned = [[fault] for fault in one_of_each(faults, generator)]
        else:
            planned = random_faults(faults, generator, arguments.faults)
        rows = [break_it(shop, step) for step in planned]
        del shop.results.calls[:before]
        for caller in [*shop.buyers, *visitors]:
            caller.stop.set()
        for caller in [*shop.buyers, *visitors]:
            caller.join(END_SECONDS)
        found = [f"{caller.name} still waits for an answer" for caller in [*shop.buyers, *visitors] if caller.is_alive()]
        shop.wait_for_end()
        found += [*problems_of(rows, shop.results, arguments.rolling), *shop.violations()]
        calls, failed = failures(rows, shop.results)
        print(f"{len(rows)} faults, {len(shop.results.orders)} orders; but for restarts of the database, {failed} of {calls}"
              f" calls failed ({failed / max(1, calls):.2%}; budget {MOST_FAILURES:.0%})")
        for text, count in shop.results.unanswered.most_common(20):
            print(f"    {count} {text}")
        if found:
            print((shop.deployment.folder / "log").read_text()[-4000:], file=sys.stderr)
        return found


def main():
    exit_on_termination()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=40, help="how many faults or pairs (default: %(default)s)")
    parser.add_argument("--short", action="store_true", help="one fault of each kind instead")
    parser.add_argument("--rolling", action="store_true",
                        help="restart every process instead, one after the other, and the database in the middle")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="the seed of the faults and orders")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    began = time.monotonic()
    with engine("postgres") as create_databases:
        found = run(create_databases, arguments)
    for problem in found:
        print(f"  VIOLATION {problem}")
    print(f"{'FAILED' if found else 'passed'} in {time.monotonic() - began:.0f} s, seed {arguments.seed}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
