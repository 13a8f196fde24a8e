"""The traces, metrics and log of a bookstore of two processes, as a real OpenTelemetry Collector gets them."""
import secrets
import socket
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import lxml.html

from otlp_collector import Collector
from processes import OTHERS, Process, free_port, get, wait_until, write_service_secret

SERVER, CLIENT, CONSUMER = 2, 3, 5
PASSWORD = "correct horse battery"
EMAIL = "ada@example.org"
RECIPIENT = "Ada Lovelace"
PLACE_ORDER = "bookstore.cart.v1.CheckoutService/PlaceOrder"
RESERVE = "bookstore.inventory.v1.InventoryService/ReserveStock"
CHARGE = "bookstore.transactions.v1.TransactionService/Charge"
SEARCH = "bookstore.inventory.v1.InventoryService/SearchBooks"
# The crates that send what is exported.
SENDING_CRATES = {"h2", "hyper", "hyper_util", "tonic", "tower", "rustls"}
# Data is sent soon, or not before the end.
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_BLRP_SCHEDULE_DELAY": "200", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
LATE = dict.fromkeys(SOON, "600000")


class Browser:
    """A browser without JavaScript, whose requests can belong to a trace."""

    def __init__(self, shop):
        self.shop = shop
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, path, data=None, traceparent=None):
        """Loads a page; returns it and the path on which the browser has landed."""
        request = urllib.request.Request(self.shop + path, data and urllib.parse.urlencode(data).encode())
        if traceparent:
            request.add_header("traceparent", traceparent)
        with self.opener.open(request, timeout=20) as answer:
            return lxml.html.fromstring(answer.read().decode()), urllib.parse.urlsplit(answer.url).path

    def send(self, page, action, traceparent=None, **fields):
        form = next(form for form in page.forms if urllib.parse.urlsplit(form.action).path == action)
        return self.open(action, dict(form.form_values()) | fields, traceparent)

    def sign_up(self):
        page, _ = self.open("/sign-up")
        self.send(page, "/sign-up", email=EMAIL, password=PASSWORD, display_name="Ada")
        mails = wait_until(lambda: self.open("/mail")[0].xpath(f"//main//li[contains(., '{EMAIL}')]/a/@href"), "a mail")
        link = urllib.parse.urlsplit(self.open(mails[0])[0].xpath("//main//p[contains(@class, 'mail')]//a/@href")[0])
        page, _ = self.open(f"{link.path}?{link.query}")
        page, _ = self.send(page, "/verify")
        self.send(self.open("/sign-in")[0], "/sign-in", email=EMAIL, password=PASSWORD)

    def order(self, traceparent):
        """Orders a book; only the last request belongs to the trace. Returns the path of the order."""
        self.send(self.open("/books/1")[0], "/cart/add")
        address = {"recipient": RECIPIENT, "street_lines[0]": "12 St James's Square", "city": "London",
                   "postal_code": "SW1Y 4JH", "country_code": "GB"}
        fields = {f"shipping_address.{name}": content for name, content in address.items()}
        page, _ = self.open("/checkout")
        return self.send(page, "/checkout", traceparent, **fields)[1]


class TracesTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="bindery-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        write_service_secret(self.folder)

    def collector(self, port=None):
        collector = Collector(self.folder, port)
        self.addCleanup(collector.end)
        return collector

    def bookstore(self, url, **environment):
        """Starts Inventory and the other services; returns both processes."""
        flag = f"--otlp-endpoint={url}"
        environment = SOON | environment
        inventory = Process(self.folder, "inventory", "serve", "inventory", flag, **environment)
        self.addCleanup(inventory.end)
        peer = f"--peer=inventory=http://{inventory.addresses['gRPC']}"
        others = Process(self.folder, "others", "serve", *OTHERS, peer, flag, **environment)
        self.addCleanup(others.end)
        return inventory, others

    def test_order_is_one_trace_through_both_processes_and_the_steps_in_the_background(self):
        collector = self.collector()
        _, others = self.bookstore(collector.url)
        browser = Browser(others.addresses["shop"])
        browser.sign_up()
        trace_id, browsers_span = secrets.token_hex(16), secrets.token_hex(8)
        order = browser.order(f"00-{trace_id}-{browsers_span}-01")
        self.assertTrue(order.startswith("/orders/"), order)

        def is_complete():
            spans = collector.trace(trace_id)
            names = {span.name for span in spans}
            known = {span.span_id for span in spans} | {browsers_span}
            served = {span.parent for span in spans if span.kind == SERVER}
            return ({"POST /checkout", "process orders", "process receipts"} <= names
                    and all(span.parent in known for span in spans)
                    and all(span.span_id in served for span in spans if span.kind == CLIENT))

        wait_until(is_complete, lambda: "\n".join(tree(collector.trace(trace_id), browsers_span)))
        spans = collector.trace(trace_id)

        def one(name, kind, parent=None):
            found = [span for span in spans if (span.name, span.kind) == (name, kind) and parent in (None, span.parent)]
            self.assertEqual(len(found), 1, f"{name} {kind} below {parent}")
            return found[0]

        page = one("POST /checkout", SERVER, browsers_span)
        self.assertEqual(page.attributes, {
            "http.request.method": "POST", "http.route": "/checkout", "http.response.status_code": 303})
        call = one(PLACE_ORDER, CLIENT, page.span_id)
        placed = one(PLACE_ORDER, SERVER, call.span_id)
        expected = {"rpc.system.name": "grpc", "rpc.method": PLACE_ORDER, "rpc.response.status_code": "OK"}
        self.assertEqual(placed.attributes, expected)
        # A call to the other process.
        call = one(RESERVE, CLIENT, placed.span_id)
        self.assertEqual(call.attributes["server.address"], "127.0.0.1")
        self.assertIn("server.port", call.attributes)
        reserved = one(RESERVE, SERVER, call.span_id)
        self.assertEqual((reserved.service, placed.service), ("inventory", "bookstore"))
        # The steps in the background are below what has enqueued them, and linked to it.
        step = one("process orders", CONSUMER, placed.span_id)
        self.assertEqual(step.links, [(trace_id, placed.span_id)])
        self.assertEqual(step.attributes["messaging.destination.name"], "orders")
        charged = one(CHARGE, SERVER, one(CHARGE, CLIENT, step.span_id).span_id)
        one("process receipts", CONSUMER, charged.span_id)
        self.assertEqual([span.name for span in spans if span.failed], [])

        token = (self.folder / "data/operator.token").read_text().strip()
        secret = (self.folder / "service.secret").read_text().strip()
        private = [EMAIL, PASSWORD, RECIPIENT, "SW1Y", "tok_visa", token, secret, order.removeprefix("/orders/")]
        private += [cookie.value for cookie in browser.cookies if len(cookie.value) > 15]
        wait_until(lambda: collector.records and collector.points, "there are log records and metrics")
        everything = "".join(it.text for it in [*collector.spans, *collector.records, *collector.points])
        self.assertEqual([it for it in private if it in everything], [])

    def test_call_is_in_the_log_with_its_trace_and_in_the_metrics(self):
        collector = self.collector()
        _, others = self.bookstore(collector.url, BINDERY_LOG="debug")
        trace_id = secrets.token_hex(16)
        Browser(others.addresses["shop"]).open("/search?q=the", traceparent=f"00-{trace_id}-{secrets.token_hex(8)}-01")

        def served():
            return next((span for span in collector.trace(trace_id) if (span.name, span.kind) == (SEARCH, SERVER)), None)

        span = wait_until(served, "the call has a span")
        self.assertEqual(span.service, "inventory")

        def logged():
            return [record for record in collector.records if (record.span_id, record.target) == (span.span_id, "rpc")]

        [record] = wait_until(logged, "the call has a record in the log")
        self.assertEqual((record.level, record.message, record.trace_id, record.instance), ("INFO", "call", trace_id, span.instance))
        self.assertEqual(record.attributes["method"], f"/{SEARCH}")
        self.assertEqual(record.attributes["code"], "OK")

        labels = {"grpc_method": "SearchBooks", "grpc_type": "unary"}
        counted = wait_until(lambda: collector.last_point(span.instance, "grpc_server_handled_total", grpc_code="OK", **labels), "it is counted")
        self.assertEqual(counted.content["asInt"], "1")
        timed = wait_until(lambda: collector.last_point(span.instance, "grpc_server_handling_seconds", **labels), "it is timed")
        self.assertEqual((timed.unit, timed.content["count"], sum(map(int, timed.content["bucketCounts"]))), ("s", "1", 1))
        self.assertEqual((timed.content["explicitBounds"][0], timed.content["explicitBounds"][-1]), (0.0001, 10))
        self.assertLess(0, timed.content["sum"])
        for name, unit in [("process_resident_memory_bytes", "By"), ("process_threads", "")]:
            gauge = wait_until(lambda: collector.last_point(span.instance, name), f"{name} is exported")
            self.assertEqual(gauge.unit, unit)
            self.assertLess(0, gauge.content["asDouble"])
        # What Prometheus gets has the same series.
        names = {line.split()[2] for line in get(others.addresses["metrics"]).splitlines() if line.startswith("# TYPE ")}
        wait_until(lambda: names <= {point.name for point in list(collector.points)}, lambda: str(names - {point.name for point in collector.points}))
        # Sending the log does not add to it.
        targets = {record.target.split("::")[0] for record in collector.records}
        self.assertEqual(targets & SENDING_CRATES, set())

    def test_last_spans_records_and_metrics_are_sent_at_the_end(self):
        collector = self.collector()
        inventory, others = self.bookstore(collector.url, **LATE)
        trace_id = secrets.token_hex(16)
        Browser(others.addresses["shop"]).open("/search?q=the", traceparent=f"00-{trace_id}-{secrets.token_hex(8)}-01")
        self.assertEqual((collector.spans, collector.records, collector.points), ([], [], []))
        others.end()
        inventory.end()
        wait_until(lambda: {SERVER, CLIENT} <= {span.kind for span in collector.trace(trace_id) if span.name == SEARCH}, "both spans are there")
        wait_until(lambda: any(record.trace_id == trace_id for record in collector.records), "a record is there")
        wait_until(lambda: any(point.attributes.get("grpc_method") == "SearchBooks" for point in collector.points), "it is counted")

    def test_collector_that_does_not_answer_delays_the_end_by_two_seconds_at_most(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"http://127.0.0.1:{silent.getsockname()[1]}"
            environment = SOON | {"OTEL_EXPORTER_OTLP_TIMEOUT": "600000"}
            process = Process(self.folder, "all", "up", f"--otlp-endpoint={address}", **environment)
            self.addCleanup(process.end)
            get(process.addresses["shop"])
            begin = time.monotonic()
            process.end()
            # Two seconds, and what else the end needs.
            self.assertLess(time.monotonic() - begin, 15)

    def test_each_kind_of_data_can_be_switched_off(self):
        collector = self.collector()
        _, others = self.bookstore(collector.url, OTEL_TRACES_EXPORTER="none", OTEL_METRICS_EXPORTER="none")
        wait_until(lambda: get(others.addresses["shop"]) and collector.records, "the log is exported")
        others.end()
        self.assertEqual((collector.spans, collector.points), ([], []))
        self.assertEqual({record.trace_id for record in collector.records}, {""})

    def test_failed_call_is_an_error_and_caller_decides_what_is_sampled(self):
        collector = self.collector()
        inventory, others = self.bookstore(collector.url, OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG="0")
        shop = Browser(others.addresses["shop"])
        inventory.end()
        not_sampled, sampled = secrets.token_hex(16), secrets.token_hex(16)
        paths = [("/search?q=x", None), ("/search?q=x", f"00-{not_sampled}-{secrets.token_hex(8)}-00"),
                 ("/search?q=x", f"00-{sampled}-{secrets.token_hex(8)}-01")]
        for path, traceparent in paths:
            try:
                shop.open(path, traceparent=traceparent)
            except urllib.error.HTTPError:
                pass  # The search needs Inventory, which is down.
        wait_until(lambda: any(span.name == "GET /search" for span in collector.trace(sampled)), "the page is recorded")
        self.assertEqual({span.trace_id for span in collector.spans}, {sampled})
        failed = [span for span in collector.trace(sampled) if span.kind == CLIENT and span.failed]
        self.assertEqual({span.attributes["error.type"] for span in failed}, {"UNAVAILABLE"})

    def test_collector_that_is_down_is_logged_once_and_harms_nothing(self):
        port = free_port()
        _, others = self.bookstore(f"http://127.0.0.1:{port}")
        shop, metrics = others.addresses["shop"], others.addresses["metrics"]

        def lost(name):
            line = next(it for it in get(metrics).splitlines() if it.startswith(f"{name} "))
            return float(line.split()[1])

        names = ("otlp_spans_lost_total", "otlp_log_records_lost_total", "otlp_metric_exports_failed_total")
        for more in range(3):
            before = [lost(name) for name in names]
            self.assertIn("Bindery", get(shop))
            wait_until(lambda: all(lost(name) > value for name, value in zip(names, before)), "all kinds of data are lost")
        for kind in ("spans", "metrics", "log records"):
            log = others.log_path.read_text()
            self.assertEqual(log.count(f"the collector does not accept {kind}"), 1, log)
        collector = self.collector(port)
        wait_until(lambda: get(shop) and collector.spans and collector.records and collector.points, "all of it arrives")
        for kind in ("spans", "metrics", "log records"):
            wait_until(lambda: f"the collector accepts {kind} again" in others.log_path.read_text(), "it is logged")


def tree(spans, parent, depth=0):
    """The spans below a parent, indented."""
    kinds = {1: "internal", SERVER: "server", CLIENT: "client", CONSUMER: "consumer"}
    for span in spans:
        if span.parent == parent:
            yield f"{'  ' * depth}{span.name} ({kinds.get(span.kind)}, {span.service})"
            yield from tree(spans, span.span_id, depth + 1)


if __name__ == "__main__":
    unittest.main()
