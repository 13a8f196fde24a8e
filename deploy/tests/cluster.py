"""The bookstore in the cluster of tools/with-node, for the tests in this folder: kubectl, and the processes of
containers."""
import base64
import json
import os
import tempfile
from pathlib import Path

from processes import ROOT, wait_until
from visitors import PATIENCE_SECONDS, run

NAMESPACE = "bookstore"
SERVICES = ["inventory", "recommendations", "cart", "transactions", "accounts", "reviews", "marketplace"]
SHOP = "https://127.0.0.1:8443"


def kubectl(*arguments, namespace=NAMESPACE, **options):
    return run("kubectl", f"--namespace={namespace}", *arguments, **options)


def get(*arguments, **options):
    return json.loads(kubectl("get", *arguments, "--output=json", **options))


def deploy():
    """Applies the overlay with its secrets, and waits until everything is ready."""
    run("kubectl", "apply", "--kustomize", ROOT / "deploy/kubernetes/overlays/namespace")
    binary = os.environ.get("BINDERY_BINARY", str(ROOT / "target/debug/bookstore"))
    run(ROOT / "deploy/kubernetes/create-secrets", env={**os.environ, "BOOKSTORE": binary})
    run("kubectl", "create", "namespace", "ingress")
    secret = {name: base64.b64decode(value) for name, value in get("secret", "marketplace-tls")["data"].items()}
    with tempfile.TemporaryDirectory(prefix="bindery-") as folder:
        Path(folder, "shop.pem").write_bytes(secret["tls.crt"] + secret["tls.key"])
        Path(folder, "ca.crt").write_bytes(secret["ca.crt"])
        kubectl("create", "secret", "generic", "shop", f"--from-file={folder}", namespace="ingress")
    run("kubectl", "apply", "--kustomize", ROOT / "deploy/tests/kubernetes")
    wait_until_ready()
    kubectl("rollout", "status", "deployment/proxy", f"--timeout={PATIENCE_SECONDS}s", namespace="ingress")
    kubectl("wait", "--for=condition=Ready", "pod/stranger", f"--timeout={PATIENCE_SECONDS}s", namespace="stranger")


def wait_until_ready():
    """Waits until PostgreSQL and all pods of all Deployments are ready, and pods that stop have gone."""
    for workload in ["statefulset/postgres", *(f"deployment/{service}" for service in SERVICES)]:
        kubectl("rollout", "status", workload, f"--timeout={PATIENCE_SECONDS}s")

    def ready():
        return all(is_ready(pod) and "deletionTimestamp" not in pod["metadata"] for pod in get("pods")["items"])

    wait_until(ready, lambda: kubectl("get", "pods", "--output=wide"), PATIENCE_SECONDS)


def is_ready(pod):
    return pod["status"].get("containerStatuses", [{}])[0].get("ready", False)


def restarts(pod):
    return pod["status"]["containerStatuses"][0]["restartCount"]


def pods(selector=""):
    """The pods that run by their names, without those that stop."""
    listed = get("pods", f"--selector={selector}")["items"]
    return {pod["metadata"]["name"]: pod for pod in listed if "deletionTimestamp" not in pod["metadata"]}


def process_of(pod):
    """The process id of the only container of a pod, in the namespaces of the node."""
    container = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
    tasks = (line.split() for line in run("ctr", "--namespace=k8s.io", "tasks", "list").splitlines())
    return next(int(task[1]) for task in tasks if task[0] == container)


def audit():
    """Runs the audit in a pod of the shop, which may call all services that it compares."""
    return kubectl("exec", "deployment/marketplace", "--", "/bookstore", "audit")
