"""The network between the processes of a bookstore: a proxy in front of each of them."""
import json
import subprocess
import sys
import threading
from pathlib import Path

from bookstore_process import free_address

PROXY = Path(__file__).resolve().parent / "proxy.py"


class Network:
    """Addresses that lead to others, until told otherwise."""

    def __init__(self):
        self._links, self._lock, self._proxy = {}, threading.Lock(), None

    def add(self, name, target):
        """An address that leads to `target`. All must be added before the start."""
        listen = free_address()
        self._links[name] = (listen, target)
        return listen

    def start(self):
        self._proxy = subprocess.Popen([sys.executable, PROXY, json.dumps(self._links)], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._read()

    def stop(self):
        if self._proxy is not None:
            self._proxy.stdin.close()
            self._proxy.wait()

    def command(self, name, action, number=0):
        """See `Link.command` of the proxy."""
        with self._lock:
            print(json.dumps([name, action, number]), file=self._proxy.stdin, flush=True)
            self._read()

    def _read(self):
        if not self._proxy.stdout.readline():
            raise RuntimeError(f"the proxy has ended with {self._proxy.wait()}")
