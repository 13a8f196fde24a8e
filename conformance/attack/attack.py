"""Attacks a real bookstore in many ways, each for a few seconds, while a probe from another address
makes calls and gets pages. Prints a table for each mode, and exits with 1 if the probe was not
served, if the memory grew beyond a bound, or if rates that had to refuse calls did not."""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import modes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WITH_BOOKSTORE = ROOT / "tools/with-bookstore"
BINARY = os.environ.get("BINDERY_BINARY", str(ROOT / "target/debug/bookstore"))

# For everybody but the runner itself. Lower than the built-in rates, so that a build without
# optimization reaches them as well within seconds; the probe stays below them.
RATES = '''
exempt = ["127.0.0.1/32"]
address.read = { per_second = 30, burst = 60 }
address.token = { per_second = 30, burst = 60 }
address.expensive = { per_second = 2, burst = 20 }
address.connection = { per_second = 50, burst = 100 }
http.read = { per_second = 20, burst = 20 }
http.write = { per_second = 5, burst = 20 }
'''
CLASSES = {
    "address": ("read", "write", "expensive", "token", "connection"),
    "account": ("read", "write", "expensive"),
    "http": ("read", "write"),
}


def unlimited():
    """Rates that refuse nothing: a test of this test."""
    tables = [
        f"[{caller}]\n" + "".join(f'{one} = "unlimited"\n' for one in classes) for caller, classes in CLASSES.items()]
    return 'exempt = ["127.0.0.1/32"]\n' + "".join(tables)


def run(selected, seconds, environment):
    """Runs modes against a bookstore of their own; whether all passed."""
    if not selected:
        return True
    command = [WITH_BOOKSTORE, sys.executable, HERE / "run_modes.py", "--seconds", str(seconds)]
    command += [mode.name for mode in selected]
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode == 0


def main():
    every = modes.PLAIN + modes.TLS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modes", nargs="*", metavar="MODE", help="the modes to run (default: all); see --list")
    parser.add_argument("--seconds", type=float, default=4, help="the time of each mode (default: %(default)s)")
    parser.add_argument("--short", action="store_true", help="only the selection of the check")
    parser.add_argument("--without-rates", action="store_true", help="let the rates refuse nothing: some modes must fail")
    parser.add_argument("--list", action="store_true", help="print the modes")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(f"{mode.name:20} {mode.run.__doc__.splitlines()[0]}" for mode in every))
        return
    unknown = set(arguments.modes) - {mode.name for mode in every}
    if unknown:
        parser.error(f"there is no mode {sorted(unknown)[0]}: see --list")

    def chosen(of):
        named = [mode for mode in of if mode.name in arguments.modes]
        return named or [mode for mode in of if not arguments.modes and (mode.short or not arguments.short)]

    with tempfile.TemporaryDirectory(prefix="bindery-attack-") as folder:
        rates, certificates = Path(folder) / "limits.toml", Path(folder) / "certs"
        rates.write_text(unlimited() if arguments.without_rates else RATES, encoding="ascii")
        environment = {"BINDERY_LIMITS": str(rates), "BINDERY_LOG": "warn"}
        passed = run(chosen(modes.PLAIN), arguments.seconds, environment)
        if chosen(modes.TLS):
            subprocess.run([BINARY, "certs", "--out", certificates], check=True, stdout=subprocess.DEVNULL)
            # Without an authority for clients, the metrics need no certificate.
            tls = {"BINDERY_TLS_CERT": str(certificates / "server.pem"), "BINDERY_TLS_KEY": str(certificates / "server.key")}
            passed &= run(chosen(modes.TLS), arguments.seconds, environment | tls)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
