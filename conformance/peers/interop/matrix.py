"""The interoperability matrix: every client calls every server with the same cells, by every
transport that both have.

Prints a table, and fails if a cell differs and differences.json does not explain it, or if an
explained difference no longer occurs.

usage: matrix.py [--part] [--transports NAME ...] [--clients NAME ...] [--servers NAME ...] [--no-build]
                 [--into FILE [--check]] [--page FILE]
"""
import argparse
import contextlib
import dataclasses
import itertools
import subprocess
import sys
from collections.abc import Callable
from concurrent import futures
from pathlib import Path

import generate
import markdown
import page
import peers
import running_server
import transports
from cells import Contract, parse_json
from differences import judge, known_differences, without_races

# The longest run of all cells by one client.
CLIENT_SECONDS = 120
# Clients that run at the same time. More would only wait for the processor, and could pass deadlines.
CONCURRENCY = 2


@dataclasses.dataclass(frozen=True)
class Server:
    name: str
    protocols: tuple
    # A context manager that starts the processes and gets the folder of the certificates, or None for
    # plain text. It yields the prefix of the methods, the address and the token of each process.
    running: Callable
    # Whether the processes, rather than the language, are what differs from another server.
    is_variant: bool = False


@dataclasses.dataclass(frozen=True)
class Pair:
    """The names of a transport, a client and a server."""

    transport: str
    client: str
    server: str

    def __str__(self):
        return f"{self.client} at {self.server} by {self.transport}"


@contextlib.contextmanager
def together(certs):
    """The bookstore, which does not serve the test contract: that has a process of its own."""
    with running_server.bookstore(certs) as bookstore, running_server.interop_peer(certs) as interop:
        yield [("bookstore.", *bookstore), ("interop.", *interop)]


@contextlib.contextmanager
def apart(certs):
    with running_server.bookstore_apart(certs) as (inventory, recommendations, token):
        yield [("bookstore.inventory.", inventory, token), ("bookstore.recommendations.", recommendations, token)]


def server_of(peer, *flags):
    @contextlib.contextmanager
    def running(certs):
        with running_server.peer_server(peer, *flags, certs=certs) as process:
            yield [("", *process)]

    return Server(peer.name, peer.server_protocols, running)


SERVERS = [
    Server("bindery", transports.PROTOCOLS, together),
    Server("bindery apart", transports.PROTOCOLS, apart, is_variant=True),
    *map(server_of, peers.SERVERS),
]


def observe(command, address, token, cells):
    """Lets the client make the calls, and returns what it observed by the ids of the cells."""
    process = subprocess.run(
        [str(part) for part in [*command, address]], input=f"[{','.join(cell.for_client for cell in cells)}]",
        capture_output=True, text=True, env=peers.environment(INTEROP_TOKEN=token), timeout=CLIENT_SECONDS,
    )
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed at {address}:\n{process.stderr[-4000:]}")
    observed = {}
    for line in filter(None, process.stdout.split("\n")):
        observation = parse_json(line)
        # Lists without an element are null in some languages.
        observed[observation["id"]] = {key: value if value is not None else [] for key, value in observation.items()}
    return observed


def run_client(contract, cells, client, transport, certs, processes):
    """What differs, by the id of the cell. Cells that no process of the server serves are left out."""
    command = [*client.client, "--protocol", transport.protocol, *(["--ca", certs / "ca.pem"] if certs else [])]
    differences = {}
    for prefix, address, token in processes:
        chosen = [cell for cell in cells if cell.method.startswith(prefix)]
        observed = observe(command, address, token, chosen)
        for cell in chosen:
            missing = ["the client observed nothing"]
            differences[cell.id] = contract.differences(cell, observed[cell.id]) if cell.id in observed else missing
    return differences


def supported(clients, server, transport):
    """The clients that can call the server by a transport."""
    if transport.protocol not in server.protocols:
        return []
    return [client for client in clients if transport.protocol in client.client_protocols]


def in_turn(clients, number, server, transport):
    """What the check runs: with TLS, and for a variant of another server, only one client by gRPC."""
    if not (transport.tls or server.is_variant):
        return clients
    return [clients[number % len(clients)]] if clients and transport.protocol == transports.GRPC else []


def run(clients, servers, chosen_transports, part=False):
    """Returns the cells, and what differs by the pair and the id of the cell."""
    contract = Contract(generate.IMAGE)
    cells = contract.load()
    pending = {}
    with futures.ThreadPoolExecutor(CONCURRENCY) as pool:
        for tls, group in itertools.groupby(chosen_transports, lambda transport: transport.tls):
            group = list(group)
            with contextlib.ExitStack() as stack:
                certs = stack.enter_context(running_server.certificates()) if tls else None
                started = {server: None for server in servers}
                for (number, server), transport in itertools.product(enumerate(servers), group):
                    able = supported(clients, server, transport)
                    for client in in_turn(able, number, server, transport) if part else able:
                        started[server] = started[server] or stack.enter_context(server.running(certs))
                        pair = Pair(transport.name, client.name, server.name)
                        pending[pair] = pool.submit(run_client, contract, cells, client, transport, certs, started[server])
                futures.wait(pending.values())
    return cells, {pair: result.result() for pair, result in pending.items()}


def main():
    arguments = argparse.ArgumentParser(prog="matrix.py")
    arguments.add_argument("--part", action="store_true", help="with TLS, and at the bookstore apart, only one client by gRPC")
    arguments.add_argument("--transports", nargs="*", choices=[it.name for it in transports.ALL], help="default: all")
    arguments.add_argument("--clients", nargs="*", help="default: all")
    arguments.add_argument("--servers", nargs="*", choices=[server.name for server in SERVERS], help="default: all")
    arguments.add_argument("--no-build", action="store_true")
    arguments.add_argument("--into", type=Path, help="write the tables into this Markdown file")
    arguments.add_argument("--check", action="store_true", help="write nothing, and fail if the file is out of date")
    arguments.add_argument("--page", type=Path, help="write the tables as a page in HTML")
    chosen = arguments.parse_args()
    clients = peers.selected(chosen.clients)
    servers = [server for server in SERVERS if not chosen.servers or server.name in chosen.servers]
    wanted = [it for it in transports.ALL if not chosen.transports or it.name in chosen.transports]
    if not chosen.no_build:
        peers.build([peer for peer in peers.ALL if peer in clients or peer.name in {server.name for server in servers}])
    cells, results = run(clients, servers, wanted, chosen.part)
    differences = known_differences()
    results = without_races(results, differences)
    unexplained, unused = judge(results, differences)
    text = markdown.tables(cells, results, differences)
    print(text)
    if chosen.page:
        chosen.page.write_text(page.html(cells, results, differences))
    for line in unexplained:
        print(f"not explained: {line}", file=sys.stderr)
    all_chosen = not (chosen.clients or chosen.servers or chosen.transports)
    for difference in unused if all_chosen else ():
        print(f"does not occur any more: {difference}", file=sys.stderr)
    outdated = chosen.into and not markdown.update(chosen.into, text, chosen.check, part=chosen.part)
    if outdated:
        print(f"{chosen.into} is out of date: just interop-all --accept", file=sys.stderr)
    sys.exit(1 if unexplained or (unused and all_chosen) or outdated else 0)


if __name__ == "__main__":
    main()
