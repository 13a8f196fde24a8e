"""proofread over a server that is not ours: validated_server.py. See README.md.

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


class Judged(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="bindery-peers-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.contract = cls.folder / "contract.binpb"
        subprocess.run([BINARIES / "faults", "contract", cls.contract], check=True, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def server(self, *arguments):
        """A server that runs, by its port."""
        log = self.folder / "log"
        command = [sys.executable, HERE / "validated_server.py", "0", "--image", self.contract, *arguments]
        with open(log, "w") as stderr:
            server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
        try:
            # Ends with the server, where that fails to start.
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

    def judge(self, port, *arguments):
        """What proofread says: its exit code, its summary, and its findings."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        judged = subprocess.run(
            [
                BINARIES / "proofread", "check", f"http://127.0.0.1:{port}", "--contract", self.contract,
                "--config", HERE / "proofread.toml", "--failures", self.folder / "failures.json",
                "--report", f"terminal,json={report}", *arguments,
            ],
            capture_output=True, text=True,
        )
        self.assertTrue(report.exists(), judged.stdout + judged.stderr)
        summary = json.loads(report.read_text())["summary"]
        findings = [finding for method in summary["methods"] for finding in method["groups"]]
        return judged, summary, findings + summary["shared"]

    def test_a_server_on_grpcio_and_protovalidate_keeps_its_contract(self):
        with self.server() as port:
            judged, summary, findings = self.judge(port)
        print(judged.stdout)
        self.assertEqual((judged.returncode, findings), (0, []), judged.stderr)
        self.assertEqual((summary["defects"], summary["aborted"]), ([], None))

    def test_a_rule_that_it_does_not_check_is_found_and_nothing_else(self):
        with self.server("--unchecked", "category=enum.not_in") as port:
            judged, _, findings = self.judge(port, "--include", "*/Recommend")
        self.assertEqual(judged.returncode, 1, judged.stdout + judged.stderr)
        missed = {
            ("rule not checked", "INVALID_ARGUMENT, because of category enum.not_in"),
            # Where another rule is broken at the same time.
            ("wrong violations", "violations without category enum.not_in"),
        }
        told = {
            (finding["title"], finding["expected" if finding["title"] == "rule not checked" else "observed"])
            for finding in findings
        }
        self.assertEqual(told, missed, judged.stdout)

    def test_what_protovalidate_does_otherwise_in_python_is_found(self):
        # The day the library does as the standard says, this fails: mend amendments.py.
        within = ["Choices", "Lists", "Maps", "Durations", "Timestamps"]
        include = [argument for name in within for argument in ("--include", f"*/Check{name}")]
        with self.server("--as-released") as port:
            judged, _, findings = self.judge(port, "--phases", "unset,boundary", *include)
        self.assertEqual(judged.returncode, 1, judged.stdout + judged.stderr)
        self.assertEqual(
            {method.split("/")[1] for finding in findings for method in finding["methods"]},
            {"CheckLists", "CheckDurations", "CheckTimestamps"},
            judged.stdout,
        )


if __name__ == "__main__":
    unittest.main()
