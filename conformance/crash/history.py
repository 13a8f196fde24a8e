"""Records a concurrent history of the last copies of some books: reserve, commit, release and
read, with shared idempotency keys, while the bookstore is killed. ../porcupine checks it."""
import argparse
import json
import random
import threading
import time
import uuid

from crash import ENGINES, LIFETIME_SECONDS, Shop, exit_on_termination
from buyers import UNANSWERED

import grpc
from bookstore.inventory.v1 import inventory_service_pb2 as inventory
from bookstore.inventory.v1 import inventory_service_pb2_grpc, stock_pb2

CALLERS = 8
COPIES = {1: 5, 2: 8, 3: 12}
# How often a reservation repeats a key that this or another caller has used.
REPEATED_KEYS = 0.3


class History:
    """The operations so far, and what callers share."""

    def __init__(self):
        self.lock = threading.Lock()
        self.operations = []
        self.keys = {book_id: [] for book_id in COPIES}
        self.reservations = {book_id: [] for book_id in COPIES}


class Caller(threading.Thread):
    """Makes a number of calls, each again until it is answered."""

    def __init__(self, number, shop, history, count, seed):
        super().__init__(daemon=True)
        self.number, self.history, self.count = number, history, count
        self.random = random.Random(f"{seed} {number}")
        self.stub = inventory_service_pb2_grpc.InventoryServiceStub(shop.process.channel())
        self.metadata = [("bindery-service", f"cart {shop.process.service_secret}")]
        self.error = None

    def run(self):
        try:
            for _ in range(self.count):
                book_id = self.random.choice(list(COPIES))
                operations = [self.reserve, self.reserve, self.reserve, self.end, self.end, self.read]
                self.random.choice(operations)(book_id)
        except Exception as error:  # reported by the main thread
            self.error = error

    def _record(self, book_id, call, request, kind, **fields):
        start = time.monotonic_ns()
        response, refusal = None, None
        while response is None and refusal is None:
            try:
                response = call(request, metadata=self.metadata, timeout=15, wait_for_ready=True)
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.FAILED_PRECONDITION:
                    refusal = error
                elif error.code() not in UNANSWERED:
                    raise
        operation = {"client": self.number, "book": book_id, "start": start, "end": time.monotonic_ns(),
                     "kind": kind, "refused": refusal is not None, **fields}
        with self.history.lock:
            self.history.operations.append(operation)
        return operation, response

    def reserve(self, book_id):
        with self.history.lock:
            keys = self.history.keys[book_id]
            if not keys or self.random.random() >= REPEATED_KEYS:
                keys.append((str(uuid.UUID(int=self.random.getrandbits(128), version=4)), self.random.randint(1, 3)))
                key, quantity = keys[-1]
            else:
                key, quantity = self.random.choice(keys[-10:])
        line = stock_pb2.ReservationLine(book_id=book_id, quantity=quantity)
        request = inventory.ReserveStockRequest(request_id=key, lines=[line])
        operation, response = self._record(
            book_id, self.stub.ReserveStock, request, "reserve", key=key, quantity=quantity)
        if response is not None:
            operation["reservation"] = response.reservation.reservation_id
            with self.history.lock:
                self.history.reservations[book_id].append(operation["reservation"])

    def end(self, book_id):
        with self.history.lock:
            known = self.history.reservations[book_id][-10:]
        if not known:
            return
        reservation_id = self.random.choice(known)
        # Copies that are sold are gone, so most are given back.
        if self.random.random() < 0.15:
            request = inventory.CommitReservationRequest(reservation_id=reservation_id)
            self._record(book_id, self.stub.CommitReservation, request, "commit", reservation=reservation_id)
        else:
            request = inventory.ReleaseReservationRequest(reservation_id=reservation_id)
            self._record(book_id, self.stub.ReleaseReservation, request, "release", reservation=reservation_id)

    def read(self, book_id):
        request = inventory.BatchGetStockRequest(book_ids=[book_id])
        operation, response = self._record(book_id, self.stub.BatchGetStock, request, "read")
        level = response.levels[0]
        operation.update(on_hand=level.on_hand, reserved=level.reserved)


def main():
    exit_on_termination()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="where the history is written, as JSON")
    parser.add_argument("--operations", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--engine", choices=ENGINES, default="sqlite")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)

    generator, history = random.Random(arguments.seed), History()
    with Shop(ENGINES[arguments.engine], arguments.seed, 0, COPIES) as shop:
        count = arguments.operations // CALLERS
        callers = [Caller(number, shop, history, count, arguments.seed) for number in range(CALLERS)]
        for caller in callers:
            caller.start()
        kills = 0
        while kills < arguments.kills and any(caller.is_alive() for caller in callers):
            shop.process.wait_until_ready()
            time.sleep(generator.uniform(*LIFETIME_SECONDS))
            shop.process.kill()
            shop.restart()
            kills += 1
        for caller in callers:
            caller.join()
        for caller in callers:
            if caller.error is not None:
                raise caller.error
    with open(arguments.file, "w", encoding="utf-8") as file:
        json.dump({"stock": COPIES, "operations": history.operations}, file, indent=1)
    refused = sum(operation["refused"] for operation in history.operations)
    print(f"{arguments.engine}: {len(history.operations)} operations, {refused} refused, {kills} kills")


if __name__ == "__main__":
    main()
