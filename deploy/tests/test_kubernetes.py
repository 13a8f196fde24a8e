"""Whether a real API server of Kubernetes admits the overlays: `just kubernetes-validate` starts this within
tools/with-api-server. No node runs anything."""
import copy
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ROOT / "deploy/kubernetes/overlays"
COMPONENTS = ROOT / "deploy/kubernetes/components"
NAMESPACE = "bookstore"


def kubectl(*arguments, text=None):
    return subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True, timeout=120)


def objects(folder):
    """The objects of a kustomization."""
    built = kubectl("kustomize", str(folder))
    if built.returncode != 0:
        raise AssertionError(built.stderr)
    listed = kubectl("create", "--dry-run=client", "--validate=false", "--output=json", "--filename=-", text=built.stdout)
    if listed.returncode != 0:
        raise AssertionError(listed.stderr)
    # kubectl prints one JSON text after the other.
    decoder, text, found = json.JSONDecoder(), listed.stdout, []
    while text := text.lstrip():
        item, end = decoder.raw_decode(text)
        found += item["items"] if item["kind"] == "List" else [item]
        text = text[end:]
    return found


def with_component(overlay, component):
    """The objects of an overlay with a component."""
    with tempfile.TemporaryDirectory(prefix="bindery-") as folder:
        described = {"resources": [os.path.relpath(OVERLAYS / overlay, folder)], "namespace": NAMESPACE,
                     "components": [os.path.relpath(COMPONENTS / component, folder)]}
        Path(folder, "kustomization.yaml").write_text(json.dumps(described))
        return objects(folder)


def apply(*objects):
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    return kubectl("apply", "--server-side", "--force-conflicts", "--validate=strict", "--filename=-", text=json.dumps(listed))


def pod(workload):
    """The pod that a controller would make, which admission checks."""
    template = copy.deepcopy(workload["spec"]["template"])
    claims = workload["spec"].get("volumeClaimTemplates", [])
    volumes = template["spec"].setdefault("volumes", [])
    volumes += [{"name": claim["metadata"]["name"], "emptyDir": {}} for claim in claims]
    template["metadata"] |= {"name": f"{workload['metadata']['name']}-0", "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", **template}


def create_pod(described):
    return kubectl("create", "--dry-run=server", "--filename=-", text=json.dumps(described))


def only(objects, kind, name):
    return next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)


class KubernetesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        applied = kubectl("apply", "--server-side", "--filename", str(ROOT / ".tools/kubernetes/crds"))
        if applied.returncode != 0:
            raise AssertionError(applied.stderr)
        waited = kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        if waited.returncode != 0:
            raise AssertionError(waited.stderr)

    def tearDown(self):
        # No controller ends a namespace here, so its objects are replaced by those of the next test.
        kubectl("delete", "networkpolicy,deployment,statefulset", "--all", "--namespace", NAMESPACE)

    def assert_admitted(self, result):
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def assert_refused(self, result, reason):
        self.assertNotEqual(result.returncode, 0, result.stdout)
        self.assertIn(reason, result.stderr)

    def apply_overlay(self, name):
        """Applies an overlay, and returns its objects."""
        built = objects(OVERLAYS / name)
        namespaces = [one for one in built if one["kind"] == "Namespace"]
        self.assert_admitted(apply(*namespaces))
        self.assert_admitted(apply(*[one for one in built if one["kind"] != "Namespace"]))
        return built

    def test_every_overlay_and_its_pods_are_admitted(self):
        for overlay, workloads in [("single", 1), ("small", 8), ("large", 7)]:
            with self.subTest(overlay):
                built = self.apply_overlay(overlay)
                found = [one for one in built if one["kind"] in ("Deployment", "StatefulSet")]
                self.assertEqual(len(found), workloads)
                for workload in found:
                    self.assert_admitted(create_pod(pod(workload)))
                    self.assertFalse(workload["spec"]["template"]["spec"]["automountServiceAccountToken"])
                kubectl("delete", "networkpolicy,deployment,statefulset", "--all", "--namespace", NAMESPACE)

    def test_components_are_admitted_with_an_overlay(self):
        self.apply_overlay("small")
        for component in ("gateway", "ingress"):
            with self.subTest(component):
                built = with_component("small", component)
                self.assert_admitted(apply(*built))
                settings = next(one["data"] for one in built if one["kind"] == "ConfigMap")
                host = next(one["spec"] for one in built if one["kind"] in ("HTTPRoute", "Ingress"))
                self.assertIn("shop.example", json.dumps(host))
                self.assertEqual(settings["BINDERY_ALLOWED_HOSTS"].split(",")[0], "shop.example")

    def test_nats_is_reached_by_cart_alone(self):
        self.apply_overlay("small")
        built = with_component("small", "nats")
        self.assert_admitted(apply(*built))
        settings = next(one["data"] for one in built if one["kind"] == "ConfigMap")
        self.assertEqual(settings["BINDERY_NATS_URL"], "nats://nats.nats:4222")
        policies = [one["spec"] for one in built if one["kind"] == "NetworkPolicy" and ": 4222" in json.dumps(one)]
        self.assertEqual([policy["podSelector"]["matchLabels"] for policy in policies], [{"app.kubernetes.io/name": "cart"}])

    def test_pod_that_is_not_restricted_is_refused(self):
        small = self.apply_overlay("small")
        cart = pod(only(small, "Deployment", "cart"))
        for change, reason in [
            (lambda spec: spec["securityContext"].update(runAsNonRoot=False), "runAsNonRoot"),
            (lambda spec: spec.update(hostNetwork=True), "host namespaces"),
            (lambda spec: spec["containers"][0]["securityContext"].pop("capabilities"), "unrestricted capabilities"),
            (lambda spec: spec["volumes"].append({"name": "host", "hostPath": {"path": "/"}}), "restricted volume types"),
        ]:
            with self.subTest(reason):
                wrong = copy.deepcopy(cart)
                change(wrong["spec"])
                self.assert_refused(create_pod(wrong), reason)

    def test_wrong_objects_are_refused(self):
        large = self.apply_overlay("large")
        for kind, name, change, reason in [
            ("Deployment", "cart", lambda it: it["spec"]["template"]["spec"].update(restart="Always"), "restart"),
            ("NetworkPolicy", "calls-of-cart", lambda it: it["spec"].update(policyTypes=["Inward"]), "Inward"),
            ("PodDisruptionBudget", "cart", lambda it: it["spec"].update(minAvailable=1), "cannot be both set"),
            ("HorizontalPodAutoscaler", "cart", lambda it: it["spec"].update(maxReplicas=1), "maxReplicas"),
            ("Certificate", "cart", lambda it: it["spec"].pop("issuerRef"), "issuerRef"),
        ]:
            with self.subTest(kind):
                wrong = copy.deepcopy(only(large, kind, name))
                change(wrong)
                self.assert_refused(apply(wrong), reason)

    def test_settings_are_those_of_the_binary(self):
        binary = os.environ.get("BINDERY_BINARY", ROOT / "target/debug/bookstore")
        known = "".join(subprocess.run([binary, *command, "--help"], capture_output=True, text=True, check=True).stdout
                        for command in (["serve"], ["up"]))
        small = [with_component("small", component) for component in ("gateway", "ingress")]
        for built in [*(objects(OVERLAYS / overlay) for overlay in ("single", "small", "large")), *small]:
            for one in built:
                names = list(one.get("data", {})) if one["kind"] == "ConfigMap" else []
                if one["kind"] in ("Deployment", "StatefulSet"):
                    containers = one["spec"]["template"]["spec"]["containers"]
                    names = [variable["name"] for it in containers for variable in it.get("env", [])]
                for name in names:
                    if name.startswith("BINDERY_"):
                        self.assertRegex(known, rf"\[env: {name}\b")

    def test_secrets_have_the_names_that_pods_mount(self):
        small = self.apply_overlay("small")
        script = ROOT / "deploy/kubernetes/create-secrets"
        environment = {**os.environ, "BOOKSTORE": str(os.environ.get("BINDERY_BINARY", ROOT / "target/debug/bookstore"))}
        for _ in range(2):  # A second run changes nothing.
            ran = subprocess.run([script], env=environment, capture_output=True, text=True, timeout=300)
            self.assertEqual(ran.returncode, 0, ran.stderr)
        listed = json.loads(kubectl("get", "secrets", "--namespace", NAMESPACE, "--output=json").stdout)
        keys = {secret["metadata"]["name"]: set(secret["data"]) for secret in listed["items"]}
        for workload in small:
            if workload["kind"] not in ("Deployment", "StatefulSet"):
                continue
            spec = workload["spec"]["template"]["spec"]
            for volume in spec.get("volumes", []):
                if secret := volume.get("secret"):
                    wanted = {item["key"] for item in secret.get("items", [])}
                    self.assertLessEqual(wanted, keys[secret["secretName"]])
        files = {"ca.crt", "tls.crt", "tls.key", "client.crt", "client.key"}
        self.assertEqual(keys["cart-tls"], files)
        self.assertEqual((keys["operator"], keys["database"]), ({"token"}, {"url", "password"}))


if __name__ == "__main__":
    unittest.main()
