"""Writes identifiers that exist to the data folder, as dictionaries of schemathesis.

Random identifiers find nothing: with these, most operations also answer as they do when all is well.
"""
import os
import uuid
from pathlib import Path

import requests

SERVER = f"http://{os.environ['BINDERY_GRPC']}"
DATA = Path(os.environ["BINDERY_DATA"])


def call(method, path, token=None, **fields):
    """Calls an operation and returns its answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = fields if method != "GET" else None
    answer = requests.request(method, SERVER + path, headers=headers, json=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


def sign_in(email):
    return call("POST", "/v1/sessions", email=email, password="correct horse battery")


def write(name, identifiers):
    lines = [f'"{identifier}"\n' for identifier in identifiers]
    assert lines, f"there are no {name}"
    (DATA / f"{name}.dict").write_text("".join(lines))


def main():
    operator = os.environ["BINDERY_OPERATOR_TOKEN"]
    ada = sign_in("ada@example.org")["sessionToken"]
    orders = call("GET", "/v1/orders", ada)["orders"]
    write("orders", [order["orderId"] for order in orders])
    transactions = call("GET", "/v1/transactions", ada)["transactions"]
    write("transactions", [transaction["transactionId"] for transaction in transactions])
    reviews = call("GET", "/v1/books/5/reviews")["reviews"]
    write("reviews", [review["reviewId"] for review in reviews])
    lines = [{"bookId": 6, "quantity": 1}]
    reservations = [
        call("POST", "/v1/reservations", operator, requestId=str(uuid.uuid4()), lines=lines)["reservation"]
        for _ in range(3)
    ]
    write("reservations", [reservation["reservationId"] for reservation in reservations])
    # Bob's sessions: those of Ada call.
    sessions = [sign_in("bob@example.org")["session"] for _ in range(3)]
    write("sessions", [session["sessionId"] for session in sessions])


main()
