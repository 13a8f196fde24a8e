"""The books and their stock, in memory."""
import threading
from collections import defaultdict
from pathlib import Path

from bookstore.inventory.v1 import book_pb2, inventory_service_pb2, stock_pb2
from google.protobuf import json_format


class Catalogue:
    def __init__(self):
        self._books = {}
        self._on_hand = {}
        # The books in the order of their titles, all under UNSPECIFIED.
        self._by_category = {}
        self._watchers = set()
        # Guards everything above, and tells the watchers of changes.
        self._condition = threading.Condition()
        self._closed = False

    @classmethod
    def load(cls, path):
        """Reads an ImportBooksRequest in JSON."""
        request = json_format.Parse(Path(path).read_text(), inventory_service_pb2.ImportBooksRequest())
        catalogue = cls()
        catalogue.store(request.books, inventory_service_pb2.ImportBooksResponse())
        return catalogue

    def close(self):
        """Ends all watchers, so that the server can stop."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def book(self, book_id):
        return self._books.get(book_id)

    def of_category(self, category):
        """The books of a category, or all of them if it is unset, in the order of their titles."""
        return self._by_category.get(category, [])

    def store(self, imports, counts):
        """Adds and replaces books, and counts them in `counts`."""
        with self._condition:
            for item in imports:
                before = self._books.get(item.book.book_id)
                if before is None:
                    counts.created += 1
                elif before == item.book:
                    counts.unchanged += 1
                else:
                    counts.updated += 1
                self._books[item.book.book_id] = item.book
                # Unset is not zero: it leaves the stock as it is.
                if item.HasField("on_hand"):
                    self._set_stock(item.book.book_id, item.on_hand)
            by_category = defaultdict(list)
            for book in sorted(self._books.values(), key=lambda book: (book.title, book.book_id)):
                by_category[book_pb2.BOOK_CATEGORY_UNSPECIFIED].append(book)
                by_category[book.category].append(book)
            self._by_category = dict(by_category)

    def _set_stock(self, book_id, on_hand):
        if self._on_hand.get(book_id) != on_hand:
            self._on_hand[book_id] = on_hand
            for watcher in self._watchers:
                watcher.notify(book_id)
            self._condition.notify_all()

    def watch(self, book_ids, is_active):
        """Yields the level of each book, and then every change until the call is over. A slow
        reader gets the newest level of each book and misses some of those in between, so the
        memory is bounded."""
        watcher = _Watcher(book_ids)
        with self._condition:
            self._watchers.add(watcher)
        try:
            while is_active():
                with self._condition:
                    # With a limit, because nothing tells a generator that its call was cancelled.
                    self._condition.wait_for(lambda: watcher.changed or self._closed, timeout=1)
                    if self._closed:
                        return
                    levels = [self._level(book_id) for book_id in watcher.take()]
                yield from levels
        finally:
            with self._condition:
                self._watchers.discard(watcher)

    def _level(self, book_id):
        on_hand = self._on_hand.get(book_id, 0)
        return stock_pb2.StockLevel(book_id=book_id, on_hand=on_hand, available=on_hand)


class _Watcher:
    def __init__(self, book_ids):
        self._book_ids = frozenset(book_ids)
        # A dict keeps the order.
        self.changed = dict.fromkeys(book_ids)

    def notify(self, book_id):
        if book_id in self._book_ids:
            self.changed[book_id] = None

    def take(self):
        changed, self.changed = self.changed, {}
        return changed
