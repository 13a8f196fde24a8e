"""Runs proofread, the example and the tests of each peer. See ../README.md.

Needs target/debug/proofread and target/debug/bookstore. BINDERY_PEERS limits the languages, for
example to "go java".
"""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import generate
import peers
import running_server
from generate import ROOT

HERE = Path(__file__).resolve().parent
PROOFREAD = ROOT / "target/debug/proofread"
EXPECTED_EXAMPLE = "The Maltese Falcon\nbook_id int32.gte_lte\n"
PEERS = peers.selected()
SERVERS = [peer for peer in PEERS if peer.server]


class ServersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        peers.build(PEERS)
        folder = tempfile.TemporaryDirectory(prefix="bindery-peers-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)

    def check(self, peer, address, *arguments):
        """Runs `proofread check`. Returns the finished process, the summary and the findings."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        process = subprocess.run(
            [
                PROOFREAD, "check", f"http://{address}", "--contract", generate.IMAGE, "--config", HERE / "proofread.toml",
                "--profile", peer.profile, "--failures", self.folder / "failures.json",
                "--report", f"terminal,json={report}", *arguments,
            ],
            capture_output=True, text=True,
        )
        self.assertTrue(report.exists(), process.stdout + process.stderr)
        summary = json.loads(report.read_text())["summary"]
        findings = [finding for method in summary["methods"] for finding in method["groups"]]
        return process, summary, findings + summary["shared"]

    def test_correct_server_has_no_findings(self):
        for peer in SERVERS:
            with self.subTest(peer=peer.name), running_server.peer_server(peer) as (address, _):
                process, summary, findings = self.check(peer, address, *peer.limits)
                self.assertEqual((process.returncode, findings), (0, []), process.stdout + process.stderr)
                self.assertEqual((summary["defects"], summary["aborted"]), ([], None))

    def test_ignored_rule_is_the_only_finding(self):
        for peer in SERVERS:
            flags = ("--ignore-rule", "enum.not_in")
            with self.subTest(peer=peer.name), running_server.peer_server(peer, *flags) as (address, _):
                process, _, findings = self.check(peer, address, "--include", "*/Recommend", "--phases", "unset,boundary")
                self.assertEqual(process.returncode, 1, process.stdout + process.stderr)
                self.assertEqual({finding["title"] for finding in findings}, {"rule not checked", "wrong violations"}, process.stdout)

    def test_own_tests_pass(self):
        for peer in PEERS:
            if peer.tests:
                command, folder = peer.tests
                with (
                    self.subTest(peer=peer.name), running_server.bookstore() as (address, token),
                    running_server.certificates() as certs,
                ):
                    environment = peers.environment(BINDERY_GRPC=address, BINDERY_OPERATOR_TOKEN=token, BINDERY_CERTS=str(certs))
                    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
                    self.assertEqual(process.returncode, 0, process.stdout + process.stderr)

    def test_example_gets_a_book_and_a_violation_of_the_bookstore(self):
        with running_server.bookstore() as (address, _):
            for peer in PEERS:
                with self.subTest(peer=peer.name):
                    process = subprocess.run(
                        [str(part) for part in [*peer.example, address]], capture_output=True, text=True, env=peers.environment(),
                    )
                    self.assertEqual(process.stdout, EXPECTED_EXAMPLE, process.stderr)


if __name__ == "__main__":
    unittest.main()
