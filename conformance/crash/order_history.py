"""The part of a history that one buyer of the last copies makes."""
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from bookstore.cart.v1 import cart_service_pb2 as carts
from bookstore.cart.v1 import checkout_service_pb2 as checkout
from bookstore.cart.v1 import order_pb2
from bookstore.inventory.v1 import inventory_service_pb2 as inventory
from bookstore.inventory.v1 import inventory_service_pb2_grpc
from bookstore.transactions.v1 import payment_method_pb2
from buyers import ADDRESS, CALL_SECONDS

# Copies that are paid are gone, so most payments are declined.
PAID = 0.05
# How many calls are made at once with the same request.
CALLS = 3
RELEASED = 3


class OrderCaller(threading.Thread):
    """Makes a number of operations: reads the stock, or orders copies of a book by several calls at
    once with the same request, and by later ones, some of which reuse its id for another request. An
    order whose payment is declined gives its copies back."""

    def __init__(self, number, shop, history, count, seed):
        super().__init__(daemon=True)
        self.number, self.shop, self.history, self.count = number, shop, history, count
        self.random, self.buyer = random.Random(f"{seed} {number}"), shop.buyers[number]
        self.inventory = inventory_service_pb2_grpc.InventoryServiceStub(shop.deployment.channel("inventory"))
        self.made, self.error = 0, None

    def run(self):
        try:
            while self.made < self.count:
                book_id = self.random.choice(list(self.shop.stock))
                if self.random.random() < 0.4:
                    self.read(book_id)
                else:
                    self.order(book_id)
        except Exception as error:  # reported by the main thread
            self.error = error

    def _record(self, client, book_id, call, refusal, kind, **fields):
        self.made += 1
        # Each thread of the caller is a client of its own.
        return self.history.record(self.number * CALLS + client, book_id, call, refusal, kind, **fields)

    def read(self, book_id):
        request = inventory.BatchGetStockRequest(book_ids=[book_id])

        def call():
            return self.inventory.BatchGetStock(request, timeout=CALL_SECONDS, wait_for_ready=True)

        operation, response = self._record(0, book_id, call, None, "read free")
        operation["on_hand"] = response.levels[0].available

    def order(self, book_id):
        buyer, quantity = self.buyer, self.random.randint(1, 3)
        buyer.call(buyer.carts.ClearCart, carts.ClearCartRequest())
        item = carts.PutItemRequest(book_id=book_id, quantity=quantity)
        is_paid = self.random.random() < PAID
        request = checkout.PlaceOrderRequest(
            request_id=buyer.new_id(), cart_etag=buyer.call(buyer.carts.PutItem, item).cart.etag,
            shipping_address=ADDRESS,
            payment_method=payment_method_pb2.PaymentMethod(token="tok_visa" if is_paid else "tok_refused"))
        start = time.monotonic_ns()
        with ThreadPoolExecutor(CALLS) as executor:
            calls = range(self.random.randint(1, CALLS))
            placed = list(executor.map(lambda client: self._place(client, book_id, request, quantity), calls))
        order_id = next(filter(None, placed), None)
        if order_id is None:
            return
        if self.random.random() < 0.3:
            self._place(0, book_id, request, quantity)
        if self.random.random() < 0.3:
            request.shipping_address.city = "Paris"
            self._record(0, book_id, self._call_of(request), "REQUEST_ID_REUSED", "reuse", key=request.request_id)
        if not is_paid:
            self._wait_for_release(order_id)
            self.made += 1
            self.history.add(self.number * CALLS, book_id, start, "release", reservation=order_id, refused=False)

    def _call_of(self, request):
        buyer = self.buyer
        return lambda: buyer.checkout.PlaceOrder(
            request, metadata=[("authorization", f"Bearer {buyer.token}")], timeout=CALL_SECONDS, wait_for_ready=True)

    def _place(self, client, book_id, request, quantity):
        """The id of the order; `None` if there are not enough copies."""
        operation, response = self._record(
            client, book_id, self._call_of(request), "OUT_OF_STOCK", "reserve", key=request.request_id,
            quantity=quantity)
        if response is None:
            return None
        operation["reservation"] = response.order.order_id
        return response.order.order_id

    def _wait_for_release(self, order_id):
        """Waits until the order has failed and its copies are released."""
        buyer, request = self.buyer, checkout.GetOrderRequest(order_id=order_id)
        while buyer.call(buyer.checkout.GetOrder, request).order.state != order_pb2.ORDER_STATE_FAILED:
            time.sleep(0.05)
        statement = f"SELECT hold FROM cart.orders WHERE order_id = '{order_id}'"
        while self.shop.databases.query(statement) != [(RELEASED,)]:
            time.sleep(0.1)
