"""The databases of a bookstore, read without the bookstore: one name for each table on both
engines, such as `cart.orders`."""
import os
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

SERVICES = ("inventory", "cart", "transactions", "accounts", "payment_simulator")
POSTGRES_SETTINGS = """
listen_addresses = ''
max_connections = 200
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


class Sqlite:
    """One file for each service in the data folder."""

    name = "SQLite"

    def __init__(self, folder):
        self.data = Path(folder) / "data"
        self.flags = []

    def _connect(self):
        connection = sqlite3.connect(":memory:", timeout=30, isolation_level=None)
        for service in SERVICES:
            connection.execute(f"ATTACH ? AS {service}", (str(self.data / f"{service}.db"),))
        return connection

    def query(self, statement):
        connection = self._connect()
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def expire_leases(self):
        """Does nothing: the next process ends the leases when it opens the files."""

    def close(self):
        pass


class Postgres:
    """A cluster of its own, in which each service has a schema. Without `durable` its data does not
    survive a crash of the machine."""

    name = "PostgreSQL"

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
        self.url = f"postgres://bookstore@localhost:5432/postgres?host={self.folder}"
        self.flags = [f"--database-url={self.url}"]

    def _run(self, name, *arguments):
        subprocess.run([program(name), *arguments, f"--pgdata={self.folder}/data"], user=self.user, cwd=self.folder,
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def query(self, statement):
        command = ["psql", self.url, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t",
                   "--pset=null=NULL", "--set=ON_ERROR_STOP=1", f"--command={statement}"]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [tuple(_value(text) for text in line.split("\t")) for line in output.splitlines()]

    def expire_leases(self):
        """Ends the leases of a killed process, as if a minute had passed."""
        for service in SERVICES:
            self.query(f"UPDATE {service}.outbox SET available_at = 0 WHERE lease_id IS NOT NULL")

    def close(self):
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")


def _value(text):
    if text == "NULL":
        return None
    return int(text) if re.fullmatch(r"-?\d+", text) else text
