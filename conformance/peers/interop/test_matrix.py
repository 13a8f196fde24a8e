"""Tests the interoperability matrix itself: a server with one difference turns exactly its cells red."""
import unittest

import markdown
import matrix
import page
import peers
import transports
from differences import explanation, judge, known_differences, without_races
from matrix import Pair

# One client and one server in another language are enough to test the comparison.
CLIENT, SERVER = (peers.selected([name])[0] for name in ("python", "go"))
PAIR = Pair("gRPC", "go", "java")


class MatrixTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        peers.build([CLIENT, SERVER])

    def differing(self, *server_flags):
        _, results = matrix.run([CLIENT], [matrix.server_of(SERVER, *server_flags)], [transports.PLAIN_GRPC])
        differences = known_differences()
        return {
            cell for pair, by_cell in results.items() for cell, found in by_cell.items()
            if found and explanation(differences, pair, cell) is None
        }

    def test_ignored_rule_turns_exactly_its_cells_red(self):
        self.assertEqual(self.differing(), set())
        self.assertEqual(
            self.differing("--ignore-rule", "string.min_len"),
            {"streams: conversation with an unset field", "bookstore: SearchBooks, unset query"},
        )

    def test_unexplained_and_unneeded_explanations_are_reported(self):
        results = {PAIR: {"a": ["differs"], "b": [], "c": ["differs"]}}
        differences = [
            {"cell": "a", "server": "java", "why": "known"},
            {"cell": "b", "why": "no longer"},
            {"cell": "c", "transport": "Connect*", "why": "of another transport"},
        ]
        unexplained, unneeded = judge(results, differences)
        self.assertEqual(unexplained, ["go at java by gRPC, c: differs"])
        self.assertEqual(unneeded, differences[1:])

    def test_race_counts_as_equal(self):
        results = {PAIR: {"a": ["differs"], "b": ["differs"]}}
        differences = [{"cell": "a", "sometimes": True, "why": "a race"}]
        self.assertEqual(without_races(results, differences), {PAIR: {"a": [], "b": ["differs"]}})

    def test_part_has_every_server_with_and_without_tls_and_every_protocol(self):
        part = [
            (server.name, transport, client.name)
            for number, server in enumerate(matrix.SERVERS) for transport in transports.ALL
            for client in matrix.in_turn(matrix.supported(peers.ALL, server, transport), number, server, transport)
        ]
        by_server = {(server, transport.tls) for server, transport, _ in part}
        self.assertEqual(by_server, {(server.name, tls) for server in matrix.SERVERS for tls in (False, True)})
        self.assertEqual({transport.protocol for _, transport, _ in part}, set(transports.PROTOCOLS))
        self.assertEqual({client for _, transport, client in part if transport.tls}, {client.name for client in peers.ALL})

    def test_part_agrees_with_the_whole_in_what_it_has(self):
        other = Pair("gRPC", "python", "java")
        whole = markdown.tables([], {PAIR: {"t: a": []}, other: {"t: a": []}}, [])
        self.assertTrue(markdown._agree(whole, markdown.tables([], {PAIR: {"t: a": []}}, [])))
        self.assertFalse(markdown._agree(whole, markdown.tables([], {PAIR: {"t: a": ["differs"]}}, [])))
        race = [{"cell": "t: a", "sometimes": True, "why": "a race"}]
        self.assertFalse(markdown._agree(whole, markdown.tables([], {PAIR: {"t: a": []}}, race)))

    def test_page_names_the_cells_that_differ(self):
        differences = [{"cell": "t: a", "why": "a < b"}]
        text = page.html([], {PAIR: {"t: a": ["differs"], "t: b": []}}, differences)
        self.assertIn('<td class="explained"><details><summary>1 of 2</summary><ul><li>t: a: a &lt; b</li></ul></details></td>', text)
        text = page.html([], {PAIR: {"t: a": ["is 1 instead of 2"]}}, [])
        self.assertIn('<td class="unexplained"><details><summary>0 of 1</summary><ul><li>t: a: not explained: is 1 instead of 2</li>', text)


if __name__ == "__main__":
    unittest.main()
