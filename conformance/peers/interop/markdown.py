"""The tables of the matrix in Markdown."""
import peers
from differences import explanation

BEGIN, END = "<!-- interop -->", "<!-- end of interop -->"


def tables(cells, results, differences):
    clients = list(dict.fromkeys(client for client, _ in results))
    servers = list(dict.fromkeys(server for _, server in results))
    lines = ["Equal cells of all cells, for each client (rows) and each server (columns):", ""]
    lines += table(["client", *servers], [
        [client, *(_count(results[client, server].values()) for server in servers)] for client in clients
    ])
    lines += ["", "The same for each topic, all clients together:", ""]
    topics = dict.fromkeys(cell.topic for cell in cells)
    lines += table(["topic", *servers], [
        [topic, *(_topic(topic, server, results) for server in servers)] for topic in topics
    ])
    lines += ["", "The differences:", ""]
    lines += table(["cells", "clients", "servers", "difference"], [
        [difference.get("cell", "all"), difference.get("client", "all"), difference.get("server", "all"), difference["why"]]
        for difference in differences if difference.get("sometimes") or _occurs(difference, results)
    ])
    lines += ["", "Versions: " + "; ".join(f"{peer.name}: {peer.stack}" for peer in peers.ALL) + "."]
    return "\n".join(lines)


def update(file, text, check, markers=(BEGIN, END)):
    """Replaces the tables in the file. Returns false if it is out of date and `check` is set."""
    begin, end = markers
    before = file.read_text()
    head, _, rest = before.partition(begin)
    _, _, tail = rest.partition(end)
    after = f"{head}{begin}\n\n{text}\n\n{end}{tail}"
    if check:
        return after == before
    file.write_text(after)
    return True


def table(head, rows):
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _count(found):
    found = list(found)
    return f"{sum(not it for it in found)} of {len(found)}" if found else "-"


def _topic(topic, server, results):
    return _count(
        found for (_, name), by_cell in results.items() if name == server
        for cell_id, found in by_cell.items() if cell_id.startswith(f"{topic}: ")
    )


def _occurs(difference, results):
    return any(
        found and explanation([difference], client, server, cell_id)
        for (client, server), by_cell in results.items() for cell_id, found in by_cell.items()
    )
