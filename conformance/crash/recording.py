"""A concurrent history: which call was made when, and what its caller was told."""
import threading
import time

import grpc
from answers import UNANSWERED, reason


class History:
    """The operations so far."""

    def __init__(self):
        self.lock = threading.Lock()
        self.operations = []

    def record(self, client, book_id, call, refusal, kind, **fields):
        """Repeats a call until it is answered by a response or by an error with the reason
        `refusal`. Returns the operation, and the response if there is one."""
        start, response, refused = time.monotonic_ns(), None, False
        while response is None and not refused:
            try:
                response = call()
            except grpc.RpcError as error:
                refused = refusal is not None and reason(error) == refusal
                if not refused and error.code() not in UNANSWERED:
                    raise
        return self.add(client, book_id, start, kind, refused=refused, **fields), response

    def add(self, client, book_id, start, kind, **fields):
        """Adds an operation that has ended now."""
        operation = {"client": client, "book": book_id, "start": start, "end": time.monotonic_ns(), "kind": kind,
                     **fields}
        with self.lock:
            self.operations.append(operation)
        return operation
