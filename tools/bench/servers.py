"""The measured processes: how they are started, and what they use."""
import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target/release"


@contextlib.contextmanager
def process(command, **options):
    """Runs a process; stops it with SIGTERM, and after 15 s with SIGKILL."""
    child = subprocess.Popen(command, text=True, cwd=ROOT, **options)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def line_matching(child, pattern):
    for line in child.stdout:
        match = re.search(pattern, line)
        if match:
            return match[1]
    sys.exit(f"{child.args[0]} ended without printing {pattern}")


def service_secret(folder):
    """The file with the secret by which the tester calls as a service."""
    return Path(folder) / "service.secret"


def up(folder, *flags, **options):
    addresses = [f"--{name}-addr=127.0.0.1:0" for name in ("shop", "grpc", "metrics")]
    log = open(Path(folder) / "log", "w")
    secret = service_secret(folder)
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_hex(32))
    return process([RELEASE / "bookstore", "up", f"--data={folder}/data", f"--service-secret-file={secret}", *addresses, *flags],
                   stdout=subprocess.PIPE, stderr=log, **options)


def cpu_seconds(pid):
    """The processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def set_stock(address, token):
    """Gives the nine books that the load reserves more copies than it can ask for."""
    for book in range(1, 10):
        subprocess.run([ROOT / ".tools/bin/grpcurl", "-plaintext", "-H", f"authorization: Bearer {Path(token).read_text().strip()}",
                        "-d", json.dumps({"book_id": book, "on_hand": 1_000_000}), address,
                        "bookstore.inventory.v1.InventoryService/SetStock"], check=True, stdout=subprocess.DEVNULL)
