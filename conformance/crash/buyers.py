"""Buyers who place orders of every kind, and repeat what was not answered."""
import collections
import json
import random
import threading
import time
import uuid

import grpc
from answers import UNANSWERED, reason
from bookstore.accounts.v1 import account_service_pb2 as accounts
from bookstore.accounts.v1 import account_service_pb2_grpc, address_pb2
from bookstore.accounts.v1 import session_service_pb2 as sessions
from bookstore.accounts.v1 import session_service_pb2_grpc
from bookstore.cart.v1 import cart_service_pb2 as carts
from bookstore.cart.v1 import cart_service_pb2_grpc
from bookstore.cart.v1 import checkout_service_pb2 as checkout
from bookstore.cart.v1 import checkout_service_pb2_grpc, order_pb2
from bookstore.transactions.v1 import payment_method_pb2, transaction_service_pb2_grpc
from bookstore.transactions.v1 import transaction_service_pb2 as transactions
from bookstore.type.v1 import money_pb2

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
    "refunded in part": ("tok_visa", "refund a part when paid"),
    "refunded": ("tok_visa", "refund when paid"),
    "refunded in part and cancelled": ("tok_visa", "refund a part and cancel when paid"),
    "receipt sent again": ("tok_visa", "resend the receipt when paid"),
    "last copies": ("tok_visa", None),
}
BOOKS = (1, 2, 3, 4, 5, 6, 7, 8)
# Of these there are few copies: one order of all of them leaves none.
LAST_BOOKS, LAST_COPIES = range(9, 109), 2
PASSWORD = "correct horse battery"
ADDRESS = address_pb2.Address(
    recipient="Ada Lovelace", street_lines=["12 St James's Square"], city="London",
    postal_code="SW1Y 4JH", country_code="GB",
)
CALL_SECONDS = 15


class Results:
    """What all buyers were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.orders = {}  # by id: the order as placed, its request id and the address of its receipt
        self.kinds = collections.Counter()
        self.refusals = collections.Counter()
        self.unanswered = collections.Counter()
        self.refunded = collections.Counter()  # by the operator, in minor units, by the id of the order
        self.receipts = collections.Counter()  # how many were requested again, by the id of the order
        self.violations = []
        # The time and the status code of each call; `None` for one that was answered.
        self.calls = []


class Buyer(threading.Thread):
    """One account, which orders until `stop` is set."""

    def __init__(self, number, deployment, results, seed):
        super().__init__(daemon=True)
        self.deployment, self.results, self.random = deployment, results, random.Random(f"{seed} {number}")
        self.email = f"buyer{number}@example.org"
        self.stop = threading.Event()
        cart, accounts_channel = deployment.channel("cart"), deployment.channel("accounts")
        self.carts = cart_service_pb2_grpc.CartServiceStub(cart)
        self.checkout = checkout_service_pb2_grpc.CheckoutServiceStub(cart)
        self.transactions = transaction_service_pb2_grpc.TransactionServiceStub(deployment.channel("transactions"))
        self.accounts = account_service_pb2_grpc.AccountServiceStub(accounts_channel)
        self.sessions = session_service_pb2_grpc.SessionServiceStub(accounts_channel)
        self.token = self._open_account()

    def _open_account(self):
        self.call(self.accounts.SignUp, accounts.SignUpRequest(
            request_id=str(uuid.uuid4()), email=self.email, password=PASSWORD), token=None)
        proof = _mailed_token(self.deployment.folder / "data/mail", self.email)
        self.call(self.accounts.VerifyEmail, accounts.VerifyEmailRequest(verification_token=proof), token=None)
        request = sessions.SignInRequest(email=self.email, password=PASSWORD)
        return self.call(self.sessions.SignIn, request, token=None).session_token

    def call(self, method, request, token=""):
        """Repeats a request until it is answered."""
        token = self.token if token == "" else token
        metadata = [("authorization", f"Bearer {token}")] if token else []
        while True:
            try:
                response = method(request, metadata=metadata, timeout=CALL_SECONDS, wait_for_ready=True)
            except grpc.RpcError as error:
                if error.code() not in UNANSWERED:
                    self.results.calls.append((time.monotonic(), None))
                    raise
                self.results.calls.append((time.monotonic(), error.code().name))
                with self.results.lock:
                    self.results.unanswered[f"{error.code().name}: {error.details()[:60]}"] += 1
                # A service whose peer is dead answers at once.
                time.sleep(0.05)
            else:
                self.results.calls.append((time.monotonic(), None))
                return response

    def run(self):
        kinds = list(KINDS)
        while not self.stop.is_set():
            try:
                self.order(self.random.choice(kinds), self.random.choice(LAST_BOOKS))
            except Exception as error:  # a thread that ends silently would hide a violation
                with self.results.lock:
                    self.results.violations.append(f"{self.email}: {error!r}")
                return

    def order(self, kind, last_book):
        """Places an order of a kind; does nothing more if the bookstore refuses it."""
        method_token, afterwards = KINDS[kind]
        self.call(self.carts.ClearCart, carts.ClearCartRequest())
        item = carts.PutItemRequest(book_id=self.random.choice(BOOKS), quantity=self.random.randint(1, 3))
        if kind == "last copies":
            item = carts.PutItemRequest(book_id=last_book, quantity=LAST_COPIES)
        etag = self.call(self.carts.PutItem, item).cart.etag
        request = checkout.PlaceOrderRequest(
            request_id=self.new_id(), cart_etag=etag,
            shipping_address=ADDRESS, payment_method=payment_method_pb2.PaymentMethod(token=method_token),
        )
        try:
            order = self.call(self.checkout.PlaceOrder, request).order
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
                raise
            with self.results.lock:
                self.results.refusals[reason(error)] += 1
            return
        with self.results.lock:
            if order.order_id in self.results.orders:
                self.results.violations.append(f"two requests got the order {order.order_id}")
            self.results.orders[order.order_id] = (order, request.request_id, self.email)
            self.results.kinds[kind] += 1
        if self.random.random() < 0.3:
            self._repeat(request, order)
        if afterwards is not None:
            self._follow(order.order_id, afterwards)

    def new_id(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _repeat(self, request, order):
        """An answered request that is sent again gets the same order."""
        again = self.call(self.checkout.PlaceOrder, request).order
        if again != order:
            with self.results.lock:
                self.results.violations.append(f"request {request.request_id}: first {order}, then {again}")

    def _follow(self, order_id, afterwards):
        """Does to an order what its kind says, once it is paid or at once."""
        order = None
        if afterwards.endswith("when paid"):
            order = self._when_paid(order_id)
            if order is None:
                return
        if "ship" in afterwards:
            request = checkout.ShipOrderRequest(order_id=order_id)
            self.call(self.checkout.ShipOrder, request, token=self.deployment.operator_token())
        if "refund" in afterwards:
            amount = money_pb2.Money(currency_code=order.total.currency_code, amount_minor=order.total.amount_minor // 3)
            self._refund(order, amount if "a part" in afterwards else None)
        if "resend" in afterwards:
            request = transactions.ResendReceiptRequest(
                request_id=self.new_id(), transaction_id=order.transaction_id)
            self.call(self.transactions.ResendReceipt, request)
            with self.results.lock:
                self.results.receipts[order_id] += 1
        if "cancel" in afterwards:
            self.call(self.checkout.CancelOrder, checkout.CancelOrderRequest(order_id=order_id))

    def _when_paid(self, order_id):
        """The order when it is paid; `None` if it will not be."""
        while not self.stop.is_set():
            order = self.call(self.checkout.GetOrder, checkout.GetOrderRequest(order_id=order_id)).order
            if order.state != order_pb2.ORDER_STATE_PLACED:
                return order if order.state == order_pb2.ORDER_STATE_PAID else None
            time.sleep(0.05)
        return None

    def _refund(self, order, amount):
        """The operator pays back an amount, or everything. The answered request is sent again."""
        request = transactions.RefundRequest(
            request_id=self.new_id(), transaction_id=order.transaction_id, amount=amount, reason="damaged")
        refund, again = (self.call(self.transactions.Refund, request, token=self.deployment.operator_token())
                         for _ in range(2))
        with self.results.lock:
            self.results.refunded[order.order_id] += refund.refund.amount.amount_minor
            if again != refund:
                self.results.violations.append(f"refund {request.request_id}: first {refund}, then {again}")


def _mailed_token(folder, email):
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        for path in folder.glob("*.json"):
            mail = json.loads(path.read_text())
            if mail["to"] == email and "/verify?token=" in mail["text"]:
                return mail["text"].split("/verify?token=")[1][:43]
        time.sleep(0.05)
    raise RuntimeError(f"no mail to {email} came")
