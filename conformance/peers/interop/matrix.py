"""The interoperability matrix: every client calls every server with the same cells.

Prints a table, and fails if a cell differs and differences.json does not explain it, or if an
explained difference no longer occurs.

usage: matrix.py [--clients NAME ...] [--servers NAME ...] [--no-build] [--into FILE [--check]]
"""
import argparse
import contextlib
import json
import subprocess
import sys
from concurrent import futures
from pathlib import Path

import generate
import peers
import running_server
from cells import Contract, parse_json
from differences import judge, known_differences, without_races
from markdown import tables, update

OURS = "bindery"
# The longest run of all cells by one client.
CLIENT_SECONDS = 120
# Clients that run at the same time. More would only wait for the processor, and could pass deadlines.
CONCURRENCY = 2


@contextlib.contextmanager
def running(server, flags):
    """Starts a server. Yields the prefix of the methods, the address and the token of each process:
    the bookstore does not serve the test contract, which has a process of its own."""
    with contextlib.ExitStack() as stack:
        if server == OURS:
            yield [
                ("bookstore.", *stack.enter_context(running_server.bookstore())),
                ("interop.", *stack.enter_context(running_server.interop_peer())),
            ]
        else:
            yield [("", *stack.enter_context(running_server.peer_server(server, *flags)))]


def observe(client, address, token, cells):
    """Lets the client make the calls, and returns what it observed by the ids of the cells."""
    observed = {}
    for anonymous in (False, True):
        chosen = [cell.for_client() for cell in cells if cell.anonymous == anonymous]
        if not chosen:
            continue
        environment = peers.environment(INTEROP_TOKEN="" if anonymous else token)
        process = subprocess.run(
            [str(part) for part in [*client.client, address]], input=json.dumps(chosen), capture_output=True, text=True,
            env=environment, timeout=CLIENT_SECONDS,
        )
        if process.returncode != 0:
            raise RuntimeError(f"the client {client.name} failed at {address}:\n{process.stderr[-4000:]}")
        for line in filter(None, process.stdout.split("\n")):
            observation = parse_json(line)
            # Lists without an element are null in some languages.
            observed[observation["id"]] = {
                key: value if value is not None else [] for key, value in observation.items()
            }
    return observed


def run_client(contract, cells, client, processes):
    """What differs, by the id of the cell."""
    observed = {}
    for prefix, address, token in processes:
        observed |= observe(client, address, token, [cell for cell in cells if cell.method.startswith(prefix)])
    return {
        cell.id: contract.differences(cell, observed[cell.id]) if cell.id in observed else ["the client observed nothing"]
        for cell in cells
    }


def run(clients, servers, server_flags=()):
    """Returns the cells, and what differs by (client, server) and the id of the cell."""
    contract = Contract(generate.IMAGE)
    cells = contract.load()
    results = {}
    with contextlib.ExitStack() as stack, futures.ThreadPoolExecutor(CONCURRENCY) as pool:
        pending = {}
        for server in servers:
            processes = stack.enter_context(running(server, server_flags))
            name = server if server == OURS else server.name
            for client in clients:
                pending[client.name, name] = pool.submit(run_client, contract, cells, client, processes)
        for pair, result in pending.items():
            results[pair] = result.result()
    return cells, results


def main():
    arguments = argparse.ArgumentParser(prog="matrix.py")
    arguments.add_argument("--clients", nargs="*", help="default: all")
    arguments.add_argument("--servers", nargs="*", help=f"default: all, and {OURS}")
    arguments.add_argument("--no-build", action="store_true")
    arguments.add_argument("--into", type=Path, help="write the tables into this Markdown file")
    arguments.add_argument("--check", action="store_true", help="write nothing, and fail if the file is out of date")
    chosen = arguments.parse_args()
    clients = peers.selected(chosen.clients)
    names = chosen.servers or [OURS, *(peer.name for peer in peers.selected())]
    servers = [OURS if name == OURS else peers.selected([name])[0] for name in names]
    if not chosen.no_build:
        peers.build([peer for peer in peers.ALL if peer in clients or peer in servers])
    cells, results = run(clients, servers)
    differences = known_differences()
    results = without_races(results, differences)
    unexplained, unused = judge(results, differences)
    text = tables(cells, results, differences)
    print(text)
    for line in unexplained:
        print(f"not explained: {line}", file=sys.stderr)
    complete = not chosen.clients and not chosen.servers
    for difference in unused if complete else ():
        print(f"does not occur any more: {difference}", file=sys.stderr)
    outdated = chosen.into and not update(chosen.into, text, chosen.check)
    if outdated:
        print(f"{chosen.into} is out of date: just interop --accept", file=sys.stderr)
    sys.exit(1 if unexplained or (unused and complete) or outdated else 0)


if __name__ == "__main__":
    main()
