"""Runs proofread against protovalidate_server.py. See README.md.

Needs target/debug/proofread and target/debug/faults: `just peers` builds them.
"""
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARIES = HERE.parents[2] / "target" / "debug"
STOP_SECONDS = 10


class ConformanceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bindery-peers-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.contract = cls.folder / "contract.binpb"
        subprocess.run([BINARIES / "faults", "contract", cls.contract], check=True, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def server(self, *arguments):
        """Runs the server while the context is open, and yields its port."""
        log = self.folder / "log"
        command = [sys.executable, HERE / "protovalidate_server.py", "0", "--image", self.contract, *arguments]
        with open(log, "w") as stderr:
            server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
        try:
            # Returns an empty string if the server fails to start.
            listening = re.match(r"listening on (\d+)", server.stdout.readline())
            self.assertTrue(listening, f"the server did not start:\n{log.read_text()}")
            yield listening[1]
        finally:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            server.stdout.close()

    def run_proofread(self, port, *arguments):
        """Runs `proofread check`. Returns the finished process, the summary and the findings."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        process = subprocess.run(
            [
                BINARIES / "proofread", "check", f"http://127.0.0.1:{port}", "--contract", self.contract,
                "--config", HERE / "proofread.toml", "--failures", self.folder / "failures.json",
                "--report", f"terminal,json={report}", *arguments,
            ],
            capture_output=True, text=True,
        )
        self.assertTrue(report.exists(), process.stdout + process.stderr)
        summary = json.loads(report.read_text())["summary"]
        findings = [finding for method in summary["methods"] for finding in method["groups"]]
        return process, summary, findings + summary["shared"]

    def test_correct_server_has_no_findings(self):
        with self.server() as port:
            process, summary, findings = self.run_proofread(port)
        print(process.stdout)
        self.assertEqual((process.returncode, findings), (0, []), process.stderr)
        self.assertEqual((summary["defects"], summary["aborted"]), ([], None))

    def test_unchecked_rule_is_the_only_finding(self):
        with self.server("--unchecked", "category=enum.not_in") as port:
            process, _, findings = self.run_proofread(port, "--include", "*/Recommend")
        self.assertEqual(process.returncode, 1, process.stdout + process.stderr)
        expected = {
            ("rule not checked", "INVALID_ARGUMENT, because of category enum.not_in"),
            # Requests that also break another rule.
            ("wrong violations", "violations without category enum.not_in"),
        }
        found = {
            (finding["title"], finding["expected" if finding["title"] == "rule not checked" else "observed"])
            for finding in findings
        }
        self.assertEqual(found, expected, process.stdout)

    def test_differences_of_protovalidate_from_its_standard_are_found(self):
        # If this fails after an update, the library may follow the standard now: remove the
        # fix from protovalidate_fixes.py.
        messages = ["BoolsAndEnums", "Lists", "Maps", "Durations", "Timestamps"]
        include = [argument for name in messages for argument in ("--include", f"*/Check{name}")]
        with self.server("--without-fixes") as port:
            process, _, findings = self.run_proofread(port, "--phases", "unset,boundary", *include)
        self.assertEqual(process.returncode, 1, process.stdout + process.stderr)
        self.assertEqual(
            {method.split("/")[1] for finding in findings for method in finding["methods"]},
            {"CheckLists", "CheckDurations", "CheckTimestamps"},
            process.stdout,
        )


if __name__ == "__main__":
    unittest.main()
