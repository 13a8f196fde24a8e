"""Tests that the pages about the languages show the examples that the check runs."""
import re
import unittest

from generate import PEERS, ROOT

PAGES = ROOT / "gen/docs/languages"


class PagesTest(unittest.TestCase):
    def test_page_shows_the_example(self):
        pages = sorted(PAGES.glob("*.md"))
        self.assertTrue(pages)
        for page in pages:
            with self.subTest(page=page.name):
                text = page.read_text()
                example = re.search(r"\]\(\.\./\.\./\.\./conformance/peers/(\S+?)\)", text)[1]
                self.assertIn((PEERS / example).read_text().rstrip(), text)


if __name__ == "__main__":
    unittest.main()
