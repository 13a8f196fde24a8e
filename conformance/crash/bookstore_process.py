"""Real bookstore processes that are killed, stopped and started again."""
import contextlib
import os
import random
import resource
import secrets
import signal
import socket
import subprocess
import threading
from pathlib import Path

import grpc

# An aborted process leaves no core dump.
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("BINDERY_BINARY", str(ROOT / "target/debug/bookstore"))
START_SECONDS = 120
END_SECONDS = 60
CHANNEL_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 50),
    # How long a connection attempt may take.
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 200),
]
# The last line of the banner before the example call, and the only one of the simulator.
READY = ("Try:", "payment simulator at ")


class Process:
    """One command of the binary, which serves the tables of some services."""

    def __init__(self, folder, command, services):
        self.folder, self.command, self.services = folder, command, services
        self._countdown = folder / f"{services[0]}.countdown"
        self._child = None

    def start(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BINDERY_")}
        environment |= {"BINDERY_LOG": "warn", "BINDERY_CRASH_COUNTDOWN": str(self._countdown)}
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            self._child = subprocess.Popen(
                [BINARY, *self.command], cwd=self.folder, env=environment, text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            )
        self._ready = threading.Event()
        self._banner = threading.Thread(target=_read_banner, args=(self._child.stdout, self._ready), daemon=True)
        self._banner.start()

    def wait_until_ready(self):
        """Waits until the banner is printed; `False` if the process ended before that."""
        self._banner.join(START_SECONDS)
        return self._ready.is_set()

    def abort_after(self, points):
        """Lets the process abort at the next crash point after so many."""
        written = self._countdown.with_suffix(".written")
        written.write_text(str(points))
        written.rename(self._countdown)

    def abort_never(self):
        """Ends the countdown; `False` if the process has aborted, or is about to."""
        try:
            self._countdown.unlink()
        except FileNotFoundError:
            return False
        return True

    def is_started(self):
        return self._child is not None

    def has_ended(self):
        return self._child.poll() is not None

    def kill(self):
        """Sends SIGKILL and waits until the process has ended."""
        self._child.kill()
        self._child.wait()

    def terminate(self):
        """Sends SIGTERM, waits until the process has ended, and returns its exit code."""
        self._child.terminate()
        return self._child.wait(END_SECONDS)

    def pause(self):
        self._child.send_signal(signal.SIGSTOP)

    def resume(self):
        self._child.send_signal(signal.SIGCONT)


class Deployment:
    """The processes of one bookstore by name, each at the same address after each start: one with
    everything, or one for each service that orders need and one for the payment provider."""

    def __init__(self, folder, databases, separate):
        self.folder, self.databases = Path(folder), databases
        self.processes, self._addresses = {}, {}
        self.service_secret = self._secret("service.secret")
        self._lay_out(separate)

    def _lay_out(self, separate):
        if not separate:
            self._add("bookstore", ["up"], self.databases.services)
            return
        self._secret("webhook.secret")
        webhooks = free_address()
        provider = free_address()
        signed = "--webhook-secret-file=webhook.secret"
        command = ["payment-simulator", f"--addr={provider}", f"--webhook-url=http://{webhooks}/webhooks", signed]
        self.processes["provider"] = Process(
            self.folder, [*command, *self.databases.flags], ["payment_simulator"])
        # Accounts, Transactions and Cart call each other.
        self._addresses = {name: free_address() for name in ("accounts", "transactions", "cart")}
        self._add("inventory", ["serve", "inventory"], ["inventory"])
        # Nobody listens on port 1: the orders need no reviews.
        of_accounts = [self._peer("cart"), self._peer("transactions"), "--peer=reviews=http://127.0.0.1:1"]
        self._add("accounts", ["serve", "accounts", *of_accounts], ["accounts"])
        payments = [f"--payment-provider=http://{provider}", f"--webhook-addr={webhooks}", signed]
        self._add("transactions", ["serve", "transactions", self._peer("accounts"), *payments], ["transactions"])
        peers = [self._peer(name) for name in ("inventory", "accounts", "transactions")]
        self._add("cart", ["serve", "cart", *peers], ["cart"])

    def _add(self, name, command, services):
        address = self._addresses.setdefault(name, free_address())
        flags = [f"--grpc-addr={address}", "--shop-addr=127.0.0.1:0", "--metrics-addr=127.0.0.1:0",
                 "--service-secret-file=service.secret"]
        self.processes[name] = Process(self.folder, [*command, *flags, *self.databases.flags], services)

    def _peer(self, name):
        return f"--peer={name}=http://{self._addresses[name]}"

    def _secret(self, name):
        secret, path = secrets.token_hex(32), self.folder / name
        path.touch(mode=0o600)
        path.write_text(secret)
        return secret

    def start(self):
        """Starts all processes, and waits until they serve."""
        for process in self.processes.values():
            process.start()
            if not process.wait_until_ready():
                raise RuntimeError(f"{process.command} did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def restart(self, process):
        """Starts a killed process, as if so late that its leases have ended."""
        self.databases.expire_leases(process.services)
        process.start()

    def kill(self):
        for process in self.processes.values():
            process.kill()

    def audit(self):
        """The disagreements that `bookstore audit` finds in the running bookstore, as lines."""
        peers = [self._peer(name) for name in self._addresses if name in ("inventory", "transactions", "cart")]
        servers = peers or [f"--server=http://{self._addresses['bookstore']}"]
        audit = subprocess.run([BINARY, "audit", *servers], cwd=self.folder, capture_output=True, text=True, check=False)
        return [] if audit.returncode == 0 else (audit.stdout + audit.stderr).splitlines()

    def operator_token(self):
        return (self.folder / "data/operator.token").read_text().strip()

    def channel(self, service):
        address = self._addresses.get(service) or self._addresses["bookstore"]
        return grpc.insecure_channel(address, CHANNEL_OPTIONS)


# The system gives ports from 32768 to connections, so nobody takes one of these while its process is dead.
_ports = iter(random.sample(range(10_000, 32_768), 32_768 - 10_000))


def free_address():
    """An address that nobody uses, another one for each call."""
    for port in _ports:
        with contextlib.suppress(OSError):
            socket.create_server(("127.0.0.1", port)).close()
            return f"127.0.0.1:{port}"
    raise RuntimeError("no port is free")


def _read_banner(stdout, ready):
    """Reads up to the line that comes when the process serves, and drains the rest."""
    for line in stdout:
        if line.strip().startswith(READY):
            ready.set()
            break
    threading.Thread(target=stdout.read, daemon=True).start()
