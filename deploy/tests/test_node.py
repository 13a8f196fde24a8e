"""The overlay `small` on a real node of Kubernetes, while visitors use the shop: `just kubernetes` starts this within
tools/with-node. Each test begins and ends with all pods ready, and prints what its event has cost."""
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import cluster  # noqa: E402
from cluster import NAMESPACE, SERVICES, SHOP, get, is_ready, kubectl, pods, process_of, restarts  # noqa: E402
from processes import wait_until  # noqa: E402
from visitors import PATIENCE_SECONDS, Mails, Stopwatch, Table, Visitors, run  # noqa: E402

USERS = int(os.environ.get("BINDERY_VISITORS", "12"))
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)"


def connects(pod, address, port):
    """Whether a connection from the network of a pod is accepted within 3 s."""
    inside = ["nsenter", f"--target={process_of(pod)}", "--net", sys.executable, "-c", CONNECT, address, str(port)]
    return subprocess.run(inside, capture_output=True).returncode == 0


class NodeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table = Table("until all pods are ready again")
        with Stopwatch() as watch:
            cluster.deploy()
        print(f"ready after {watch.seconds}", flush=True)
        cls.mails = cls.enterClassContext(Mails())

    @classmethod
    def tearDownClass(cls):
        print(f"\n{cls.table}", flush=True)

    def visitors(self, users=USERS):
        return Visitors(SHOP, self.mails, users)

    def record(self, event, visitors, watch, failures_allowed=False):
        self.table.add(event, visitors, watch.seconds)
        if not failures_allowed:
            self.assertEqual((visitors.failed_pages, visitors.failed_orders), (0, 0), visitors.failures)
        cluster.audit()

    def test_buyer_orders_from_outside(self):
        with self.visitors() as visitors, Stopwatch() as watch:
            visitors.wait_for_orders(10)
        self.record("none", visitors, watch)

    def test_rolling_update_of_every_deployment_fails_no_page(self):
        before = pods("app.kubernetes.io/part-of=bookstore")
        with self.visitors() as visitors:
            with Stopwatch() as watch:
                for service in SERVICES:
                    kubectl("rollout", "restart", f"deployment/{service}")
                    kubectl("rollout", "status", f"deployment/{service}", f"--timeout={PATIENCE_SECONDS}s")
                cluster.wait_until_ready()
            visitors.wait_for_orders(2)
        self.assertFalse(before.keys() & pods("app.kubernetes.io/part-of=bookstore").keys())
        self.record("rolling update of every Deployment, one after the other", visitors, watch)

    def test_killed_containers_are_started_again(self):
        by_service = [sorted(pods(f"app.kubernetes.io/name={service}").items()) for service in SERVICES]
        slowest = None
        with self.visitors() as visitors:
            # One container of each service at once, then the other one.
            for killed in zip(*by_service):
                with Stopwatch() as watch:
                    for _, pod in killed:
                        os.kill(process_of(pod), signal.SIGKILL)

                    def started_again():
                        after = pods("app.kubernetes.io/part-of=bookstore")
                        return all(restarts(after[name]) > restarts(pod) and is_ready(after[name]) for name, pod in killed)

                    wait_until(started_again, lambda: kubectl("get", "pods", "--output=wide"), PATIENCE_SECONDS)
                slowest = max(slowest or watch, watch, key=lambda it: it.elapsed)
            visitors.wait_for_orders(2)
        self.record("`kill -9` of a container of each service at once, twice", visitors, slowest, failures_allowed=True)

    def test_drain_of_the_node_leaves_one_pod_of_each_service(self):
        with self.visitors() as visitors:
            with Stopwatch() as watch:
                # Without another node, the pods that replace the evicted ones wait.
                drained = subprocess.run(
                    ["kubectl", "drain", "node", "--pod-selector=app.kubernetes.io/part-of=bookstore", "--delete-emptydir-data",
                     "--timeout=60s"], capture_output=True, text=True, timeout=PATIENCE_SECONDS)
                self.assertIn("violate the pod's disruption budget", drained.stderr)
                for service in SERVICES:
                    left = pods(f"app.kubernetes.io/name={service}").values()
                    self.assertEqual(sum(map(is_ready, left)), 1, service)
                visitors.wait_for_orders(2)
                run("kubectl", "uncordon", "node")
                cluster.wait_until_ready()
            visitors.wait_for_orders(2)
        self.record("drain of the node, held by the disruption budgets, and back", visitors, watch)

    def test_eviction_beyond_the_disruption_budget_is_refused(self):
        first, second = pods("app.kubernetes.io/name=cart")

        def evict(name):
            body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": NAMESPACE}}
            path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction"
            return subprocess.run(["kubectl", "create", "--raw", path, "--filename=-"], input=cluster.json.dumps(body),
                                  capture_output=True, text=True)

        with self.visitors() as visitors:
            with Stopwatch() as watch:
                accepted, refused = evict(first), evict(second)
                self.assertEqual(accepted.returncode, 0, accepted.stderr)
                self.assertIn("disruption budget", refused.stderr)
                cluster.wait_until_ready()
            visitors.wait_for_orders(2)
        self.assertIn(second, pods("app.kubernetes.io/name=cart"))
        self.record("eviction of a pod of Cart", visitors, watch)

    def test_killed_database_is_started_again(self):
        with self.visitors() as visitors:
            with Stopwatch() as watch:
                kubectl("delete", "pod", "postgres-0", "--grace-period=0", "--force")
                cluster.wait_until_ready()
            visitors.wait_for_orders(2)
        self.record("PostgreSQL's pod deleted without a grace period", visitors, watch, failures_allowed=True)

    def test_autoscaler_adds_pods_under_load_and_removes_them(self):
        kubectl("autoscale", "deployment", "marketplace", "--min=2", "--max=4", "--cpu=100%")
        self.addCleanup(kubectl, "delete", "horizontalpodautoscaler", "marketplace")

        def replicas():
            return get("deployment", "marketplace")["status"]["readyReplicas"]

        def describe():
            return kubectl("describe", "horizontalpodautoscaler")

        with self.visitors(3 * USERS) as visitors:
            with Stopwatch() as watch:
                wait_until(lambda: replicas() > 2, describe, PATIENCE_SECONDS)
        wait_until(lambda: replicas() == 2, describe, PATIENCE_SECONDS)
        cluster.wait_until_ready()
        self.record("autoscaler adds pods of the shop, and removes them", visitors, watch)

    def test_pods_reach_only_what_the_policies_allow(self):
        by_service = {service: next(iter(pods(f"app.kubernetes.io/name={service}").values())) for service in [*SERVICES, "postgres"]}
        stranger = get("pod", "stranger", namespace="stranger")
        proxy = get("pods", namespace="ingress")["items"][0]
        address = {service: pod["status"]["podIP"] for service, pod in by_service.items()}
        for pod, service, port, expected in [
            (stranger, "cart", 50051, False), (stranger, "postgres", 5432, False), (stranger, "marketplace", 5000, False),
            (stranger, "cart", 9464, False), (proxy, "marketplace", 5000, True), (proxy, "cart", 50051, False),
            (by_service["marketplace"], "cart", 50051, True), (by_service["marketplace"], "postgres", 5432, False),
            (by_service["cart"], "inventory", 50051, True), (by_service["cart"], "postgres", 5432, True),
            (by_service["inventory"], "cart", 50051, False), (by_service["recommendations"], "transactions", 50051, False),
        ]:
            with self.subTest(pod=pod["metadata"]["name"], service=service, port=port):
                self.assertEqual(connects(pod, address[service], port), expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
