"""Measures the bookstore and the tester, and prints tables. It asserts nothing.

The servers of a comparison are measured in turns (A B C, A B C, ...) within one run, because
machines are noisy; the tables show medians and ratios of medians. The load goes only to
loopback, and has a fixed number of requests or a fixed time.

usage: just bench [--only TOPIC] [--rounds N] [--books FILE]    (FILE: a goodbooks-10k books.csv)
"""
import argparse
import resource
import subprocess
import sys
from pathlib import Path

from capacity import capacity
from imports import imports
from languages import build as build_languages
from languages import languages
from orders import orders
from overload import overload
from recommendations import recommendations
from search import search
from servers import ROOT
from start import start_and_memory
from tester import loading, tester, trivial
from throughput import throughput


def cargo_bench(package, bench):
    subprocess.run(["cargo", "bench", "--quiet", "--package", package, "--bench", bench], cwd=ROOT, check=True)


def validation():
    print("\nCompiled validation (criterion; target: a visitor's RecommendRequest in 10 ns)", flush=True)
    cargo_bench("contract", "validation")


def main():
    topics = {
        "start": lambda: start_and_memory(chosen.rounds),
        "throughput": lambda: throughput(chosen.rounds),
        "orders": lambda: orders(chosen.rounds),
        "capacity": capacity,
        "recommendations": lambda: recommendations(chosen.rounds),
        "search": lambda: search(chosen.rounds),
        "import": lambda: imports(chosen.rounds, chosen.books),
        "proofread": lambda: tester(chosen.rounds),
        "trivial": lambda: trivial(chosen.rounds),
        "loading": lambda: loading(chosen.rounds),
        "languages": lambda: languages(chosen.rounds),
        "writes": lambda: cargo_bench("inventory@0.1.0", "writes"),
        "overload": overload,
        "validation": validation,
    }
    arguments = argparse.ArgumentParser(prog="just bench")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--books", type=Path)
    arguments.add_argument("--only", choices=topics)
    chosen = arguments.parse_args()
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 256:
        sys.exit("at least 256 open files must be allowed: ulimit -n 1024")
    topics_of_tester = ("loading", "trivial")
    packages = [] if chosen.only in topics_of_tester else ["--package=bookstore"]
    if chosen.only in (None, "proofread", *topics_of_tester):
        packages.append("--package=proofread")
    subprocess.run(["cargo", "build", "--release", "--quiet", *packages, "--bins", "--examples"], cwd=ROOT, check=True)
    if chosen.only in (None, "throughput", "languages"):
        build_languages()
    for topic in [chosen.only] if chosen.only else topics:
        topics[topic]()


if __name__ == "__main__":
    main()
