"""The nine books of the tutorial, and what is drawn from them."""
import random

BOOKS = {
    "BOOK_CATEGORY_MYSTERY": [
        (1, "The Maltese Falcon"),
        (2, "Murder on the Orient Express"),
        (3, "The Hound of the Baskervilles"),
    ],
    "BOOK_CATEGORY_SCIENCE_FICTION": [
        (4, "The Hitchhiker's Guide To The Galaxy"),
        (5, "Ender's Game"),
        (6, "The Dune Chronicles"),
    ],
    "BOOK_CATEGORY_SELF_HELP": [
        (7, "The 7 Habits of Highly Effective People"),
        (8, "How to Win Friends and Influence People"),
        (9, "Man\u2019s Search for Meaning"),
    ],
}


class Shelves:
    """The books by the number of their category in the contract's enum, which is
    known only when the stubs are there."""

    def __init__(self, categories):
        self._shelves = {categories.values_by_name[name].number: books for name, books in BOOKS.items()}

    def draw(self, category, most):
        """Up to `most` books of a category at random, as (id, title), none twice."""
        shelf = self._shelves.get(category, [])
        return random.sample(shelf, min(most, len(shelf)))
