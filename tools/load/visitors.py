"""Visitors of the shop, for locust. Most only look, some fill a cart, few open an account,
order and write reviews. The load goes only to a shop on this machine."""
import ipaddress
import os
import random
import re
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent))

from browser import Browser, Refused  # noqa: E402
from budgets import missed  # noqa: E402
from locust import FastHttpUser, between, events, task  # noqa: E402

SHOP = os.environ.get("BINDERY_SHOP", "")
# Where a mail server keeps the text of the newest mail to each address, by the address, if the shop has one.
MAILS = os.environ.get("BINDERY_MAILS")
QUERIES = ("dune", "garcia marquez", "hitchhiker", "the sea", "love", "history of the world", "murder", "cook", "no such book at all")
PASSWORD = "correct horse battery"
WAIT_SECONDS = 30


@events.init_command_line_parser.add_listener
def add_arguments(parser):
    parser.add_argument("--slower", type=float, default=1, help="how many times longer than the budgets everything may take")


@events.init.add_listener
def refuse_other_machines(environment, **_):
    hostname = urlsplit(environment.host or SHOP).hostname
    try:
        local = ipaddress.ip_address(hostname).is_loopback
    except ValueError:
        local = hostname == "localhost"
    if not local:
        sys.exit(f"the load goes only to this machine, not to {hostname}: set BINDERY_SHOP, or use `just load`")


@events.quitting.add_listener
def judge(environment, **_):
    problems = list(missed(environment.stats, environment.parsed_options.slower))
    for problem in problems:
        print(f"budget missed: {problem}", file=sys.stderr)
    environment.process_exit_code = 1 if problems else 0


class Visitor(FastHttpUser):
    """What all visitors do."""

    abstract = True
    host = SHOP
    wait_time = between(0.2, 1)

    def __init__(self, *arguments):
        if MAILS:
            # Behind a proxy that the shop trusts, visitors have different addresses.
            self.default_headers = {"x-forwarded-for": f"198.18.{random.randrange(256)}.{random.randrange(256)}"}
        super().__init__(*arguments)

    def on_start(self):
        self.browser = Browser(self.client)

    def pause(self):
        """The time in which a page is read."""
        time.sleep(self.wait_time())

    def measure(self, name, began, exception=None):
        """Counts something that takes more than one request, and failed if there is an exception."""
        self.environment.events.request.fire(
            request_type="", name=name, response_time=1000 * (time.monotonic() - began), response_length=0,
            exception=exception, context={})

    def random_book(self):
        """Opens a random book of a random category."""
        home = self.browser.open("/", "home")
        self.pause()
        category = self.browser.open(random.choice(home.links("/categories/")), "category")
        following = [path for path in category.links("/categories/") if "page" in path]
        if following and random.random() < 0.3:
            self.pause()
            category = self.browser.open(following[0], "category")
        self.pause()
        return self.browser.open(random.choice(category.links("/books/")), "book")

    def add_to_cart(self):
        """Adds a random book that is not sold out."""
        for _ in range(20):
            book = self.random_book()
            if book.form("/cart/add") is not None:
                path = self.browser.send(book, "/cart/add", "add to cart", "/cart")
                return self.browser.open(path, "cart")
        raise Refused("all books are sold out")


class Reader(Visitor):
    """Looks at books."""

    weight = 6

    @task
    def browse(self):
        book = self.random_book()
        for cover in book.html.xpath("//main//img/@src")[:3]:
            self.client.get(cover, name="cover")


class Searcher(Visitor):
    """Searches for books while suggestions appear."""

    weight = 3

    @task
    def search(self):
        query = random.choice(QUERIES)
        for length in range(2, len(query), 3):
            self.client.get(f"/search/suggest?q={quote_plus(query[:length])}", name="suggestions")
            time.sleep(0.1)
        found = self.browser.open(f"/search?q={quote_plus(query)}", "search")
        if books := found.links("/books/"):
            self.pause()
            self.browser.open(random.choice(books), "book")


class Guest(Visitor):
    """Fills a cart and leaves."""

    weight = 1

    @task
    def fill_a_cart(self):
        cart = self.add_to_cart()
        self.pause()
        path = self.browser.send(cart, "/cart/update", "change cart", "/cart", quantity="2")
        cart = self.browser.open(path, "cart")
        self.pause()
        self.browser.send(cart, "/cart/remove", "remove from cart", "/cart")


class Buyer(Visitor):
    """Opens an account, orders, writes reviews, and comes back."""

    weight = 2

    def on_start(self):
        super().on_start()
        self.visits = 0

    def open_account(self):
        self.email = f"visitor-{uuid.uuid4()}@example.org"
        form = self.browser.open("/sign-up", "sign-up form")
        self.browser.send(form, "/sign-up", "sign up", "/sign-up/sent", email=self.email, password=PASSWORD, display_name="Visitor")
        began = time.monotonic()
        link = self.wait_until(self.mailed_link, "mail arrives", f"no mail to {self.email} came", began)
        self.browser.send(self.browser.open(link, "verify form"), "/verify", "verify", "/sign-in")
        self.sign_in()

    def wait_until(self, found, name, otherwise, began):
        """Polls until there is something, and counts how long it took."""
        while time.monotonic() - began < WAIT_SECONDS:
            if (result := found()) is not None:
                self.measure(name, began)
                return result
            time.sleep(0.1)
        refused = Refused(f"{otherwise} in {WAIT_SECONDS} s")
        self.measure(name, began, refused)
        raise refused

    def mailed_link(self):
        """The path in the mail to the visitor, if it has come."""
        if MAILS:
            kept = Path(MAILS) / self.email
            links = re.findall(r"https?://\S+", kept.read_text()) if kept.exists() else []
        else:
            found = self.browser.open("/mail", "mails").html.xpath(f"//main//li[contains(., '{self.email}')]/a/@href")
            links = self.browser.open(found[0], "mail").html.xpath("//main//p[contains(@class, 'mail')]//a/@href") if found else []
        if not links:
            return None
        link = urlsplit(links[0])
        return f"{link.path}?{link.query}"

    def sign_in(self):
        form = self.browser.open("/sign-in", "sign-in form")
        self.browser.send(form, "/sign-in", "sign in", "/", email=self.email, password=PASSWORD)

    def checkout(self, payment="tok_visa"):
        """Orders the cart, and returns the path of the order."""
        form = self.browser.open("/checkout", "checkout form")
        self.pause()
        address = {f"shipping_address.{name}": value for name, value in {
            "recipient": "Ada Lovelace", "street_lines[0]": "12 St James's Square", "city": "London",
            "postal_code": "SW1Y 4JH", "country_code": "GB"}.items()}
        path = self.browser.send(form, "/checkout", "checkout", "/orders/", **address, **{"payment_method.token": payment})
        return path.split("?")[0]

    def wait_for(self, path, text, name):
        def order_with_text():
            order = self.browser.open(path, "order")
            return order if order.html.xpath(f"//h2[normalize-space() = '{text}']") else None

        return self.wait_until(order_with_text, name, f"{path} does not become {text}", time.monotonic())

    def order(self):
        """Orders a book or two, and waits until they are paid. Some orders are cancelled."""
        for _ in range(random.randint(1, 2)):
            self.add_to_cart()
            self.pause()
        order = self.wait_for(self.checkout(), "Paid", "order is paid")
        self.review(order)
        self.pause()
        self.browser.open("/orders", "orders")
        if self.visits == 0 or random.random() < 0.3:
            path = self.browser.send(order, "/orders/cancel", "cancel", "/orders/")
            self.browser.open(path, "order")

    def review(self, order):
        """Reviews a book of the order."""
        book = order.links("/books/")[0]
        self.browser.open(f"{book}/reviews", "reviews")
        form = self.browser.open(f"{book}/review", "review form")
        self.browser.send(form, "/reviews/write", "write review", book, stars=str(random.randint(1, 5)),
                          title="Worth its price", body="I have read it in one night.")

    def order_without_money(self):
        self.add_to_cart()
        self.wait_for(self.checkout("tok_insufficient_funds"), "Failed", "order is declined")

    @task
    def visit(self):
        """Everything that a customer does. It is one task, which locust lets end at the end of the
        run, so that also a short run has done all of it."""
        if self.visits == 0:
            self.open_account()
        self.order()
        self.order_without_money()
        account = self.browser.open("/account", "account")
        self.browser.send(account, "/sign-out", "sign out", "/")
        self.pause()
        self.sign_in()
        self.visits += 1
