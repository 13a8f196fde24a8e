"""deploy/compose.yaml in a real Docker engine, while visitors use the shop: `just compose-test` starts this within
tools/with-docker. Each test begins with all containers, and those that break something print what it has cost."""
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from processes import ROOT, get, wait_until  # noqa: E402
from visitors import MAIL_SERVER, PATIENCE_SECONDS, Mails, Stopwatch, Table, Visitors, run  # noqa: E402

IMAGE = Path(os.environ["BINDERY_IMAGE"])
OTHER_IMAGES = Path(os.environ["BINDERY_OTHER_IMAGES"])
USERS = int(os.environ.get("BINDERY_VISITORS", "6"))
SERVICES = ["inventory", "recommendations", "cart", "transactions", "accounts", "reviews", "marketplace"]
WITH_DATABASE = {"inventory", "cart", "transactions", "accounts", "reviews"}
SHOP, PROMETHEUS = "http://127.0.0.1:5000", "http://127.0.0.1:9090"
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)"
# What belongs to the project, by the command that lists it.
THINGS = {"container": ["--all"], "network": [], "volume": []}


def docker(*arguments):
    return run("docker", *arguments)


def compose(*arguments, **settings):
    return run("docker", "compose", *arguments, cwd=ROOT / "deploy", env={**os.environ, **settings})


def up(*arguments, **settings):
    compose(*arguments, "up", "--detach", "--wait", **settings)


def inspect(service):
    return json.loads(docker("inspect", compose("ps", "--all", "--quiet", service).strip()))[0]


def listed(kind):
    """The ids of all containers, networks or volumes of the project."""
    label = "--filter=label=com.docker.compose.project=bookstore"
    return set(docker(kind, "ls", *THINGS[kind], label, "--quiet").split())


def audit():
    """Runs the audit in the container of the shop, which may call all services that it compares. Returns how many orders
    and payments agree."""
    return compose("exec", "--no-TTY", "marketplace", "/bookstore", "audit").split(" payments")[0]


def has_search_index():
    """Whether searches are answered. A new index takes a moment longer than the start."""
    try:
        return get(f"{SHOP}/search?q=dune")
    except urllib.error.HTTPError:
        return None


def connects(container, address, port):
    """Whether a connection from the network of a container is accepted within 3 s."""
    inside = ["nsenter", f"--target={container['State']['Pid']}", "--net", sys.executable, "-c", CONNECT, address, str(port)]
    return subprocess.run(inside, capture_output=True).returncode == 0


def addresses(container):
    """The addresses of a container by its networks."""
    networks = container["NetworkSettings"]["Networks"].items()
    return {name.removeprefix("bookstore_"): network["IPAddress"] for name, network in networks}


def setUpModule():
    for archive in [IMAGE, *sorted(OTHER_IMAGES.glob("*.tar"))]:
        loaded = docker("load", "--input", archive).split("Loaded image: ")[1].split()[0]
        product = loaded.split("/")[1].split(":")[0]
        os.environ["BINDERY_IMAGE" if product == "bookstore" else f"BINDERY_{product.upper()}_IMAGE"] = loaded
    os.environ.update({
        "BINDERY_SMTP_URL": f"smtp://{MAIL_SERVER[0]}:{MAIL_SERVER[1]}?tls=none",
        # The proxy of Docker, through which all visitors come.
        "BINDERY_TRUSTED_PROXIES": "172.16.0.0/12,192.168.0.0/16",
    })


class ComposeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table = Table("until all containers are healthy again")
        cls.addClassCleanup(compose, "--profile=observability", "down", "--volumes")
        with Stopwatch() as watch:
            up()
        print(f"healthy after {watch.seconds}", flush=True)
        wait_until(has_search_index, "the index of the search is made", PATIENCE_SECONDS)
        cls.mails = cls.enterClassContext(Mails())

    @classmethod
    def tearDownClass(cls):
        print(f"\n{cls.table}", flush=True)

    def setUp(self):
        up()

    def visitors(self):
        return Visitors(SHOP, self.mails, USERS)

    def test_buyer_orders_from_outside(self):
        with self.visitors() as visitors, Stopwatch() as watch:
            visitors.wait_for_orders(5)
        self.table.add("none", visitors, watch.seconds)
        self.assertEqual((visitors.failed_pages, visitors.failed_orders), (0, 0), visitors.failures)
        self.assertEqual(self.mails.sites, {SHOP})
        audit()

    def test_doctor_finds_nothing_in_the_container_of_the_shop(self):
        checks = compose("exec", "--no-TTY", "marketplace", "/bookstore", "doctor")
        self.assertRegex(checks, r"\d+ checks: 0 failures, 0 warnings")
        for service in SERVICES[:-1]:
            self.assertIn(f"{service} at https://{service}:50051: bookstore.{service}.v1.", checks)

    def test_killed_containers_are_started_again(self):
        for service in [*SERVICES, "postgres"]:
            with self.subTest(service=service):
                before = inspect(service)
                with self.visitors() as visitors:
                    with Stopwatch() as watch:
                        # `docker kill` would stop it for good.
                        os.kill(before["State"]["Pid"], signal.SIGKILL)
                        wait_until(lambda: inspect(service)["RestartCount"] > before["RestartCount"], service, PATIENCE_SECONDS)
                        self.wait_until_healthy()
                    visitors.wait_for_orders(2)
                self.assertEqual(inspect(service)["Id"], before["Id"])
                self.table.add(f"`kill -9` of {service}", visitors, watch.seconds)
                audit()

    def wait_until_healthy(self):
        def unhealthy():
            states = {service: inspect(service)["State"]["Health"]["Status"] for service in [*SERVICES, "postgres"]}
            return {service: state for service, state in states.items() if state != "healthy"}

        wait_until(lambda: not unhealthy(), unhealthy, PATIENCE_SECONDS)

    def test_second_up_changes_nothing(self):
        def state():
            containers = {service: inspect(service) for service in [*SERVICES, "postgres"]}
            started = {service: (it["Id"], it["State"]["StartedAt"]) for service, it in containers.items()}
            mounts = {mount["Destination"]: mount["Source"] for mount in inspect("certificates")["Mounts"]}
            files = Path(mounts["/secrets"]).parents[1].glob("bookstore_secrets*/_data/*")
            secrets = {str(file): file.read_bytes() for file in files if file.is_file()}
            return started, secrets, {kind: listed(kind) for kind in THINGS}

        before = state()
        # Authority, certificates of a process with all services, of clients, of seven services, and of Prometheus;
        # tokens, logins of the database, and its password.
        self.assertEqual(len(before[1]), 2 + 4 + 7 * 5 + 3 + 8 + 5 + 2)
        up()
        self.assertEqual(state(), before)

    def test_containers_have_no_privileges_and_only_their_own_secrets(self):
        for service in [*SERVICES, "postgres"]:
            container = inspect(service)
            host = container["HostConfig"]
            with self.subTest(service=service):
                self.assertTrue(host["ReadonlyRootfs"])
                self.assertEqual(host["CapDrop"], ["ALL"])
                self.assertIsNone(host["CapAdd"])
                self.assertIn("no-new-privileges:true", host["SecurityOpt"])
                self.assertEqual(container["Config"]["User"], "999:999" if service == "postgres" else "65532:65532")
                volumes = {mount["Name"] for mount in container["Mounts"] if mount["Destination"] == "/secrets"}
                self.assertEqual(volumes, {f"bookstore_secrets-{service}"})
                self.assertNotRegex(" ".join(container["Config"]["Env"]), r"[0-9a-f]{64}")
                status = Path(f"/proc/{container['State']['Pid']}/status").read_text()
                self.assertEqual(re.search(r"CapEff:\s+(\w+)", status)[1], "0" * 16)

    def test_networks_and_certificates_let_only_services_in(self):
        containers = {service: inspect(service) for service in [*SERVICES, "postgres"]}
        database = addresses(containers["postgres"])["database"]
        for service in SERVICES:
            with self.subTest(service=service):
                self.assertEqual(connects(containers[service], database, 5432), service in WITH_DATABASE)
        # This machine reaches the containers, but has no certificate.
        metrics = f"https://{addresses(containers['cart'])['services']}:9464/metrics"
        with self.assertRaises((urllib.error.URLError, ssl.SSLError, ConnectionError)):
            urllib.request.urlopen(metrics, timeout=10, context=ssl._create_unverified_context())

    def test_prometheus_and_the_collector_watch_all_services(self):
        up("--profile=observability", OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4317")
        self.addCleanup(compose, "--profile=observability", "rm", "--force", "--stop", "prometheus", "collector")

        def targets():
            found = json.loads(get(f"{PROMETHEUS}/api/v1/targets"))["data"]["activeTargets"]
            return {target["labels"]["instance"]: target["lastError"] or target["health"] for target in found}

        expected = {f"{service}:9464": "up" for service in SERVICES}
        wait_until(lambda: targets() == expected, targets, PATIENCE_SECONDS)
        rules = json.loads(get(f"{PROMETHEUS}/api/v1/rules"))["data"]["groups"]
        self.assertGreater(sum(len(group["rules"]) for group in rules), 5)
        get(SHOP)

        def log():
            return compose("logs", "--no-log-prefix", "collector")

        for kind in ("Traces", "Logs"):
            wait_until(lambda: re.search(rf"\b{kind}\b.*[1-9]", log()), log, PATIENCE_SECONDS)


class DownTest(unittest.TestCase):
    def test_down_keeps_the_data_and_with_volumes_leaves_nothing(self):
        self.addCleanup(compose, "down", "--volumes")
        up()
        with Mails() as mails, Visitors(SHOP, mails, USERS) as visitors:
            visitors.wait_for_orders(2)
        self.assertGreater(visitors.orders, 0)
        before = audit()
        compose("down")
        self.assertEqual((listed("container"), listed("network")), (set(), set()))
        up()
        self.assertEqual(audit(), before)
        compose("down", "--volumes")
        self.assertEqual({kind: listed(kind) for kind in THINGS}, {kind: set() for kind in THINGS})
        # Also none without a name, which images declare.
        self.assertEqual(docker("volume", "ls", "--quiet"), "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
