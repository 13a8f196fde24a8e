"""Sends random cases to the correct servers of five stacks. Every failure is a false alarm of proofread.

usage: false_positives.py [--cases 300000] [--seed 1] [--stacks go java] [--into FILE.md]
"""
import argparse
import contextlib
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import generate
import markdown
import peers
import running_server
from generate import ROOT
from markdown import table

HERE = Path(__file__).resolve().parent
PROOFREAD = ROOT / "target/debug/proofread"
BINDERY = "bindery"
MARKERS = ("<!-- false positives -->", "<!-- end of false positives -->")
# What a server does not have, or what would only test how fast it is.
EXCLUDED = {
    BINDERY: ["interop.v1.*"],
    "python": ["*/ImportBooks"],
}


@contextlib.contextmanager
def server(name):
    """Yields the address, the operator token, the profile and the versions of a stack."""
    if name == BINDERY:
        with running_server.bookstore() as (address, token):
            yield address, token, "tonic", "tonic, prost-protovalidate, and the layers of the bookstore"
    else:
        peer = peers.selected([name])[0]
        with running_server.peer_server(peer) as (address, token):
            yield address, token, peer.profile, peer.stack


def check(name, cases, seed):
    """Returns the versions of a stack, the number of random cases, and the failures."""
    with server(name) as (address, token, profile, stack), tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"

        def run(random_cases):
            process = subprocess.run([
                PROOFREAD, "check", f"http://{address}", "--contract", generate.IMAGE, "--config", HERE / "proofread.toml",
                "--profile", profile, "--phases", "random", "--random-cases", str(random_cases), "--seed", str(seed),
                "--credential", f"operator={token}", "--failures", Path(folder) / "failures.json", "--timeout", "90s",
                *(f"--exclude={glob}" for glob in EXCLUDED.get(name, [])), "--report", f"terminal,json={report}",
            ], capture_output=True, text=True)
            if not report.exists():
                sys.exit(f"{name}: {process.stdout}{process.stderr}")
            return json.loads(report.read_text())["summary"], process.stdout

        # Each method gets the same number of cases.
        summary, _ = run(1)
        methods = len(summary["methods"])
        summary, text = run(math.ceil(cases / methods))
    random = next(phase["cases"] for phase in summary["phases"] if phase["name"] == "random")
    failures = sum(len(method["groups"]) for method in summary["methods"]) + len(summary["shared"]) + len(summary["defects"])
    if failures or summary["aborted"]:
        print(text, file=sys.stderr)
    return stack, random, failures + bool(summary["aborted"])


def main():
    stacks = [BINDERY, *(peer.name for peer in peers.SERVERS)]
    arguments = argparse.ArgumentParser(prog="false_positives.py")
    arguments.add_argument("--cases", type=int, default=300_000, help="the number of random cases of all stacks together")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--stacks", nargs="*", choices=stacks, default=stacks)
    arguments.add_argument("--into", type=Path, help="write the table into this Markdown file")
    chosen = arguments.parse_args()
    peers.build([peer for peer in peers.ALL if peer.name in chosen.stacks])
    rows, total, failed = [], 0, 0
    for name in chosen.stacks:
        stack, random, failures = check(name, math.ceil(chosen.cases / len(chosen.stacks)), chosen.seed)
        print(f"{name}: {random:,} random cases, {failures} false alarms", flush=True)
        rows.append([name, stack, f"{random:,}", str(failures)])
        total, failed = total + random, failed + failures
    rows.append(["all", "", f"{total:,}", str(failed)])
    if chosen.into:
        text = table(["server", "stack", "random cases", "false alarms"], rows)
        markdown.update(chosen.into, "\n".join(text), check=False, markers=MARKERS)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
