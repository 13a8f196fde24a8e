"""The tables of the matrix as one page in HTML, which needs no other file and no script."""
import html as html_text

import markdown
from differences import explanation

STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 80rem; padding: 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 0 0 2rem; }
caption { font-weight: bold; padding: 0.5rem 0; text-align: start; }
th, td { border: 1px solid #767676; padding: 0.25rem 0.6rem; text-align: start; vertical-align: top; }
.equal { background: light-dark(#d9f2dd, #12401c); }
.explained { background: light-dark(#fff1c9, #4a3a00); }
.unexplained { background: light-dark(#ffd7d5, #6b1512); font-weight: bold; }
summary { cursor: pointer; white-space: nowrap; }
summary:focus-visible, .scroll:focus-visible { outline: 3px solid light-dark(#0b57d0, #a8c7fa); }
ul { margin: 0; min-width: 16rem; padding-inline-start: 1.2rem; }
"""


def html(cells, results, differences):
    servers = markdown.servers_of(results)
    by_pair = [
        [client, transport, *(_pair(pairs.get(server), results, differences) for server in servers)]
        for client, transport, pairs in markdown.rows(results)
    ]
    by_topic = [
        [topic, *(_counted(markdown.topic_results(topic, server, results)) for server in servers)] for topic in markdown.topics(cells)
    ]
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Interoperability of clients and servers</title>
<style>{STYLE}</style>
<main>
<h1>Interoperability of clients and servers</h1>
<p>Each client has called each server with the same cells: the requests of one call, and the response or
error that the client must see. “115 of 122” means that 115 cells of 122 are equal; open it to see which
ones differ. A pair that has no such transport has a dash.</p>
{_table("Equal cells by client, transport and server", ["client", "transport", *servers], by_pair, headers=2)}
{_table("Equal cells by topic and server, all clients and transports together", ["topic", *servers], by_topic)}
{_table("The differences", ["cells", "transports", "clients", "servers", "difference"],
        [[_data(text) for text in row] for row in markdown.difference_rows(results, differences)], headers=0)}
<p>Versions: {html_text.escape(markdown.versions())}.</p>
</main>
</html>
"""


def _pair(pair, results, differences):
    if pair is None:
        return _data(markdown.NONE)
    by_cell = results[pair]
    differing = [(cell_id, found, explanation(differences, pair, cell_id)) for cell_id, found in by_cell.items() if found]
    count = f"{len(by_cell) - len(differing)} of {len(by_cell)}"
    if not differing:
        return _data(count, "equal")
    items = "".join(
        f"<li>{html_text.escape(cell_id)}: {html_text.escape(known['why'] if known else 'not explained: ' + '; '.join(found))}</li>"
        for cell_id, found, known in differing
    )
    kind = "explained" if all(known for _, _, known in differing) else "unexplained"
    return f'<td class="{kind}"><details><summary>{count}</summary><ul>{items}</ul></details></td>'


def _counted(found):
    if not found:
        return _data(markdown.NONE)
    equal = sum(not it for it in found)
    return _data(f"{equal} of {len(found)}", "equal" if equal == len(found) else "")


def _data(text, kind=""):
    return f'<td class="{kind}">{html_text.escape(text)}</td>' if kind else f"<td>{html_text.escape(text)}</td>"


def _table(caption, columns, rows, headers=1):
    """The first cells of each row are its headers. A wide table is scrolled, also by the keyboard."""
    head = "".join(f'<th scope="col">{html_text.escape(name)}</th>' for name in columns)
    body = "\n".join(
        "<tr>" + "".join(f'<th scope="row">{html_text.escape(name)}</th>' for name in row[:headers]) + "".join(row[headers:]) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" role="region" aria-label="{html_text.escape(caption)}" tabindex="0"><table>'
        f"<caption>{html_text.escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )
