"""Readers of the pages of the shop."""
import http.client
import random
import ssl
import threading
import time

PATHS = ("/", "/books/1", "/books/5", "/books/6", "/categories/mystery", "/search?q=dune")
PAGE_SECONDS = 15
READING_SECONDS = 0.1


class Visitor(threading.Thread):
    """Opens one page after the other, at either process of the shop. As a load balancer does, it asks
    the other process if one does not answer."""

    def __init__(self, number, deployment, results, seed):
        super().__init__(daemon=True)
        self.results, self.random, self.stop = results, random.Random(f"{seed} visitor {number}"), threading.Event()
        self.addresses = deployment.addresses("marketplace")
        self.tls = ssl.create_default_context(cafile=str(deployment.authority()))

    def run(self):
        while not self.stop.wait(READING_SECONDS):
            path = self.random.choice(PATHS)
            failure = None
            for address in self.random.sample(self.addresses, len(self.addresses)):
                failure = self._open(address, path)
                if failure is None:
                    break
            self.results.calls.append((time.monotonic(), failure))
            if failure is not None:
                with self.results.lock:
                    self.results.unanswered[f"page {path}: {failure}"] += 1

    def _open(self, address, path):
        """What is wrong with the answer; `None` for a page."""
        connection = http.client.HTTPSConnection(address, timeout=PAGE_SECONDS, context=self.tls)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            return None if response.status < 500 else f"PAGE_{response.status}"
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()
