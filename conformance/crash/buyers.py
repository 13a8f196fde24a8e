"""Buyers who place orders of every kind, and repeat what was not answered."""
import collections
import json
import random
import threading
import time
import uuid

import grpc
from bookstore.accounts.v1 import account_service_pb2 as accounts
from bookstore.accounts.v1 import account_service_pb2_grpc, address_pb2
from bookstore.accounts.v1 import session_service_pb2 as sessions
from bookstore.accounts.v1 import session_service_pb2_grpc
from bookstore.cart.v1 import cart_service_pb2 as carts
from bookstore.cart.v1 import cart_service_pb2_grpc
from bookstore.cart.v1 import checkout_service_pb2 as checkout
from bookstore.cart.v1 import checkout_service_pb2_grpc, order_pb2
from bookstore.transactions.v1 import payment_method_pb2

# Each kind of order: the token of the payment method, and what the buyer does afterwards.
KINDS = {
    "success": ("tok_visa", None),
    "refused": ("tok_refused", None),
    "insufficient funds": ("tok_insufficient_funds", None),
    "expired": ("tok_expired", None),
    "unknown method": ("tok_of_nobody", None),
    "answer lost": ("tok_answer_lost", None),
    "error then success": ("tok_error_then_success", None),
    "slow": ("tok_slow", None),
    "cancelled before payment": ("tok_visa", "cancel"),
    "slow and cancelled": ("tok_slow", "cancel"),
    "cancelled after payment": ("tok_visa", "cancel when paid"),
    "shipped": ("tok_visa", "ship when paid"),
    "last copies": ("tok_visa", None),
}
BOOKS = (1, 2, 3, 4, 5, 6, 7, 8)
LAST_BOOK = 9
PASSWORD = "correct horse battery"
ADDRESS = address_pb2.Address(
    recipient="Ada Lovelace", street_lines=["12 St James's Square"], city="London",
    postal_code="SW1Y 4JH", country_code="GB",
)
CALL_SECONDS = 15
# The answers that say nothing about whether the request had an effect.
UNANSWERED = (
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED,
    grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN,
)


class Results:
    """What all buyers were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.orders = {}  # by id: the order as placed, its request id and the address of its receipt
        self.kinds = collections.Counter()
        self.refusals = collections.Counter()
        self.unanswered = collections.Counter()
        self.violations = []


class Buyer(threading.Thread):
    """One account, which orders until `stop` is set."""

    def __init__(self, number, store, results, seed):
        super().__init__(daemon=True)
        self.store, self.results, self.random = store, results, random.Random(f"{seed} {number}")
        self.email = f"buyer{number}@example.org"
        self.stop = threading.Event()
        channel = store.channel()
        self.carts = cart_service_pb2_grpc.CartServiceStub(channel)
        self.checkout = checkout_service_pb2_grpc.CheckoutServiceStub(channel)
        self.accounts = account_service_pb2_grpc.AccountServiceStub(channel)
        self.sessions = session_service_pb2_grpc.SessionServiceStub(channel)
        self.token = self._open_account()

    def _open_account(self):
        self._call(self.accounts.SignUp, accounts.SignUpRequest(
            request_id=str(uuid.uuid4()), email=self.email, password=PASSWORD), token=None)
        proof = _mailed_token(self.store.folder / "data/mail", self.email)
        self._call(self.accounts.VerifyEmail, accounts.VerifyEmailRequest(verification_token=proof), token=None)
        request = sessions.SignInRequest(email=self.email, password=PASSWORD)
        return self._call(self.sessions.SignIn, request, token=None).session_token

    def _call(self, method, request, token=""):
        """Repeats a request until it is answered."""
        token = self.token if token == "" else token
        metadata = [("authorization", f"Bearer {token}")] if token else []
        while True:
            try:
                return method(request, metadata=metadata, timeout=CALL_SECONDS, wait_for_ready=True)
            except grpc.RpcError as error:
                if error.code() not in UNANSWERED:
                    raise
                with self.results.lock:
                    self.results.unanswered[f"{error.code().name}: {error.details()[:60]}"] += 1

    def run(self):
        kinds = list(KINDS)
        while not self.stop.is_set():
            try:
                self.order(self.random.choice(kinds))
            except Exception as error:  # a thread that ends silently would hide a violation
                with self.results.lock:
                    self.results.violations.append(f"{self.email}: {error!r}")
                return

    def order(self, kind):
        """Places an order of a kind; `None` if the bookstore refuses it."""
        method_token, afterwards = KINDS[kind]
        self._call(self.carts.ClearCart, carts.ClearCartRequest())
        book_id = LAST_BOOK if kind == "last copies" else self.random.choice(BOOKS)
        item = carts.PutItemRequest(book_id=book_id, quantity=self.random.randint(1, 3))
        etag = self._call(self.carts.PutItem, item).cart.etag
        request = checkout.PlaceOrderRequest(
            request_id=str(uuid.UUID(int=self.random.getrandbits(128), version=4)), cart_etag=etag,
            shipping_address=ADDRESS, payment_method=payment_method_pb2.PaymentMethod(token=method_token),
        )
        try:
            order = self._call(self.checkout.PlaceOrder, request).order
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
                raise
            with self.results.lock:
                self.results.refusals[error.details()[:40]] += 1
            return None
        with self.results.lock:
            if order.order_id in self.results.orders:
                self.results.violations.append(f"two requests got the order {order.order_id}")
            self.results.orders[order.order_id] = (order, request.request_id, self.email)
            self.results.kinds[kind] += 1
        if self.random.random() < 0.3:
            self._repeat(request, order)
        if afterwards is not None:
            self._follow(order.order_id, afterwards)
        return order

    def _repeat(self, request, order):
        """An answered request that is sent again gets the same order."""
        again = self._call(self.checkout.PlaceOrder, request).order
        if again != order:
            with self.results.lock:
                self.results.violations.append(f"request {request.request_id}: first {order}, then {again}")

    def _follow(self, order_id, afterwards):
        if afterwards.endswith("when paid"):
            state = order_pb2.ORDER_STATE_PLACED
            while state == order_pb2.ORDER_STATE_PLACED and not self.stop.is_set():
                time.sleep(0.05)
                request = checkout.GetOrderRequest(order_id=order_id)
                state = self._call(self.checkout.GetOrder, request).order.state
            if state != order_pb2.ORDER_STATE_PAID:
                return
        if afterwards.startswith("ship"):
            request = checkout.ShipOrderRequest(order_id=order_id)
            self._call(self.checkout.ShipOrder, request, token=self.store.operator_token())
        else:
            self._call(self.checkout.CancelOrder, checkout.CancelOrderRequest(order_id=order_id))


def _mailed_token(folder, email):
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        for path in folder.glob("*.json"):
            mail = json.loads(path.read_text())
            if mail["to"] == email and "/verify?token=" in mail["text"]:
                return mail["text"].split("/verify?token=")[1][:43]
        time.sleep(0.05)
    raise RuntimeError(f"no mail to {email} came")
