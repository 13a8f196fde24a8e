"""The nine books of the first tutorial, and random samples of them."""
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


class SampleBooks:
    """The books of each category.

    `category_enum` is the descriptor of BookCategory. It is a parameter because it exists
    only after the stubs have been generated.
    """

    def __init__(self, category_enum):
        self._books = {category_enum.values_by_name[name].number: books for name, books in BOOKS.items()}

    def sample(self, category, maximum):
        """At most `maximum` random books of a category as (id, title), each book once."""
        books = self._books.get(category, [])
        return random.sample(books, min(maximum, len(books)))
