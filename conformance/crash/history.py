"""Records a concurrent history of the last copies of some books while the bookstore is killed:
reservations with shared idempotency keys, or orders. ../porcupine checks it."""
import argparse
import json
import random
import threading
import time
import uuid

from crash import LIFETIME_SECONDS
from shop import Shop, exit_on_termination

from bookstore.inventory.v1 import inventory_service_pb2 as inventory
from bookstore.inventory.v1 import inventory_service_pb2_grpc, stock_pb2
from databases import engine
from order_history import OrderCaller
from recording import History

CALLERS = 8
COPIES = {1: 5, 2: 8, 3: 12}
# How often a reservation repeats a key that this or another caller has used.
REPEATED_KEYS = 0.3
# What callers of reservations share.
KEYS = {book_id: [] for book_id in COPIES}
RESERVATIONS = {book_id: [] for book_id in COPIES}


class ReservationCaller(threading.Thread):
    """Makes a number of calls, each again until it is answered."""

    def __init__(self, number, shop, history, count, seed):
        super().__init__(daemon=True)
        self.number, self.history, self.count = number, history, count
        self.random = random.Random(f"{seed} {number}")
        self.stub = inventory_service_pb2_grpc.InventoryServiceStub(shop.deployment.channel("inventory"))
        self.metadata = [("bindery-service", f"cart {shop.deployment.service_secret}")]
        self.error = None

    def run(self):
        try:
            for _ in range(self.count):
                book_id = self.random.choice(list(COPIES))
                operations = [self.reserve, self.reserve, self.reserve, self.end, self.end, self.read]
                self.random.choice(operations)(book_id)
        except Exception as error:  # reported by the main thread
            self.error = error

    def _record(self, book_id, method, request, refusal, kind, **fields):
        def call():
            return method(request, metadata=self.metadata, timeout=15, wait_for_ready=True)

        return self.history.record(self.number, book_id, call, refusal, kind, **fields)

    def reserve(self, book_id):
        with self.history.lock:
            keys = KEYS[book_id]
            if not keys or self.random.random() >= REPEATED_KEYS:
                keys.append((str(uuid.UUID(int=self.random.getrandbits(128), version=4)), self.random.randint(1, 3)))
                key, quantity = keys[-1]
            else:
                key, quantity = self.random.choice(keys[-10:])
        line = stock_pb2.ReservationLine(book_id=book_id, quantity=quantity)
        request = inventory.ReserveStockRequest(request_id=key, lines=[line])
        operation, response = self._record(
            book_id, self.stub.ReserveStock, request, "OUT_OF_STOCK", "reserve", key=key, quantity=quantity)
        if response is not None:
            operation["reservation"] = response.reservation.reservation_id
            with self.history.lock:
                RESERVATIONS[book_id].append(operation["reservation"])

    def end(self, book_id):
        with self.history.lock:
            known = RESERVATIONS[book_id][-10:]
        if not known:
            return
        reservation_id = self.random.choice(known)
        # Copies that are sold are gone, so most are given back.
        if self.random.random() < 0.15:
            kind, method = "commit", self.stub.CommitReservation
            request = inventory.CommitReservationRequest(reservation_id=reservation_id)
        else:
            kind, method = "release", self.stub.ReleaseReservation
            request = inventory.ReleaseReservationRequest(reservation_id=reservation_id)
        self._record(book_id, method, request, "RESERVATION_NOT_HELD", kind, reservation=reservation_id)

    def read(self, book_id):
        request = inventory.BatchGetStockRequest(book_ids=[book_id])
        operation, response = self._record(book_id, self.stub.BatchGetStock, request, None, "read")
        level = response.levels[0]
        operation.update(on_hand=level.on_hand, reserved=level.reserved)


def main():
    exit_on_termination()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="where the history is written, as JSON")
    parser.add_argument("--of", choices=["reservations", "orders"], default="reservations")
    parser.add_argument("--operations", type=int, help="how many (default: 1000, or 200 if they are of orders)")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--engine", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)

    generator, history = random.Random(arguments.seed), History()
    orders = arguments.of == "orders"
    operations = arguments.operations or (200 if orders else 1000)
    with engine(arguments.engine) as create_databases:
        with Shop(create_databases, arguments.seed, CALLERS if orders else 0, stock=COPIES) as shop:
            count, seed = operations // CALLERS, arguments.seed
            caller = OrderCaller if orders else ReservationCaller
            callers = [caller(number, shop, history, count, seed) for number in range(CALLERS)]
            for caller in callers:
                caller.start()
            kills, bookstore = 0, shop.processes["bookstore"]
            while kills < arguments.kills and any(caller.is_alive() for caller in callers):
                bookstore.wait_until_ready()
                time.sleep(generator.uniform(*LIFETIME_SECONDS))
                bookstore.kill()
                shop.restart(bookstore)
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
