"""The differences that are known and explained: differences.json.

An entry has `why`, and patterns of `cell`, `transport`, `client` and `server`; without one of these it
holds for all. `sometimes` marks a race: the difference need not occur, and the cell counts as equal.
"""
import fnmatch
import json
from pathlib import Path

FILE = Path(__file__).with_name("differences.json")


def known_differences():
    return json.loads(FILE.read_text())


def explanation(differences, pair, cell_id):
    """The difference that explains a cell of a pair: of a transport, a client and a server."""
    values = {"transport": pair.transport, "client": pair.client, "server": pair.server, "cell": cell_id}
    for difference in differences:
        if all(fnmatch.fnmatchcase(value, difference.get(name, "*")) for name, value in values.items()):
            return difference
    return None


def without_races(results, differences):
    """The results with those differences as equal that occur only sometimes, so that the tables do not
    depend on a race."""
    races = [it for it in differences if it.get("sometimes")]
    return {
        pair: {cell_id: [] if explanation(races, pair, cell_id) else found for cell_id, found in by_cell.items()}
        for pair, by_cell in results.items()
    }


def judge(results, differences):
    """The unexplained differences, and the explanations that were not needed."""
    unexplained, used = [], []
    for pair, by_cell in results.items():
        for cell_id, found in by_cell.items():
            difference = explanation(differences, pair, cell_id)
            if found and difference is None:
                unexplained.append(f"{pair}, {cell_id}: {'; '.join(found)}")
            elif found:
                used.append(difference)
    unneeded = [it for it in differences if it not in used and not it.get("sometimes")]
    return unexplained, unneeded
