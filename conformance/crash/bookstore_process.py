"""A real bookstore process that is killed and started again."""
import os
import resource
import secrets
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
CHANNEL_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 50),
    # How long a connection attempt may take.
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 200),
]


class Bookstore:
    """`bookstore up` in a folder, at the same address after each start."""

    def __init__(self, folder, databases):
        self.folder, self.databases = Path(folder), databases
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.process = None
        self.service_secret = secrets.token_hex(32)
        self._secret_file = self.folder / "service.secret"
        self._secret_file.touch(mode=0o600)
        self._secret_file.write_text(self.service_secret)

    def start(self, crash_at=None):
        """Starts the process. With `crash_at` it aborts at the crash point with this number."""
        environment = {"BINDERY_LOG": "warn"} | {name: value for name, value in os.environ.items() if not name.startswith("BINDERY_")}
        environment["BINDERY_SERVICE_SECRET_FILE"] = str(self._secret_file)
        if crash_at is not None:
            environment["BINDERY_CRASH_AT"] = str(crash_at)
        flags = [f"--grpc-addr={self.address}", "--shop-addr=127.0.0.1:0", "--metrics-addr=127.0.0.1:0"]
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [BINARY, "up", *flags, *self.databases.flags], cwd=self.folder, env=environment, text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            )
        self._ready = threading.Event()
        self._banner = threading.Thread(
            target=_read_banner, args=(self.process.stdout, self._ready), daemon=True)
        self._banner.start()

    def wait_until_ready(self):
        """Waits until the banner is printed; `False` if the process ended before that."""
        self._banner.join(START_SECONDS)
        return self._ready.is_set()

    def kill(self):
        """Sends SIGKILL and waits until the process has ended."""
        self.process.kill()
        self.process.wait()

    def audit(self):
        """The disagreements that `bookstore audit` finds in the running bookstore, as lines."""
        command = [BINARY, "audit", f"--server=http://{self.address}"]
        audit = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        return [] if audit.returncode == 0 else (audit.stdout + audit.stderr).splitlines()

    def operator_token(self):
        return (self.folder / "data/operator.token").read_text().strip()

    def channel(self):
        return grpc.insecure_channel(self.address, CHANNEL_OPTIONS)


def _read_banner(stdout, ready):
    """Reads up to the example call, which comes last."""
    for line in stdout:
        if ready.is_set():
            return
        if line.strip() == "Try:":
            ready.set()
