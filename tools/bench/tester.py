"""The tester: over the bookstore, and on a large contract."""
import concurrent.futures
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from servers import RELEASE, ROOT, cpu_seconds, line_matching, process, service_secret, up

# The number of random cases for each method in one turn of the tester.
RANDOM = 2_000

# The number of random cases in one turn over the trivial server.
TRIVIAL = 100_000


def log_time(line):
    """The timestamp of a line of the bookstore's log, in seconds since 1970."""
    return datetime.datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp()


def first_call(log, since):
    """The time at which the server answered the first case of the tester."""
    # The tester makes reservations as fixtures before its first case.
    others = ("Health/", "ServerReflection/", "ReserveStock")
    with open(log) as lines:
        lines.seek(since)
        # In-process calls have no peer.
        calls = (line for line in lines if '"message":"call"' in line and '"peer"' in line)
        return next(log_time(line) for line in calls if not any(it in line for it in others))


def run_check(address, data, folder, *flags):
    """Runs `proofread check`; returns its report, its wall time and its peak memory in MB."""
    report = Path(folder) / "report.json"
    command = [RELEASE / "proofread", "check", f"http://{address}", "--config", "conformance/suite/proofread.toml",
               f"--report=json={report}", *flags]
    child = subprocess.Popen(command, cwd=ROOT, env={
        **os.environ, "BINDERY_DATA": data, "BINDERY_SERVICE_SECRET_FILE": str(service_secret(folder))})
    began = time.monotonic()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"proofread exits with {os.waitstatus_to_exitcode(status)}")
    return json.loads(report.read_text())["report"], time.monotonic() - began, usage.ru_maxrss / 1024


def to_first_case(address, data, folder):
    """Milliseconds from the start of the tester to its first case, from the server's log."""
    time.sleep(0.5)  # wait until earlier log lines are written
    log = Path(folder) / "log"
    since, began = log.stat().st_size, time.time()
    run_check(address, data, folder, "--phases=baseline")
    time.sleep(0.5)
    return (first_call(log, since) - began) * 1000


def grpcurl_calls(address, count):
    """Calls grpcurl once per case, in parallel on all cores, and returns the rate. grpcurl reads
    the contract from the file, because reflection would be slower."""
    command = [RELEASE / "proofread", "cases", "--contract=gen/contract.binpb", "--phases=boundary", "--json",
               "--include=bookstore.inventory.v1.*/Get*", "--include=bookstore.recommendations.v1.*/*"]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.rstrip("\n").split("\n")
    cases = [json.loads(line) for line in lines][:count]
    calls = [[ROOT / ".tools/bin/grpcurl", "-plaintext", "-protoset", "gen/contract.binpb", "-d", json.dumps(case["messages"][0]), address, case["method"]]
             for case in cases]
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(lambda call: subprocess.run(call, cwd=ROOT, capture_output=True), calls))
    rate = len(done) / (time.monotonic() - began)
    # Exit codes from 64 on are gRPC error codes, which most cases expect.
    if broken := [run for run in done if 0 < run.returncode < 64]:
        sys.exit(f"grpcurl fails: {broken[0].stderr.decode()}")
    return rate


def tester(rounds):
    runs = [tester_turn(turn) for turn in range(rounds + 1)][1:]  # the first warms up

    def format_row(name, unit, target, pick=statistics.median, digits=0):
        values = [run[name] for run in runs]
        return f"{pick(values):8,.{digits}f} {unit}  min {min(values):8,.{digits}f}  max {max(values):8,.{digits}f}{target}"

    times = statistics.median(run["all"] for run in runs) / statistics.median(run["grpcurl"] for run in runs)
    print(f"\nproofread over the bookstore, {rounds} turns; both share {os.cpu_count()} cores")
    print(f"  every method, random     {format_row('all', '/s', '  (target: 10,000 /s)')}  {runs[0]['cases']:,} cases a turn")
    print(f"  methods that only read   {format_row('reading', '/s', '')}  {runs[0]['reads']:,} cases a turn")
    print(f"  grpcurl once per case    {format_row('grpcurl', '/s', '')}  proofread: {times:,.0f} x")
    print(f"  peak memory              {format_row('peak', 'MB', '  (target: 100 MB)', max, 1)}")
    print(f"  start to first case      {format_row('first', 'ms', '  (target: 200 ms)')}")
    print(f"  the whole suite          {format_row('suite', 's ', '  (target: 10 s)', digits=2)}")


def tester_turn(turn):
    """Runs one turn of the tester against a new bookstore, so that turns do not influence each other."""
    names = [*(f"bookstore.inventory.v1.*/{it}*" for it in ("Get", "List", "Batch", "Search")), "bookstore.recommendations.v1.*/*"]
    reading = [*(f"--include={name}" for name in names), "--exclude=GetReservation"]
    # Another seed each turn, because a repeated answer is checked faster.
    random = ["--phases=random", f"--seed={turn}"]
    with tempfile.TemporaryDirectory(prefix="bindery-bench-") as folder, up(folder) as bookstore:
        address = line_matching(bookstore, r"gRPC\s+(\S+)")
        data = f"{folder}/data"
        _, suite, _ = run_check(address, data, folder)
        first = to_first_case(address, data, folder)
        every, _, peak = run_check(address, data, folder, *random, f"--random-cases={RANDOM}")
        reads, _, _ = run_check(address, data, folder, *random, f"--random-cases={2 * RANDOM}", *reading)
        curl = grpcurl_calls(address, 100)
    rate = lambda report: report["cases"] / report["seconds"]
    return {"suite": suite, "first": first, "all": rate(every), "cases": every["cases"], "peak": peak,
            "reading": rate(reads), "reads": reads["cases"], "grpcurl": curl}


def trivial(rounds):
    """The tester over a server in Go whose method does nothing, so that the tester is what costs."""
    folder = ROOT / "conformance/peers/go"
    server = ROOT / "target/peers/go/trivial"
    subprocess.run(["go", "build", "-o", server, "./trivial"], cwd=folder, check=True)
    rates, tester_costs, server_costs = [], [], []
    with tempfile.TemporaryDirectory(prefix="bindery-bench-") as reports, process([server], stdout=subprocess.PIPE) as child:
        report = Path(reports) / "report.json"
        command = [RELEASE / "proofread", "check", f"http://{line_matching(child, r'listening on (.+)')}", f"--report=json={report}",
                   "--contract=conformance/peers/go/trivial/trivial.proto", "--phases=random", f"--random-cases={TRIVIAL}"]
        for turn in range(rounds + 1):
            before = cpu_seconds(child.pid)
            run = subprocess.Popen([*command, f"--seed={turn}"], cwd=ROOT)
            _, status, usage = os.wait4(run.pid, 0)
            if status != 0:
                sys.exit("proofread finds failures of the trivial server")
            if turn:  # the first turn warms up
                result = json.loads(report.read_text())["report"]
                rates.append(result["cases"] / result["seconds"])
                tester_costs.append((usage.ru_utime + usage.ru_stime) / result["cases"] * 1e6)
                server_costs.append((cpu_seconds(child.pid) - before) / result["cases"] * 1e6)
    print(f"\nproofread over a trivial server in Go, {rounds} turns of {TRIVIAL:,} cases; both share {os.cpu_count()} cores")
    print(f"  random cases             {statistics.median(rates):8,.0f} /s  min {min(rates):8,.0f}  max {max(rates):8,.0f}  (target: 20,000 /s)")
    print(f"  CPU for each case        {statistics.median(tester_costs):8.1f} us of the tester, {statistics.median(server_costs):.1f} us of the server")


def loading(rounds):
    """Commands of the tester on a contract of 4,500 files and 30 MB."""
    commands = {
        "explain one method": (["explain", "area0005.v1.Things/Get0"], 2, 500),
        "cases of one service": (["cases", "--include", "area0005.v1.Things"], 3, None),
        "reference": (["reference", "--out", "pages"], 60, None),
    }
    print("\nA contract of 4,500 files", flush=True)
    print(f"{'':22}{'seconds':>9}{'target':>8}{'MB':>8}{'target':>8}")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([RELEASE / "examples/large_image", f"{folder}/large.binpb"], check=True)
        for name, (arguments, most_seconds, most_megabytes) in commands.items():
            seconds, megabytes = [], []
            for _ in range(rounds):
                start = time.monotonic()
                child = subprocess.Popen([RELEASE / "proofread", *arguments, "--contract", "large.binpb"],
                                         cwd=folder, stdout=subprocess.DEVNULL)
                _, status, usage = os.wait4(child.pid, 0)
                if status != 0:
                    sys.exit(f"proofread {arguments} failed")
                seconds.append(time.monotonic() - start)
                megabytes.append(usage.ru_maxrss / 1024)
            print(f"{name:22}{statistics.median(seconds):9.2f}{most_seconds:>8}"
                  f"{statistics.median(megabytes):8.0f}{most_megabytes or '':>8}", flush=True)
