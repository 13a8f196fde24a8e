"""The databases of a bookstore, read without the bookstore: one name for each table on both
engines, such as `cart.orders`."""
import contextlib
import itertools
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

SERVICES = ("inventory", "cart", "transactions", "accounts", "payment_simulator")
POSTGRES_SETTINGS = """
listen_addresses = ''
max_connections = 500
shared_buffers = 32MB
"""
NOT_DURABLE = """
fsync = off
full_page_writes = off
"""


def program(name):
    """The path of a program of PostgreSQL, which Debian does not put into the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return shutil.which(name) or str(folders[-1] / name)


@contextlib.contextmanager
def engine(name, durable=False):
    """A function that makes the databases of a new bookstore in a folder, on `sqlite` or
    `postgres`. All bookstores share one PostgreSQL cluster, which may be durable."""
    if name == "sqlite":
        yield Sqlite
        return
    with tempfile.TemporaryDirectory(prefix="bindery-postgres-") as folder:
        cluster = Cluster(folder, durable)
        try:
            yield cluster.create_database
        finally:
            cluster.close()


class Sqlite:
    """One file for each service in the data folder."""

    name, services = "SQLite", SERVICES

    def __init__(self, folder):
        self.data = Path(folder) / "data"
        self.flags = []

    def query(self, statement):
        connection = sqlite3.connect(":memory:", timeout=30, isolation_level=None)
        try:
            for service in SERVICES:
                connection.execute(f"ATTACH ? AS {service}", (str(self.data / f"{service}.db"),))
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def expire_leases(self, services):
        """Does nothing: the next process ends the leases when it opens the files."""

    def close(self):
        pass


class Cluster:
    """A PostgreSQL server on a socket. Without `durable` its data does not survive a crash of the
    machine."""

    def __init__(self, folder, durable=False):
        self.folder = Path(folder) / "postgres"
        self.folder.mkdir()
        self.user = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root. The server must reach its folder.
            self.user = "postgres"
            os.chmod(folder, 0o755)
            shutil.chown(self.folder, self.user)
        self._run("initdb", "--username=bookstore", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        with open(self.folder / "data/postgresql.conf", "a", encoding="utf-8") as settings:
            settings.write(f"{POSTGRES_SETTINGS}{'' if durable else NOT_DURABLE}unix_socket_directories = '{self.folder}'\n")
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self.folder}/log")
        self._numbers = itertools.count(1)
        self.url = self.url_of("postgres")

    def _run(self, name, *arguments):
        subprocess.run([program(name), *arguments, f"--pgdata={self.folder}/data"], user=self.user, cwd=self.folder,
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def url_of(self, database):
        return f"postgres://bookstore@localhost:5432/{database}?host={self.folder}"

    def create_database(self, _folder):
        name = f"bookstore{next(self._numbers)}"
        query(self.url, f"CREATE DATABASE {name}")
        return Postgres(self, name)

    def restart(self, mode):
        """Restarts the server: `fast` ends its connections, `immediate` is like a crash."""
        self._run("pg_ctl", "restart", "--wait", "--silent", f"--mode={mode}", f"--log={self.folder}/log")

    def close(self):
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")


class Postgres:
    """A database of a cluster, in which each service has a schema."""

    name, services = "PostgreSQL", SERVICES

    def __init__(self, cluster, database):
        self.cluster, self._database = cluster, database
        self.url = cluster.url_of(database)
        self.flags = [f"--database-url={self.url}"]

    def query(self, statement):
        return query(self.url, statement)

    def expire_leases(self, services):
        """Ends the leases of the killed process of some services, as if a minute had passed."""
        for service in services:
            self.query(f"UPDATE {service}.outbox SET available_at = 0 WHERE lease_id IS NOT NULL")

    def close(self):
        query(self.cluster.url, f"DROP DATABASE {self._database} WITH (FORCE)")


def query(url, statement):
    """The rows of a statement on PostgreSQL."""
    command = ["psql", url, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t",
               "--pset=null=NULL", "--set=ON_ERROR_STOP=1", f"--command={statement}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [tuple(_value(text) for text in line.split("\t")) for line in output.splitlines()]


def _value(text):
    if text == "NULL":
        return None
    return int(text) if re.fullmatch(r"-?\d+", text) else text
