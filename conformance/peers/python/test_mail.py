"""Signs up at a bookstore whose mails go to a real mail server, aiosmtpd.

Starts its own bookstores. BINDERY_BINARY sets the path of the binary (default:
target/debug/bookstore).
"""
import email
import email.policy
import logging
import os
import queue
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
import uuid
from pathlib import Path

import grpc
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

import stubs

stubs.generate(
    "bookstore/accounts/v1/account.proto", "bookstore/accounts/v1/account_service.proto",
    "bookstore/accounts/v1/address.proto", "bookstore/accounts/v1/session.proto",
    "bookstore/accounts/v1/session_service.proto", "bookstore/type/v1/conventions.proto",
    "bookstore/type/v1/outbox.proto",
    "buf/validate/validate.proto", "proofread/v1/options.proto",
)

from bookstore.accounts.v1 import account_service_pb2, account_service_pb2_grpc  # noqa: E402
from bookstore.accounts.v1 import session_service_pb2, session_service_pb2_grpc  # noqa: E402

# The refused handshake of a test is no news.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
logging.getLogger("asyncio").setLevel(logging.CRITICAL)

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "correct horse battery"
# The longest wait for an event that must happen.
PATIENCE_SECONDS = 60


class MailServer:
    """Keeps the mails that it receives. `replies` are the replies to the next recipients,
    before they are accepted."""

    def __init__(self, port, replies=(), **options):
        self.received = queue.Queue()
        self.replies = list(replies)
        self.controller = Controller(self, hostname="127.0.0.1", port=port, **options)

    def __enter__(self):
        self.controller.start()
        return self

    def __exit__(self, *_):
        self.controller.stop()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.replies:
            return self.replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.received.put((message, session))
        return "250 OK"

    def next(self):
        return self.received.get(timeout=PATIENCE_SECONDS)


class Bookstore:
    """A process with the Accounts service."""

    def __init__(self, smtp_url, **environment):
        self.folder = tempfile.TemporaryDirectory(prefix="bindery-")
        binary = os.environ.get("BINDERY_BINARY", str(ROOT / "target/debug/bookstore"))
        self.process = subprocess.Popen(
            [
                binary, "serve", "accounts", f"--data={self.folder.name}", "--grpc-addr=127.0.0.1:0",
                "--metrics-addr=127.0.0.1:0", f"--smtp-url={smtp_url}",
                # Nobody listens on port 1: mails need no other service.
                *(f"--peer={peer}=http://127.0.0.1:1" for peer in ("cart", "transactions", "reviews")),
                "--mail-from=Bindery <shop@shop.example>", "--shop-url=https://shop.example",
            ],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **environment},
        )
        addresses = {}
        for line in self.process.stdout:
            if match := re.match(r"\s+(gRPC|metrics)\s+(\S+)", line):
                addresses[match[1]] = match[2]
            if len(addresses) == 2:
                break
        self.metrics_url = addresses["metrics"]
        self.drain = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.drain.start()
        self.channel = grpc.insecure_channel(addresses["gRPC"])
        self.accounts = account_service_pb2_grpc.AccountServiceStub(self.channel)
        self.sessions = session_service_pb2_grpc.SessionServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)
        self.drain.join()
        self.process.stdout.close()
        self.folder.cleanup()

    def sign_up(self, address):
        request = account_service_pb2.SignUpRequest(
            request_id=str(uuid.uuid4()), email=address, password=PASSWORD, display_name="Ada Łovelace"
        )
        self.accounts.SignUp(request, timeout=PATIENCE_SECONDS)

    def wait_for_metric(self, pattern):
        """Waits until the metrics match, and fails after the longest wait."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with urllib.request.urlopen(self.metrics_url, timeout=PATIENCE_SECONDS) as response:
                metrics = response.read().decode()
            if re.search(pattern, metrics):
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern} is not in\n{metrics}")
            time.sleep(0.05)


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def certificate(folder):
    """The file of a new certificate authority, and the context of a server that it certifies."""
    authority = trustme.CA()
    path = f"{folder}/ca.pem"
    authority.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return path, context


class MailTest(unittest.TestCase):
    def test_mail_waits_for_its_server_and_opens_the_account(self):
        port = free_port()
        with Bookstore(f"smtp://127.0.0.1:{port}") as bookstore:
            bookstore.sign_up("ada@example.org")
            bookstore.wait_for_metric(r'outbox_pending\{topic="account-mails"\} 1\n')
            with MailServer(port) as server:
                message, _ = server.next()
                self.assertEqual(message["To"], "ada@example.org")
                self.assertEqual(message["From"], "Bindery <shop@shop.example>")
                self.assertRegex(message["Message-ID"], r"^<[0-9a-f-]{36}@shop\.example>$")
                text = message.get_body(["plain"]).get_content()
                html = message.get_body(["html"]).get_content()
                self.assertIn("Hello Ada Łovelace,", text)
                link = re.search(r"https://shop\.example/verify\?token=(\S+)", text)
                self.assertIn(f'href="{link[0]}"', html)
                bookstore.wait_for_metric(r'outbox_pending\{topic="account-mails"\} 0\n')
                self.assertTrue(server.received.empty())
            verify = account_service_pb2.VerifyEmailRequest(verification_token=link[1])
            bookstore.accounts.VerifyEmail(verify, timeout=PATIENCE_SECONDS)
            sign_in = session_service_pb2.SignInRequest(email="ADA@example.org", password=PASSWORD)
            opened = bookstore.sessions.SignIn(sign_in, timeout=PATIENCE_SECONDS)
            self.assertEqual(len(opened.session_token), 43)

    def test_mail_is_sent_again_after_a_temporary_refusal_only(self):
        replies = ["451 try again later", "550 no such mailbox"]
        port = free_port()
        with MailServer(port, replies) as server, Bookstore(f"smtp://127.0.0.1:{port}") as bookstore:
            bookstore.sign_up("ada@example.org")
            # One of the two replies is for the first attempt of Ada's mail; it is sent again,
            # and the server then refuses it for good.
            bookstore.wait_for_metric(r'outbox_dead\{topic="account-mails"\} 1\n')
            bookstore.sign_up("bob@example.org")
            message, _ = server.next()
            self.assertEqual(message["To"], "bob@example.org")
            self.assertTrue(server.received.empty())

    def test_certificate_of_the_server_is_verified(self):
        port = free_port()
        with tempfile.TemporaryDirectory() as folder:
            authority, context = certificate(folder)
            options = {
                "tls_context": context,
                "require_starttls": True,
                "auth_required": True,
                "authenticator": lambda server, session, envelope, mechanism, data: AuthResult(
                    success=(data.login, data.password) == (b"shop", b"secret"), handled=False
                ),
            }
            url = f"smtp://shop:secret@localhost:{port}?tls=required"
            with MailServer(port, **options) as server:
                with Bookstore(url) as bookstore:
                    bookstore.sign_up("ada@example.org")
                    bookstore.wait_for_metric(r'outbox_pending\{topic="account-mails"\} 1\n')
                with Bookstore(url, SSL_CERT_FILE=authority) as bookstore:
                    bookstore.sign_up("bob@example.org")
                    message, session = server.next()
                    self.assertEqual(message["To"], "bob@example.org")
                    self.assertIsNotNone(session.ssl)
                    self.assertTrue(session.authenticated)


if __name__ == "__main__":
    unittest.main()
