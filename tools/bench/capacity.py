"""What a page and an order cost on PostgreSQL, and what a number of orders a second therefore needs."""
import contextlib
import http.client
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from orders import counted
from servers import RELEASE, ROOT, cpu_seconds, line_matching, resident_megabytes, set_stock, up

sys.path.insert(0, str(ROOT / "conformance/crash"))
import databases  # noqa: E402

BUYERS, ORDER_SECONDS, IDLE_SECONDS = 64, 10, 5
PAGES, VIEWS = ("/", "/books/1", "/books/5", "/categories/mystery", "/search?q=dune"), 1000
# How many pages are looked at for each order, and how busy a processor may be.
PAGES_PER_ORDER, BUSY = 50, 0.6
ORDERS_A_SECOND = (10, 1_000, 100_000)


class Database:
    """A database of a PostgreSQL server, and what the server has used so far."""

    def __init__(self, database):
        self.database = database
        self.postmaster = int((database.cluster.folder / "data/postmaster.pid").read_text().split()[0])

    def processor_seconds(self):
        """That of all processes, also of those that have ended."""
        fields = Path(f"/proc/{self.postmaster}/stat").read_text().rsplit(") ", 1)[1].split()
        ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        total = ended + cpu_seconds(self.postmaster)
        for child in Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError):  # It has just ended.
                total += cpu_seconds(child)
        return total

    def number(self, statement):
        return self.database.query(f"SELECT {statement}")[0][0]

    def used(self):
        return {
            "database_cpu": self.processor_seconds(),
            "log_bytes": self.number("CAST(pg_current_wal_lsn() - '0/0' AS BIGINT)"),
            "bytes": self.number("pg_database_size(current_database())"),
            "syncs": self.number("wal_sync FROM pg_stat_wal"),
        }


class Bookstore:
    """A bookstore in one process on PostgreSQL, and what it and its database have used so far."""

    def __init__(self, stack, folder):
        engine = stack.enter_context(databases.engine("postgres", durable=True))(folder)
        stack.callback(engine.close)
        self.database = Database(engine)
        self.process = stack.enter_context(up(folder, "--log=warn", *engine.flags))
        addresses = {name: line_matching(self.process, rf"{name}\s+(\S+)") for name in ("shop", "gRPC", "metrics")}
        self.shop, self.grpc, self.metrics = addresses["shop"], addresses["gRPC"], addresses["metrics"]
        self.folder = folder

    def used(self):
        return self.database.used() | {
            "cpu": cpu_seconds(self.process.pid), "transactions": counted(self.metrics, "store_transactions_total")}

    def cost(self, before, count):
        """What one of a number of pages or orders, or a second, has used."""
        after = self.used()
        return {name: (after[name] - before[name]) / count for name in before}


def page_views(bookstore):
    """The cost of a page, one visitor after the other on one connection."""
    connection = http.client.HTTPConnection(urlsplit(bookstore.shop).netloc, timeout=60)

    def view(path):
        """The size of a page, in bytes; 0 if it is refused."""
        connection.request("GET", path)
        response = connection.getresponse()
        size = len(response.read())
        return size if response.status == 200 else 0
    for path in PAGES:
        # The search is refused until the index of the books is there.
        while not view(path):
            time.sleep(0.2)
    before = bookstore.used()
    sent = sum(view(path) for path in itertools.islice(itertools.cycle(PAGES), VIEWS))
    return bookstore.cost(before, VIEWS) | {"sent": sent / VIEWS}


def orders_placed(bookstore):
    set_stock(bookstore.grpc, f"{bookstore.folder}/data/operator.token")
    command = [RELEASE / "examples/orders", bookstore.grpc, f"{bookstore.folder}/data/mail", str(BUYERS), str(ORDER_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        # The first line says that all buyers have accounts.
        client.stdout.readline()
        before = bookstore.used()
        placed = json.loads(client.stdout.readline() or sys.exit("the buyers failed"))
        return bookstore.cost(before, placed["placed"])


def capacity():
    print(f"\nCapacity: one process on PostgreSQL, {VIEWS} pages and {ORDER_SECONDS} s of orders of {BUYERS} buyers")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bindery-bench-"))
        bookstore = Bookstore(stack, folder)
        page, order = page_views(bookstore), orders_placed(bookstore)
        before = bookstore.used()
        time.sleep(IDLE_SECONDS)
        idle = bookstore.cost(before, IDLE_SECONDS)
        busy = resident_megabytes(bookstore.process.pid)
    for name, cost in (("page", page), ("order", order), ("second without calls", idle)):
        print(f"  {name}: {1000 * cost['cpu']:.2f} ms of CPU, {1000 * cost['database_cpu']:.2f} ms of CPU of PostgreSQL, "
              f"{cost['transactions']:.2f} transactions, {cost['syncs']:.2f} syncs of the log, "
              f"{cost['log_bytes'] / 1000:.1f} kB of log, {cost['bytes'] / 1000:.1f} kB of tables")
    print(f"  a page has {page['sent'] / 1000:.1f} kB; memory after the orders: {busy:.0f} MB")
    print(f"\n  With {PAGES_PER_ORDER} pages for each order, and processors that are {BUSY:.0%} busy:")
    print("  | orders a second | cores for services | cores for PostgreSQL | transactions a second | log | tables in a year |")
    print("  | --- | --- | --- | --- | --- | --- |")
    for rate in ORDERS_A_SECOND:
        cores = {name: rate * (order[name] + PAGES_PER_ORDER * page[name]) / BUSY for name in ("cpu", "database_cpu")}
        print(f"  | {rate:,} | {cores['cpu']:,.1f} | {cores['database_cpu']:,.1f} | {rate * order['transactions']:,.0f} "
              f"| {rate * order['log_bytes'] / 1e6:,.1f} MB/s | {rate * order['bytes'] * 365 * 86400 / 1e12:,.1f} TB |")
