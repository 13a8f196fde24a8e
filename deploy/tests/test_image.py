"""The container image in a real Docker engine: `just image-test` starts this within tools/with-docker."""
import json
import os
import subprocess
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ARCHIVE = Path(os.environ["BINDERY_IMAGE"])
# As the strictest platforms run it: no capabilities, and nothing but /data can be written.
RESTRICTED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
START_SECONDS = 30


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout.strip()


def inspect(what, path):
    return json.loads(run("docker", "inspect", "--format", f"{{{{json {path}}}}}", what))


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        loaded = run("docker", "load", "--input", ARCHIVE)
        cls.image = loaded.split("Loaded image: ")[1].split()[0]

    def start(self, *flags):
        container = run("docker", "run", "--detach", "--publish-all", *RESTRICTED, *flags, self.image)
        self.addCleanup(run, "docker", "rm", "--force", "--volumes", container)
        return container

    def wait_until_healthy(self, container):
        """Waits for the health check that the image declares."""
        end = time.monotonic() + START_SECONDS
        while (state := inspect(container, ".State"))["Health"]["Status"] != "healthy":
            if not state["Running"] or time.monotonic() > end:
                self.fail(f"{state}\n{run('docker', 'logs', container)}")
            time.sleep(0.1)

    def address(self, container, port):
        return run("docker", "port", container, str(port)).splitlines()[0].replace("0.0.0.0", "127.0.0.1")

    def test_serves_the_shop_and_grpc_without_privileges(self):
        container = self.start("--health-interval=1s")
        self.wait_until_healthy(container)
        with urllib.request.urlopen(f"http://{self.address(container, 5000)}/", timeout=10) as page:
            self.assertIn("Bindery", page.read().decode())
        with urllib.request.urlopen(f"http://{self.address(container, 9464)}/metrics", timeout=10) as metrics:
            self.assertIn("bindery_", metrics.read().decode())
        answer = run(ROOT / ".tools/bin/grpcurl", "-plaintext", "-d", '{"category": "BOOK_CATEGORY_MYSTERY", "max_results": 3}',
                     self.address(container, 50051), "bookstore.recommendations.v1.RecommendationService/Recommend")
        self.assertEqual(len(json.loads(answer)["recommendations"]), 3)
        processes = run("docker", "top", container, "-eo", "pid,uid").splitlines()[1:]
        self.assertEqual([line.split()[1] for line in processes], ["65532"])
        self.assertIn("is serving", run("docker", "exec", container, "/bookstore", "healthcheck"))

    def test_keeps_its_data_in_the_volume_and_stops_cleanly(self):
        volume = run("docker", "volume", "create")
        self.addCleanup(run, "docker", "volume", "rm", volume)
        tokens = []
        for _ in range(2):
            container = self.start("--health-interval=1s", f"--volume={volume}:/data")
            self.wait_until_healthy(container)
            copied = subprocess.run(["docker", "cp", f"{container}:/data/operator.token", "-"], capture_output=True, check=True)
            tokens.append(copied.stdout[512:].split(b"\0")[0])
            run("docker", "stop", "--time=20", container)
            self.assertEqual(inspect(container, ".State.ExitCode"), 0)
            run("docker", "rm", container)
        self.assertEqual(tokens[0], tokens[1])
        self.assertTrue(tokens[0])

    def test_declares_what_it_is(self):
        config = inspect(self.image, ".Config")
        self.assertEqual(config["User"], "65532:65532")
        self.assertEqual(config["Labels"]["org.opencontainers.image.licenses"], "Apache-2.0")
        self.assertEqual(len(config["Labels"]["org.opencontainers.image.revision"]), 40)

    def test_is_loaded_by_containerd(self):
        containerd = ["ctr", "--address=/run/docker/containerd/containerd.sock", "--namespace=test", "images"]
        run(*containerd, "import", ARCHIVE)
        self.assertIn(f"docker.io/{self.image}", run(*containerd, "list", "--quiet").splitlines())


if __name__ == "__main__":
    unittest.main()
