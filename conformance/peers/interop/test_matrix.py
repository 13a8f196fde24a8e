"""Tests the interoperability matrix itself: a server with one difference turns exactly its cells red."""
import unittest

import matrix
import peers
from differences import explanation, judge, known_differences, without_races

# One client and one server in another language are enough to test the comparison.
CLIENT, SERVER = (peers.selected([name])[0] for name in ("python", "go"))


class MatrixTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        peers.build([CLIENT, SERVER])

    def differing(self, *server_flags):
        _, results = matrix.run([CLIENT], [SERVER], server_flags)
        differences = known_differences()
        return {
            cell for (client, server), by_cell in results.items() for cell, found in by_cell.items()
            if found and explanation(differences, client, server, cell) is None
        }

    def test_ignored_rule_turns_exactly_its_cells_red(self):
        self.assertEqual(self.differing(), set())
        self.assertEqual(
            self.differing("--ignore-rule", "string.min_len"),
            {"streams: conversation with an unset field", "bookstore: SearchBooks, unset query"},
        )

    def test_unexplained_and_unneeded_explanations_are_reported(self):
        results = {("go", "java"): {"a": ["differs"], "b": [], "c": ["differs"]}}
        differences = [{"cell": "a", "server": "java", "why": "known"}, {"cell": "b", "why": "no longer"}]
        unexplained, unneeded = judge(results, differences)
        self.assertEqual(unexplained, ["go at java, c: differs"])
        self.assertEqual(unneeded, differences[1:])

    def test_race_counts_as_equal(self):
        results = {("go", "java"): {"a": ["differs"], "b": ["differs"]}}
        differences = [{"cell": "a", "sometimes": True, "why": "a race"}]
        self.assertEqual(without_races(results, differences), {("go", "java"): {"a": [], "b": ["differs"]}})


if __name__ == "__main__":
    unittest.main()
