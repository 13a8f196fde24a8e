"""The traces of a bookstore of two processes, as a real OpenTelemetry Collector gets them."""
import http.server
import json
import os
import secrets
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import lxml.html

from processes import OTHERS, ROOT, Process, free_port, get, wait_until, write_service_secret

COLLECTOR = os.environ.get("BINDERY_COLLECTOR", ROOT / ".tools/bin/collector")
SERVER, CLIENT, CONSUMER, ERROR = 2, 3, 5, 2
PASSWORD = "correct horse battery"
EMAIL = "ada@example.org"
RECIPIENT = "Ada Lovelace"
PLACE_ORDER = "bookstore.cart.v1.CheckoutService/PlaceOrder"
RESERVE = "bookstore.inventory.v1.InventoryService/ReserveStock"
CHARGE = "bookstore.transactions.v1.TransactionService/Charge"


def value(encoded):
    """The value of an attribute."""
    kind, content = next(iter(encoded.items()))
    return int(content) if kind == "intValue" else content


class Span:
    def __init__(self, encoded, resource):
        self.name, self.kind = encoded["name"], encoded["kind"]
        self.trace_id, self.span_id, self.parent = encoded["traceId"], encoded["spanId"], encoded.get("parentSpanId", "")
        self.attributes = {it["key"]: value(it["value"]) for it in encoded.get("attributes", [])}
        self.links = [(link["traceId"], link["spanId"]) for link in encoded.get("links", [])]
        self.failed = encoded.get("status", {}).get("code") == ERROR
        self.service = resource.get("service.name")
        self.text = json.dumps([encoded, resource])


class Collector:
    """The collector, and the HTTP server to which it sends what it gets."""

    def __init__(self, folder, port=None):
        self.spans, self.bodies = [], 0
        collected = self

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                collected.add(body)
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = port or free_port()
        config = {
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{self.port}"}}}},
            "exporters": {"otlphttp": {
                "endpoint": f"http://127.0.0.1:{self.server.server_port}", "encoding": "json", "compression": "none",
                "sending_queue": {"enabled": False}, "retry_on_failure": {"enabled": False}}},
            "service": {
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlphttp"]}},
                "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}}},
        }
        path = folder / "collector.yml"
        path.write_text(json.dumps(config))  # JSON is YAML.
        self.log_path = folder / "collector.log"
        self.log = open(self.log_path, "w")
        self.process = subprocess.Popen([COLLECTOR, f"--config={path}"], stdout=self.log, stderr=self.log)
        wait_until(self.listens, lambda: f"the collector listens: {self.log_path.read_text()}")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def add(self, body):
        for of_resource in body["resourceSpans"]:
            resource = {it["key"]: value(it["value"]) for it in of_resource["resource"]["attributes"]}
            for of_scope in of_resource["scopeSpans"]:
                self.spans.extend(Span(span, resource) for span in of_scope["spans"])

    def trace(self, trace_id):
        return [span for span in list(self.spans) if span.trace_id == trace_id]

    def end(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        self.server.shutdown()
        self.server.server_close()


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
        # Spans are sent soon.
        environment = {"OTEL_BSP_SCHEDULE_DELAY": "200"} | environment
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
        everything = "".join(span.text for span in collector.spans)
        self.assertEqual([it for it in private if it in everything], [])

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

        def lost():
            line = next(it for it in get(metrics).splitlines() if it.startswith("otlp_spans_lost_total "))
            return float(line.split()[1])

        for more in range(3):
            before = lost()
            self.assertIn("Bindery", get(shop))
            wait_until(lambda: lost() > before, "spans are lost")
        log = others.log_path.read_text()
        self.assertEqual(log.count("the collector does not accept spans"), 1, log)
        collector = self.collector(port)
        wait_until(lambda: get(shop) and collector.spans, "spans arrive")
        wait_until(lambda: "the collector accepts spans again" in others.log_path.read_text(), "it is logged")


def tree(spans, parent, depth=0):
    """The spans below a parent, indented."""
    kinds = {1: "internal", SERVER: "server", CLIENT: "client", CONSUMER: "consumer"}
    for span in spans:
        if span.parent == parent:
            yield f"{'  ' * depth}{span.name} ({kinds.get(span.kind)}, {span.service})"
            yield from tree(spans, span.span_id, depth + 1)


if __name__ == "__main__":
    unittest.main()
