"""Orders, from placed to paid, beside the durable commits of the database alone."""
import contextlib
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from servers import RELEASE, ROOT, cpu_seconds, line_matching, set_stock, up

sys.path.insert(0, str(ROOT / "conformance/crash"))
import databases  # noqa: E402

BUYERS = 64
ORDER_SECONDS = 5
COMMIT_SECONDS = 2


def sqlite_commits(folder):
    """Transactions in a second that insert one row, one after the other, with the settings of
    the bookstore. SQLite has one writer, so more of them would not be faster."""
    connection = sqlite3.connect(f"{folder}/commits.db", isolation_level=None)
    with contextlib.closing(connection):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, text TEXT)")
        count, began = 0, time.monotonic()
        while time.monotonic() - began < COMMIT_SECONDS:
            connection.execute("INSERT INTO rows (text) VALUES ('a row of a length that orders have')")
            count += 1
        return count / (time.monotonic() - began)


def postgres_commits(database, folder, clients):
    """The same on PostgreSQL, with a number of clients: they share the writes of the log."""
    database.query("CREATE TABLE IF NOT EXISTS rows (number BIGSERIAL PRIMARY KEY, text TEXT)")
    script = Path(folder) / "insert.sql"
    script.write_text("INSERT INTO rows (text) VALUES ('a row of a length that orders have');\n")
    command = [databases.program("pgbench"), "--no-vacuum", f"--file={script}", f"--client={clients}", f"--time={COMMIT_SECONDS}",
               "--protocol=prepared", database.url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.search(r"tps = ([\d.]+)", output)[1])


def commits(engine, database, folder):
    """Durable commits in a second, by the number of writers."""
    if engine == "SQLite":
        return {1: sqlite_commits(folder)}
    return {clients: postgres_commits(database, folder, clients) for clients in (1, BUYERS)}


def counted(metrics, name):
    """The sum of a counter over all databases of the bookstore."""
    with urllib.request.urlopen(metrics, timeout=10) as response:
        text = response.read().decode()
    return sum(float(value) for value in re.findall(rf"^{name}{{.*}} (\S+)$", text, re.M))


def syncs(engine, database, metrics):
    """How often a log was synced to the disk so far."""
    if engine == "SQLite":
        return counted(metrics, "store_commits_total")
    return database.query("SELECT wal_sync FROM pg_stat_wal")[0][0]


def turn(engine, folder):
    """One turn on a new database."""
    with contextlib.ExitStack() as stack:
        name = {"PostgreSQL": "postgres", "SQLite": "sqlite"}[engine]
        database = stack.enter_context(databases.engine(name, durable=True))(folder)
        stack.callback(database.close)
        result = {"commits": commits(engine, database, folder)}
        bookstore = stack.enter_context(up(folder, "--log=warn", *database.flags))
        address, metrics = line_matching(bookstore, r"gRPC\s+(\S+)"), line_matching(bookstore, r"metrics\s+(\S+)")
        set_stock(address, f"{folder}/data/operator.token")
        client = subprocess.Popen([RELEASE / "examples/orders", address, f"{folder}/data/mail", str(BUYERS), str(ORDER_SECONDS)],
                                  stdout=subprocess.PIPE, text=True)
        # The first line says that all buyers have accounts.
        client.stdout.readline()
        before = counted(metrics, "store_transactions_total"), syncs(engine, database, metrics), cpu_seconds(bookstore.pid)
        result |= json.loads(client.stdout.readline() or sys.exit("the buyers failed"))
        after = counted(metrics, "store_transactions_total"), syncs(engine, database, metrics), cpu_seconds(bookstore.pid)
        client.wait()
        # Orders that are placed at the end of the time are paid, but not counted.
        for name, start, end in zip(("transactions", "syncs", "cpu"), before, after):
            result[name] = (end - start) / result["placed"]
        return result


def orders_on(engine, rounds):
    turns = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="bindery-bench-") as folder:
            turns.append(turn(engine, folder))
    median = lambda name: statistics.median(it[name] for it in turns)
    rates = [it["rate"] for it in turns]
    print(f"  {engine}: {median('rate'):,.0f} orders/s (min {min(rates):,.0f}, max {max(rates):,.0f}); placed in "
          f"{median('place_ms'):.0f} ms, paid {median('paid_ms'):.0f} ms later, p99 {median('paid_p99_ms'):.0f} ms")
    print(f"    for each order {median('transactions'):.1f} transactions, {median('syncs'):.1f} syncs of a log, {1000 * median('cpu'):.1f} ms of CPU")
    for writers in turns[0]["commits"]:
        alone = statistics.median(it["commits"][writers] for it in turns)
        print(f"    {alone:>7,.0f} durable commits/s of the database alone with {writers} writers: ratio {median('rate') / alone:.2f}", flush=True)


def orders(rounds):
    print(f"\nOrders from placed to paid, {BUYERS} buyers, {rounds} turns, medians; all on the same {os.cpu_count()} cores")
    for engine in ("SQLite", "PostgreSQL"):
        orders_on(engine, rounds)
