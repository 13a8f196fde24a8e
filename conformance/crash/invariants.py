"""What holds for the databases of a bookstore when all orders have ended."""
import collections
import json

PAID, SHIPPED, CANCELLED, FAILED = 2, 3, 4, 5
STATES = {1: "placed", PAID: "paid", SHIPPED: "shipped", CANCELLED: "cancelled", FAILED: "failed"}
HOLDS = {1: "held", 2: "committed", 3: "released"}
CHARGES = {0: "not charged", 1: "charge requested", 2: "charged", 3: "declined"}

# An order with a next step, as the table of the states in `cart::domain::saga` says.
UNFINISHED = """(state = 1 AND charge <> 3
    OR state IN (4, 5) AND (hold = 1 OR charge = 1 OR charge = 2 AND refunded_minor IS NULL))"""


def unfinished(databases):
    """The number of unfinished orders by what is known of them."""
    rows = databases.query(
        f"SELECT state, hold, charge, COUNT(*) FROM cart.orders WHERE {UNFINISHED} GROUP BY state, hold, charge")
    return {f"{STATES[state]}, {HOLDS[hold]}, {CHARGES[charge]}": count for state, hold, charge, count in rows}


def pending(databases):
    """What the background tasks still have to do: nothing, once all orders have ended."""
    statements = {
        "unfinished orders": f"SELECT COUNT(*) FROM cart.orders WHERE {UNFINISHED} AND parked_reason IS NULL",
        "messages about orders": "SELECT COUNT(*) FROM cart.outbox WHERE NOT dead",
        "pending charges": "SELECT COUNT(*) FROM transactions.transactions WHERE state = 1 AND parked_reason IS NULL",
        "pending refunds":
            "SELECT COUNT(*) FROM transactions.refunds WHERE paid_at IS NULL AND parked_reason IS NULL",
        "receipts to send":
            "SELECT COUNT(*) FROM transactions.outbox WHERE topic <> 'pending-payments' AND NOT dead",
    }
    union = " UNION ALL ".join(f"SELECT '{name}', ({statement})" for name, statement in statements.items())
    return {name: count for name, count in databases.query(union) if count}


def violations(databases, results, initial_stock, receipts):
    """All violations, each as one line. `results` are what the buyers were told."""
    acknowledged = results.orders
    found = [f"still to do: {count} {name}" for name, count in pending(databases).items()]
    orders = _orders(databases)
    found += _acknowledged(orders, acknowledged, databases)
    for order_id, order in orders.items():
        found += [f"order {order_id}: {problem}" for problem in _ended(order)]
    found += _stock(databases, orders, initial_stock)
    found += _money(databases, orders, results.refunded)
    found += _ledger(databases)
    found += receipts.missing(orders, acknowledged, results.receipts)
    for service in ("inventory", "cart", "transactions", "accounts"):
        for topic, error in databases.query(f"SELECT topic, last_error FROM {service}.outbox WHERE dead"):
            found.append(f"a dead message of {topic}: {error}")
    return found


Order = collections.namedtuple("Order", "total state hold charge refunded parked reservation")


def _orders(databases):
    rows = databases.query(
        "SELECT order_id, total_minor, state, hold, charge, refunded_minor, parked_reason, reservation_id"
        " FROM cart.orders")
    return {row[0]: Order(*row[1:]) for row in rows}


def _acknowledged(orders, acknowledged, databases):
    """Every request was repeated until it was answered, so the orders are the acknowledged ones."""
    for order_id in acknowledged.keys() - orders.keys():
        yield f"order {order_id} was acknowledged, but does not exist"
    for order_id in orders.keys() - acknowledged.keys():
        yield f"order {order_id} exists, but no request was answered with it"
    for order_id in acknowledged.keys() & orders.keys():
        if orders[order_id].total != acknowledged[order_id][0].total.amount_minor:
            yield f"order {order_id} has another total than was acknowledged"
    requests = [request_id for _, request_id, _ in acknowledged.values()]
    if len(requests) != len(set(requests)):
        yield "two orders were acknowledged for one request id"


def _ended(order):
    if order.parked is not None:
        yield f"is parked: {order.parked}"
    if order.state in (PAID, SHIPPED):
        if (order.hold, order.charge) != (2, 2):
            yield f"is {STATES[order.state]}, but {HOLDS[order.hold]} and {CHARGES[order.charge]}"
    elif order.state in (CANCELLED, FAILED):
        if order.hold == 1:
            yield "has ended, but still holds copies"
        if order.charge == 1:
            yield "has ended, but nobody knows whether it was charged"
        if order.charge == 2 and order.refunded != order.total:
            yield f"has ended, but {order.refunded} of {order.total} were refunded"
    else:
        yield "has not ended"


def _stock(databases, orders, initial_stock):
    reservations = dict(databases.query("SELECT reservation_id, state FROM inventory.reservations"))
    expected = {1: (1,), 2: (2,), 3: (3, 4)}
    for order_id, order in orders.items():
        if reservations.get(order.reservation) not in expected[order.hold]:
            state = reservations.get(order.reservation)
            yield f"order {order_id}: is {HOLDS[order.hold]}, but its reservation has the state {state}"
    sums = collections.Counter()
    for book_id, state, quantity in databases.query(
            "SELECT book_id, state, CAST(SUM(quantity) AS BIGINT) FROM inventory.reservation_lines"
            " JOIN inventory.reservations USING (reservation_id) GROUP BY book_id, state"):
        sums[book_id, state] = quantity
    for book_id, on_hand, reserved in databases.query("SELECT book_id, on_hand, reserved FROM inventory.stock"):
        if book_id not in initial_stock:
            continue
        held, sold = sums[book_id, 1], sums[book_id, 2]
        if on_hand < 0 or not 0 <= reserved <= on_hand or reserved != held:
            yield f"book {book_id}: {on_hand} on hand, {reserved} reserved, {held} held by reservations"
        if held + sold + (on_hand - reserved) != initial_stock[book_id]:
            yield (f"book {book_id}: {held} held + {sold} sold + {on_hand - reserved} free is not"
                   f" {initial_stock[book_id]}")


def _money(databases, orders, refunded_by_operator):
    """What the provider has, for each order, is what is owed; the buyer is charged once."""
    at_provider = collections.defaultdict(list)
    for reference, amount, refunded in databases.query(
            "SELECT reference, amount_minor, refunded_minor FROM payment_simulator.charges"):
        at_provider[reference].append(amount - refunded)
    for reference in at_provider.keys() - orders.keys():
        yield f"the provider charged {reference}, which is no order"
    for order_id, order in orders.items():
        owed = order.total - refunded_by_operator[order_id] if order.state in (PAID, SHIPPED) else 0
        charges = at_provider[order_id]
        if sum(charges) != owed or len(charges) > 1:
            yield f"order {order_id}: {owed} is owed, but the provider has {charges}"
    charged = databases.query(
        "SELECT reference, COUNT(*) FROM transactions.transactions GROUP BY reference HAVING COUNT(*) > 1")
    for reference, count in charged:
        yield f"order {reference}: {count} charges at Transactions"


def _ledger(databases):
    for posting, total in databases.query(
            "SELECT posting, CAST(SUM(amount_minor) AS BIGINT) FROM transactions.ledger_entries"
            " GROUP BY posting HAVING SUM(amount_minor) <> 0"):
        yield f"the posting {posting} of the ledger has the sum {total}"
    captured = databases.query(
        "SELECT CAST(COALESCE(SUM(amount_minor - refunded_minor), 0) AS BIGINT) FROM payment_simulator.charges")
    balance = databases.query(
        "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM transactions.ledger_entries"
        " WHERE account IN ('provider_balance', 'fees')")
    if captured != balance:
        yield f"the provider has {captured[0][0]}, but the ledger {balance[0][0]} with the fees"


class Receipts:
    """The receipts in a mail folder, which deletes the oldest mails."""

    def __init__(self, folder):
        self.folder, self.sent, self._known = folder, collections.Counter(), set()

    def collect(self):
        """Reads the new mails."""
        for path in self.folder.glob("*.json"):
            if path.name not in self._known:
                self._known.add(path.name)
                mail = json.loads(path.read_text())
                if mail["subject"].startswith("Your receipt: "):
                    self.sent[mail["subject"].removeprefix("Your receipt: "), mail["to"]] += 1

    def missing(self, orders, acknowledged, requested_again):
        """Every charged order has a receipt, and each that was requested again, sent to its buyer. The
        folder keeps a mail that is sent twice only once."""
        self.collect()
        for order_id, order in orders.items():
            email = acknowledged[order_id][2] if order_id in acknowledged else None
            expected, sent = (order.charge == 2) + requested_again[order_id], self.sent[order_id, email]
            if sent != expected:
                yield f"order {order_id}: {sent} receipts instead of {expected}"
