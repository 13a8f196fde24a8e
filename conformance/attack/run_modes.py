"""Attacks the bookstore that tools/with-bookstore has started, by one mode after the other, while
a probe makes calls and gets pages. Prints a table, and exits with 1 if a mode failed."""
import argparse
import collections
import multiprocessing
import resource
import sys
import time
import urllib.request

import modes
import probe
from target import Target

ATTACKERS = 2
# How long the processes of a mode may take to start and to notice the end.
START_SECONDS = 60
# What an attack may add to the memory of the bookstore, in bytes. Each limit allows some: 4,000
# connections, unread answers, 64 kB of each message that is not complete.
MAX_GROWTH = 128 << 20
LIMITED = "bindery_rate_limited_total"


def attack(mode, target, seconds, results):
    """Runs the mode for so long; puts the number of operations."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    operations, until = 0, time.monotonic() + seconds
    for _ in mode.run(target):
        operations += 1
        if time.monotonic() >= until:
            break
    results.put(operations)


def refused_by_rates(target):
    """How many calls and requests the rates have refused so far."""
    # The default context would check a certificate; the runner only counts.
    url = f"{'https' if target.tls else 'http'}://{target.metrics[0]}:{target.metrics[1]}/metrics"
    context = probe.tls_context("http/1.1") if target.tls else None
    with urllib.request.urlopen(url, timeout=30, context=context) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(LIMITED + "{"))


Result = collections.namedtuple("Result", "operations latencies failures before peak after refused")


def run(mode, target, seconds):
    """Runs one mode, with the probe beside it."""
    context = multiprocessing.get_context("spawn")
    stop, probed, attacked = context.Event(), context.Queue(), context.Queue()
    refused, before = refused_by_rates(target), target.memory_bytes()
    limit = time.monotonic() + seconds + START_SECONDS
    probing = context.Process(target=probe.run, args=(target, stop, probed), daemon=True)
    attacking = [
        context.Process(target=attack, args=(mode, target, seconds, attacked), daemon=True) for _ in range(ATTACKERS)]
    for process in [probing, *attacking]:
        process.start()
    peak = before
    while any(process.is_alive() for process in attacking) and time.monotonic() < limit:
        peak = max(peak, target.memory_bytes())
        time.sleep(0.05)
    operations = sum(attacked.get(timeout=30) for _ in attacking)
    stop.set()
    latencies, failures = probed.get(timeout=60)
    for process in [probing, *attacking]:
        process.join(30)
    after = target.memory_bytes()
    refused = refused_by_rates(target) - refused
    return Result(operations, latencies, failures, before, max(peak, after), after, refused)


def problems(mode, result):
    """What must not be, as lines."""
    found = [f"{count} x {text}" for text, count in collections.Counter(result.failures).items()]
    if not result.latencies:
        found.append("the probe got no answer")
    if not result.operations:
        found.append("the attackers did nothing")
    if result.peak - result.before > MAX_GROWTH:
        found.append(f"the memory grew by {(result.peak - result.before) >> 20} MiB")
    if mode.limited and not result.refused:
        found.append("the rates refused nothing")
    return found


def percentile_99(latencies):
    ordered = sorted(latencies)
    return ordered[len(ordered) * 99 // 100] if ordered else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modes", nargs="+", help="the names of the modes")
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    target, failed = Target.from_environment(), 0
    known = {mode.name: mode for mode in (modes.TLS if target.tls else modes.PLAIN)}
    header = f"{'mode':20} {'operations':>10} {'refused':>8} {'probes':>7} {'p99 ms':>7} {'failed':>7}"
    print(f"{header} {'MiB before':>11} {'peak':>5} {'after':>6}", flush=True)
    for name in arguments.modes:
        result = run(known[name], target, arguments.seconds)
        memory = [size >> 20 for size in (result.before, result.peak, result.after)]
        print(f"{name:20} {result.operations:10} {result.refused:8.0f} {len(result.latencies):7}"
              f" {percentile_99(result.latencies) * 1000:7.0f} {len(result.failures):7}"
              f" {memory[0]:11} {memory[1]:5} {memory[2]:6}", flush=True)
        found = problems(known[name], result)
        for problem in found:
            print(f"  FAILED {problem}", flush=True)
        failed += bool(found)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
