"""The visitors of `just load` who come while a test of this folder breaks something, the mails that the bookstore sends
them, and the table of what they have seen."""
import csv
import email
import email.policy
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from aiosmtpd.controller import Controller

from processes import ROOT, wait_until

# An address for documentation.
MAIL_SERVER = ("203.0.113.25", 587)
# Everything shares the processors of the machine, also with other programs.
PATIENCE_SECONDS = 600


def run(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, **options)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


class Mails:
    """A mail server outside of the containers, in the network namespace of the test. It keeps the newest mail to each
    address in `folder`, and in `sites` to which sites all mails have linked."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="bindery-mails-")
        self.sites = set()
        self.controller = Controller(self, hostname=MAIL_SERVER[0], port=MAIL_SERVER[1], server_hostname="mail.example")

    def __enter__(self):
        run("ip", "address", "replace", f"{MAIL_SERVER[0]}/32", "dev", "lo")
        self.controller.start()
        return self

    def __exit__(self, *_):
        self.controller.stop()
        self.folder.cleanup()

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = message.get_body(("plain",)).get_content()
        self.sites.update(re.findall(r"https?://[^/\s]+", text))
        for address in envelope.rcpt_tos:
            unfinished = Path(self.folder.name, f".{address}")
            unfinished.write_text(text)
            unfinished.rename(Path(self.folder.name, address))
        return "250 OK"


class Visitors:
    """The visitors of `just load`, from outside of the containers, until the end of the block. Then `failed_pages`,
    `pages`, `failed_orders` and `orders` say what they have seen, and `failures` why."""

    def __init__(self, shop, mails, users):
        self.folder = tempfile.TemporaryDirectory(prefix="bindery-visitors-")
        self.log = open(Path(self.folder.name) / "log", "w")
        self.process = subprocess.Popen(
            [ROOT / ".tools/python/bin/locust", "--config=tools/load/locust.conf", f"--users={users}", "--run-time=2h",
             f"--stop-timeout={PATIENCE_SECONDS}", "--slower=1000", f"--csv={self.folder.name}/visitors"],
            cwd=ROOT, stdout=self.log, stderr=self.log, env={**os.environ, "BINDERY_SHOP": shop, "BINDERY_MAILS": mails.folder.name},
        )

    def __enter__(self):
        try:
            self.wait_for_orders(1)
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGTERM)
        self.pages, self.failed_pages, self.orders, self.failed_orders = self.counts()
        self.failures = [f"{row['Occurrences']} x {row['Name']}: {row['Error']}" for row in self.rows("failures")]
        self.folder.cleanup()

    def stop(self, how):
        self.process.send_signal(how)
        self.process.wait(PATIENCE_SECONDS)
        self.log.close()

    def rows(self, kind):
        path = Path(self.folder.name, f"visitors_{kind}.csv")
        if not path.exists():
            return []
        with open(path, newline="") as file:
            # The last row may be unfinished while visitors come.
            return [row for row in csv.DictReader(file) if None not in row.values()]

    def counts(self):
        """Pages and orders, and how many of each have failed until a few seconds ago."""
        counts = [0, 0, 0, 0]
        for row in self.rows("stats"):
            if row["Name"] == "Aggregated":
                continue
            first = 2 if row["Name"].startswith("order is ") else 0
            counts[first] += int(row["Request Count"])
            counts[first + 1] += int(row["Failure Count"])
        return counts

    def wait_for_orders(self, more):
        """Waits until visitors have bought more."""
        enough = self.counts()[2] + more
        wait_until(lambda: self.counts()[2] >= enough or self.process.poll() is not None, self.report, PATIENCE_SECONDS)
        if self.process.poll() is not None:
            raise AssertionError(self.report())

    def report(self):
        return f"{self.rows('failures')}\n{Path(self.log.name).read_text()[-2000:]}"


class Table:
    """What each event has cost, for deploy/README.md."""

    def __init__(self, until):
        self.rows = [f"| event | pages | failed | orders | failed | {until} |", "| --- | ---: | ---: | ---: | ---: | ---: |"]

    def add(self, event, visitors, seconds):
        counts = f"{visitors.pages} | {visitors.failed_pages} | {visitors.orders} | {visitors.failed_orders}"
        self.rows.append(f"| {event} | {counts} | {seconds} |")
        print(f"\n{self.rows[-1]}", *visitors.failures, sep="\n  ", flush=True)

    def __str__(self):
        return "\n".join(self.rows)


class Stopwatch:
    def __enter__(self):
        self.began = time.monotonic()
        return self

    def __exit__(self, *_):
        self.elapsed = time.monotonic() - self.began
        self.seconds = f"{self.elapsed:.0f} s"
