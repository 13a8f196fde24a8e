"""Calls a bookstore by mutual TLS with grpcio, as the client of the first tutorial does.

Makes its certificates by `bookstore certs` and starts its own bookstore, on port 443 as in the
tutorial if that port is free and this user may have it. BINDERY_BINARY sets the path of the
binary (default: target/debug/bookstore).
"""
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import grpc

import stubs

stubs.generate("legacy/recommendations/recommendations.proto")

from legacy.recommendations import recommendations_pb2, recommendations_pb2_grpc  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("BINDERY_BINARY", str(ROOT / "target/debug/bookstore"))
# The longest wait for an event that must happen.
PATIENCE_SECONDS = 60


def port_of_the_tutorial():
    """443, or 0 for any free port."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 443))
            return 443
        except OSError:
            return 0


def make_certificates(folder, *flags):
    subprocess.run(
        [BINARY, "certs", f"--out={folder}", *flags], check=True, stdout=subprocess.DEVNULL
    )


def tutorial_credentials(folder, certificates=None):
    """The credentials of the tutorial's client: the authority, its key and its certificate, from
    files with these names in its folder."""
    certificates = certificates or folder
    return grpc.ssl_channel_credentials(
        (folder / "ca.pem").read_bytes(),
        (certificates / "client.key").read_bytes(),
        (certificates / "client.pem").read_bytes(),
    )


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bindery-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.certs = cls.folder / "certs"
        make_certificates(cls.certs)
        log_path = cls.folder / "log"
        with open(log_path, "w") as log:
            bookstore = subprocess.Popen(
                [
                    BINARY, "up", f"--data={cls.folder}/data", f"--tls-dir={cls.certs}",
                    f"--grpc-addr=127.0.0.1:{port_of_the_tutorial()}", "--shop-addr=127.0.0.1:0",
                    "--metrics-addr=127.0.0.1:0",
                ],
                stdout=subprocess.PIPE, stderr=log, text=True,
            )
        drain = threading.Thread(target=bookstore.stdout.read, daemon=True)

        def stop():
            bookstore.terminate()
            bookstore.wait(PATIENCE_SECONDS)
            if drain.ident:
                drain.join()
            bookstore.stdout.close()

        cls.addClassCleanup(stop)
        cls.address = None
        for line in bookstore.stdout:
            if match := re.match(r"\s+gRPC\s+127\.0\.0\.1:(\d+) \(TLS", line):
                cls.address = f"localhost:{match[1]}"
                break
        if cls.address is None:
            raise RuntimeError(f"{BINARY} did not start:\n{log_path.read_text()}")
        drain.start()

    def recommend(self, credentials):
        with grpc.secure_channel(self.address, credentials) as channel:
            client = recommendations_pb2_grpc.RecommendationsStub(channel)
            request = recommendations_pb2.RecommendationRequest(
                user_id=1, category=recommendations_pb2.SCIENCE_FICTION, max_results=3
            )
            return client.Recommend(request, timeout=PATIENCE_SECONDS).recommendations

    def assert_unreachable(self, credentials):
        with grpc.secure_channel(self.address, credentials) as channel:
            connecting = grpc.channel_ready_future(channel)
            with self.assertRaises(grpc.FutureTimeoutError):
                connecting.result(timeout=1)

    def test_client_of_the_tutorial_is_served(self):
        books = self.recommend(tutorial_credentials(self.certs))
        self.assertEqual(len({book.id for book in books}), 3)

    def test_client_without_a_certificate_is_served_where_none_is_needed(self):
        credentials = grpc.ssl_channel_credentials((self.certs / "ca.pem").read_bytes())
        self.assertEqual(len(self.recommend(credentials)), 3)

    def test_client_does_not_trust_a_server_of_another_authority(self):
        other = self.folder / "other"
        make_certificates(other)
        self.assert_unreachable(tutorial_credentials(other, certificates=self.certs))

    def test_renewed_certificates_are_used_while_calls_go_on(self):
        before = self.server_certificate()
        credentials = tutorial_credentials(self.certs)
        with grpc.secure_channel(self.address, credentials) as channel:
            client = recommendations_pb2_grpc.RecommendationsStub(channel)
            request = recommendations_pb2.RecommendationRequest(user_id=1, max_results=1)
            make_certificates(self.certs, "--renew")
            deadline = time.monotonic() + PATIENCE_SECONDS
            while self.server_certificate() == before:
                client.Recommend(request, timeout=PATIENCE_SECONDS)
                self.assertLess(time.monotonic(), deadline, "the certificate is not renewed")
            client.Recommend(request, timeout=PATIENCE_SECONDS)
        self.assertEqual(len(self.recommend(tutorial_credentials(self.certs))), 3)

    def server_certificate(self):
        host, port = self.address.split(":")
        return ssl.get_server_certificate((host, int(port)), ca_certs=str(self.certs / "ca.pem"))


if __name__ == "__main__":
    unittest.main()
