"""The dashboard and the alerts against a real Prometheus that scrapes a bookstore of two processes."""
import json
import os
import re
import secrets
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from processes import OTHERS, ROOT, Process, free_port, get, wait_until, write_service_secret

OBSERVABILITY = ROOT / "deploy/observability"
PROMETHEUS = Path(os.environ.get("BINDERY_PROMETHEUS", ROOT / ".deps/prometheus/usr/bin"))
# Minutes of the alerts are seconds here, and so is the window of a rate.
WINDOW = "5s"
KEYWORDS = {"by", "on", "and", "or", "unless", "ignoring", "without", "group_left", "group_right", "bool", "offset"}


def metric_names(expression):
    """The names of the metrics in a PromQL expression."""
    plain = re.sub(r'"[^"]*"', "", expression)
    plain = re.sub(r"\{[^}]*\}|\[[^]]*\]", " ", plain)
    plain = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", plain)
    names = re.findall(r"\b[a-z_][a-z0-9_:]*\b(?!\s*\()", plain)
    return set(names) - KEYWORDS


def dashboard_expressions():
    """The queries of the panels, with values for the variables of Grafana."""
    dashboard = json.loads((OBSERVABILITY / "dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    values = {"$__rate_interval": WINDOW, "$instance": ".*", "$service": ".*"}
    for variable, value in values.items():
        expressions = [expression.replace(variable, value) for expression in expressions]
    return expressions


def alert_expressions():
    rules = (OBSERVABILITY / "alerts.yml").read_text()
    return re.findall(r"^\s+expr: (?:\|\n)?((?:.|\n)*?)(?=^\s+(?:for|labels):)", rules, re.MULTILINE)


class Prometheus:
    """A Prometheus whose scrapes and rules run every second."""

    def __init__(self, folder, targets):
        rules = (OBSERVABILITY / "alerts.yml").read_text()
        rules = re.sub(r"\[\d+m\]", f"[{WINDOW}]", rules)
        (folder / "alerts.yml").write_text(re.sub(r"for: \d+m", "for: 1s", rules))
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [{"job_name": "bookstore", "static_configs": [{"targets": targets}]}],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML.
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = open(folder / "prometheus.log", "w")
        self.process = subprocess.Popen(
            [PROMETHEUS / "prometheus", f"--config.file={folder}/prometheus.yml", "--log.level=warn",
             "--enable-feature=exemplar-storage",
             f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address={self.url.removeprefix('http://')}"],
            stdout=self.log, stderr=self.log,
        )
        wait_until(self.is_ready, lambda: f"Prometheus is ready: {Path(self.log.name).read_text()}")

    def is_ready(self):
        try:
            return get(f"{self.url}/-/ready")
        except (urllib.error.URLError, ConnectionError):
            return None

    def api(self, path, **parameters):
        answer = json.loads(get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))
        return answer["data"]

    def query(self, expression):
        return self.api("query", query=expression)["result"]

    def firing(self):
        alerts = self.api("alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def end(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


class RulesTest(unittest.TestCase):
    def test_rules_are_valid_and_fire_as_their_tests_say(self):
        for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"],
                        ["check", "config", "prometheus.yml"]):
            done = subprocess.run([PROMETHEUS / "promtool", *command], cwd=OBSERVABILITY, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class ObservabilityTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="bindery-")
        self.addCleanup(temporary.cleanup)
        folder = Path(temporary.name)
        write_service_secret(folder)
        # Nobody receives the traces, of which the metrics have exemplars.
        collector = f"--otlp-endpoint=http://127.0.0.1:{free_port()}"
        self.inventory = Process(folder, "inventory", "serve", "inventory", collector)
        self.addCleanup(self.inventory.end)
        peer = f"--peer=inventory=http://{self.inventory.addresses['gRPC']}"
        self.others = Process(folder, "others", "serve", *OTHERS, peer, collector)
        self.addCleanup(self.others.end)
        self.metrics = [process.addresses["metrics"] for process in (self.inventory, self.others)]
        targets = [url.removeprefix("http://").removesuffix("/metrics") for url in self.metrics]
        self.prometheus = Prometheus(folder, targets)
        self.addCleanup(self.prometheus.end)

    def visit(self, **headers):
        """Opens a page whose books are those of Inventory."""
        request = urllib.request.Request(f"{self.others.addresses['shop']}/search?q=the", headers=headers)
        try:
            return get(request)
        except urllib.error.HTTPError as error:
            return error.read()

    def test_metrics_have_help_texts_and_units(self):
        self.visit()
        text = "".join(get(url) for url in self.metrics)
        families = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
        described = set(re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE))
        self.assertGreater(len(families), 25)
        self.assertEqual(families - described, set())

    def test_prometheus_stores_the_trace_of_a_sampled_call_with_the_histogram(self):
        sampled, not_sampled = secrets.token_hex(16), secrets.token_hex(16)
        self.visit(traceparent=f"00-{not_sampled}-{secrets.token_hex(8)}-00")
        self.visit(traceparent=f"00-{sampled}-{secrets.token_hex(8)}-01")
        histogram = 'grpc_server_handling_seconds_bucket{grpc_method="SearchBooks"}'

        def exemplars():
            now = time.time()
            return self.prometheus.api("query_exemplars", query=histogram, start=now - 60, end=now + 60)

        [series] = wait_until(exemplars, lambda: f"Prometheus has an exemplar: {get(self.metrics[0])}")
        self.assertEqual(series["seriesLabels"]["__name__"], "grpc_server_handling_seconds_bucket")
        self.assertEqual({exemplar["labels"]["trace_id"] for exemplar in series["exemplars"]}, {sampled})
        self.assertLess(0, float(series["exemplars"][0]["value"]))
        # The series are those of the text format.
        text = get(self.metrics[0])
        names = {line.split("{")[0].split()[0] for line in text.splitlines() if line and not line.startswith("#")}
        stored = {result["metric"]["__name__"] for result in self.prometheus.query('{job="bookstore"}')}
        self.assertEqual(names - stored, set())

    def test_fault_fires_alerts_and_every_metric_of_dashboard_and_alerts_exists(self):
        wait_until(lambda: len(self.prometheus.query('up == 1')) == 2, "both processes are scraped")
        self.visit()
        ready = 'rate(grpc_server_handled_total{grpc_method="SearchBooks"}[5s]) > 0'
        wait_until(lambda: self.visit() and self.prometheus.query(ready), "calls are counted")
        self.assertEqual(self.prometheus.firing(), set())

        self.inventory.end(signal.SIGKILL)
        expected = {"BookstoreDown", "BookstoreBreakerOpen"}
        wait_until(lambda: self.visit() and expected <= self.prometheus.firing(), f"{expected} fire", 60)

        known = set(self.prometheus.api("label/__name__/values"))
        expressions = [*dashboard_expressions(), *alert_expressions()]
        self.assertGreater(len(expressions), 35)
        named = set().union(*map(metric_names, expressions))
        self.assertGreater(len(named), 20)
        self.assertEqual(named - known, set())
        for expression in expressions:
            self.prometheus.query(expression)


if __name__ == "__main__":
    unittest.main()
