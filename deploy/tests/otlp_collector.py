"""A real OpenTelemetry Collector, and what it gets: spans, records of the log, and metrics."""
import http.server
import json
import os
import socket
import subprocess
import threading

from processes import ROOT, free_port, wait_until

COLLECTOR = os.environ.get("BINDERY_COLLECTOR", ROOT / ".tools/bin/collector")
ERROR = 2


def value(encoded):
    """The value of an attribute."""
    kind, content = next(iter(encoded.items()))
    return int(content) if kind == "intValue" else content


def attributes(encoded):
    return {it["key"]: value(it["value"]) for it in encoded.get("attributes", [])}


class Span:
    def __init__(self, encoded, resource):
        self.name, self.kind = encoded["name"], encoded["kind"]
        self.trace_id, self.span_id, self.parent = encoded["traceId"], encoded["spanId"], encoded.get("parentSpanId", "")
        self.attributes = attributes(encoded)
        self.links = [(link["traceId"], link["spanId"]) for link in encoded.get("links", [])]
        self.failed = encoded.get("status", {}).get("code") == ERROR
        self.service, self.instance = resource.get("service.name"), resource.get("service.instance.id")
        self.text = json.dumps([encoded, resource])


class Record:
    """A record of the log."""

    def __init__(self, encoded, resource, scope):
        self.level, self.message = encoded.get("severityText"), value(encoded.get("body") or {"stringValue": ""})
        self.trace_id, self.span_id = encoded.get("traceId", ""), encoded.get("spanId", "")
        self.attributes, self.target = attributes(encoded), scope.get("name", "")
        self.instance = resource.get("service.instance.id")
        self.text = json.dumps([encoded, resource])


class Point:
    """The value of a series of a metric."""

    def __init__(self, encoded, resource, metric):
        self.name, self.unit = metric["name"], metric.get("unit", "")
        self.attributes, self.content = attributes(encoded), encoded
        self.instance = resource.get("service.instance.id")
        self.text = json.dumps([metric, resource])


class Collector:
    """The collector, and the HTTP server to which it sends what it gets."""

    def __init__(self, folder, port=None):
        self.spans, self.records, self.points = [], [], []
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
                "pipelines": dict.fromkeys(("traces", "metrics", "logs"), {"receivers": ["otlp"], "exporters": ["otlphttp"]}),
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
        for of_resource in [*body.get("resourceSpans", []), *body.get("resourceLogs", []), *body.get("resourceMetrics", [])]:
            resource = attributes(of_resource["resource"])
            for scope in of_resource.get("scopeSpans", []):
                self.spans.extend(Span(span, resource) for span in scope["spans"])
            for scope in of_resource.get("scopeLogs", []):
                self.records.extend(Record(record, resource, scope.get("scope", {})) for record in scope["logRecords"])
            for scope in of_resource.get("scopeMetrics", []):
                for metric in scope["metrics"]:
                    kind = next(kind for kind in ("sum", "gauge", "histogram") if kind in metric)
                    self.points.extend(Point(point, resource, metric) for point in metric[kind]["dataPoints"])

    def last_point(self, instance, name, **labels):
        """The last value of the only series of a process with these attributes, among others."""
        found = [point for point in list(self.points)
                 if (point.instance, point.name) == (instance, name) and labels.items() <= point.attributes.items()]
        return found[-1] if found else None

    def trace(self, trace_id):
        return [span for span in list(self.spans) if span.trace_id == trace_id]

    def end(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        self.server.shutdown()
        self.server.server_close()
