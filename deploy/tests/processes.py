"""Starts processes of the bookstore for the tests in this folder, and waits for what they do."""
import os
import re
import secrets
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("BINDERY_BINARY", ROOT / "target/debug/bookstore")
# All services but Inventory, which the tests run in a process of its own.
OTHERS = ["marketplace", "recommendations", "cart", "transactions", "accounts", "reviews"]


def wait_until(condition, what, seconds=30):
    """Polls until the condition holds, and returns its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.1)
    return value


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def write_service_secret(folder):
    secret = folder / "service.secret"
    secret.touch(mode=0o600)
    secret.write_text(secrets.token_hex(32))


class Process:
    """`bookstore COMMAND ...` on free ports, with the addresses that it prints."""

    def __init__(self, folder, name, *arguments, **environment):
        self.log_path = folder / f"{name}.log"
        self.log = open(self.log_path, "w")
        flags = [f"--{port}-addr=127.0.0.1:0" for port in ("shop", "grpc", "metrics")]
        flags += [f"--data={folder}/data", f"--service-secret-file={folder}/service.secret"]
        self.process = subprocess.Popen(
            [BINARY, *arguments, *flags], stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, **environment},
        )
        self.addresses = {}
        ready = threading.Event()
        threading.Thread(target=self.read, args=(ready,), daemon=True).start()
        if not ready.wait(30) or "metrics" not in self.addresses:
            self.end(signal.SIGKILL)
            raise AssertionError(f"{name} did not start: {self.log_path.read_text()}")

    def read(self, ready):
        for line in self.process.stdout:
            if match := re.match(r"\s+(\w+)\s+(\S+)", line):
                self.addresses[match[1]] = match[2]
            if "metrics" in self.addresses:
                ready.set()
        ready.set()

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)
        self.process.stdout.close()
        self.log.close()
