"""The tables of the matrix in Markdown."""
import peers
from differences import explanation

BEGIN, END = "<!-- interop -->", "<!-- end of interop -->"
NONE = "-"
# What follows does not depend on which pairs have run.
DIFFERENCES = "The differences:"


def tables(cells, results, differences):
    servers = servers_of(results)
    lines = ["Equal cells of all cells, for each client and transport (rows) and each server (columns):", ""]
    lines += table(["client", "transport", *servers], [
        [client, transport, *(_count(results.get(pairs.get(server), {}).values()) for server in servers)]
        for client, transport, pairs in rows(results)
    ])
    lines += ["", "The same for each topic, all clients and transports together:", ""]
    lines += table(["topic", *servers], [
        [topic, *(_count(topic_results(topic, server, results)) for server in servers)] for topic in topics(cells)
    ])
    lines += ["", DIFFERENCES, ""]
    lines += table(["cells", "transports", "clients", "servers", "difference"], difference_rows(results, differences))
    lines += ["", f"Versions: {versions()}."]
    return "\n".join(lines)


def update(file, text, check, markers=(BEGIN, END), part=False):
    """Replaces the tables in the file. Returns false if it is out of date and `check` is set. A `part`
    is only compared, in what it has."""
    begin, end = markers
    before = file.read_text()
    head, _, rest = before.partition(begin)
    old, _, tail = rest.partition(end)
    if part:
        return _agree(old.strip(), text)
    after = f"{head}{begin}\n\n{text}\n\n{end}{tail}"
    if check:
        return after == before
    file.write_text(after)
    return True


def table(head, rows):
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def servers_of(results):
    return list(dict.fromkeys(pair.server for pair in results))


def rows(results):
    """By client, and then by transport: their names, and the pairs by server."""
    transports = list(dict.fromkeys(pair.transport for pair in results))
    for client in dict.fromkeys(pair.client for pair in results):
        for transport in transports:
            pairs = {pair.server: pair for pair in results if (pair.client, pair.transport) == (client, transport)}
            if pairs:
                yield client, transport, pairs


def topics(cells):
    return list(dict.fromkeys(cell.topic for cell in cells))


def topic_results(topic, server, results):
    """What differs in each cell of a topic, for all clients and transports."""
    return [
        found for pair, by_cell in results.items() if pair.server == server
        for cell_id, found in by_cell.items() if cell_id.startswith(f"{topic}: ")
    ]


def difference_rows(results, differences):
    """The differences that occur: the cells, transports, clients and servers, and why."""
    return [
        [*(difference.get(name, "all") for name in ("cell", "transport", "client", "server")), difference["why"]]
        for difference in differences if difference.get("sometimes") or _occurs(difference, results)
    ]


def versions():
    return "; ".join(f"{peer.name}: {peer.stack}" for peer in peers.ALL)


def _agree(whole, part):
    """Whether all counts of a part are those of the whole, and the differences are the same."""
    counts, known = _counts(part), _counts(whole)
    same = all(known.get(place) == count for place, count in counts.items() if count != NONE)
    return same and whole.partition(DIFFERENCES)[2] == part.partition(DIFFERENCES)[2]


def _counts(text):
    """The counts of the first table by client, transport and server."""
    head, _, *rows = [line.strip("| ").split(" | ") for line in text.split("\n\n")[1].splitlines()]
    return {(*row[:2], server): count for row in rows for server, count in zip(head[2:], row[2:])}


def _count(found):
    found = list(found)
    return f"{sum(not it for it in found)} of {len(found)}" if found else NONE


def _occurs(difference, results):
    return any(
        found and explanation([difference], pair, cell_id)
        for pair, by_cell in results.items() for cell_id, found in by_cell.items()
    )
