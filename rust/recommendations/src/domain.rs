//! The types of the domain: books, the catalogue from which they are recommended, and readers.

use std::collections::{BTreeMap, HashSet};

use service::{BookCategory, BookId};

/// The part of a book that this service needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookSummary {
    /// The id of the book.
    pub book_id: BookId,
    /// The title as printed on the book.
    pub title: String,
}

/// The catalogue at one revision: the books of each category. No book occurs twice, so
/// that a sample has no duplicates. A book takes about 30 bytes beside its title.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// One title behind the other: an allocation for each would take more memory than the title.
    titles: String,
    by_category: BTreeMap<BookCategory, Vec<Entry>>,
    /// The category of each book, and its position there, in the order of the ids.
    positions: Vec<(BookId, BookCategory, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    book_id: BookId,
    title_bytes: u32,
    /// The place of the title in `titles`.
    title_start: usize,
}

/// The books of one category.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CategoryBooks<'s> {
    snapshot: &'s Snapshot,
    entries: &'s [Entry],
}

/// Makes a [`Snapshot`].
#[derive(Debug, Default)]
pub(crate) struct SnapshotBuilder {
    snapshot: Snapshot,
    known: HashSet<BookId>,
}

impl SnapshotBuilder {
    /// Adds a book to its category.
    ///
    /// If the catalogue changes while its pages are listed, a book may be on two pages;
    /// the second one is ignored.
    pub(crate) fn add(&mut self, category: BookCategory, book_id: BookId, title: &str) {
        if !self.known.insert(book_id) {
            return;
        }
        let Snapshot {
            titles,
            by_category,
            positions,
        } = &mut self.snapshot;
        let entries = by_category.entry(category).or_default();
        let position = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        positions.push((book_id, category, position));
        entries.push(Entry {
            book_id,
            title_bytes: u32::try_from(title.len()).unwrap_or(u32::MAX),
            title_start: titles.len(),
        });
        titles.push_str(title);
    }

    /// All books that were added.
    pub(crate) fn finish(self) -> Snapshot {
        let mut snapshot = self.snapshot;
        snapshot.positions.sort_unstable();
        snapshot.positions.shrink_to_fit();
        snapshot.titles.shrink_to_fit();
        for entries in snapshot.by_category.values_mut() {
            entries.shrink_to_fit();
        }
        snapshot
    }
}

impl Snapshot {
    /// The books of a category.
    pub(crate) fn books_in(&self, category: BookCategory) -> CategoryBooks<'_> {
        let entries = self.by_category.get(&category);
        CategoryBooks {
            snapshot: self,
            entries: entries.map_or(&[], Vec::as_slice),
        }
    }

    /// A book and its category; `None` if it is not in the catalogue.
    pub(crate) fn book(&self, book_id: BookId) -> Option<(BookCategory, BookSummary)> {
        let place = self.positions.binary_search_by_key(&book_id, |it| it.0);
        let (_, category, position) = self.positions[place.ok()?];
        let book = self.books_in(category).book(position as usize);
        Some((category, book))
    }

    /// The number of books in all categories.
    pub(crate) fn book_count(&self) -> usize {
        self.positions.len()
    }
}

impl CategoryBooks<'_> {
    /// The number of books.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The id of the book at a position, which must be less than the number of books.
    pub(crate) fn book_id(&self, position: usize) -> BookId {
        self.entries[position].book_id
    }

    /// The book at a position, which must be less than the number of books.
    pub(crate) fn book(&self, position: usize) -> BookSummary {
        let entry = self.entries[position];
        let end = entry.title_start + entry.title_bytes as usize;
        BookSummary {
            book_id: entry.book_id,
            title: self.snapshot.titles[entry.title_start..end].to_owned(),
        }
    }
}

/// How much an account likes a book that it has bought or rated: 1 is a purchase without a
/// rating, and 0 nothing at all. `stars` are from 1 to 5.
pub fn interest(stars: Option<i32>) -> f32 {
    match stars {
        None => 1.0,
        Some(5..) => 1.5,
        Some(4) => 1.25,
        Some(3) => 0.75,
        Some(2) => 0.25,
        Some(..=1) => 0.0,
    }
}

/// A reader, as far as recommendations depend on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reader {
    /// The books that are not recommended: those that the reader has ordered or reviewed.
    pub(crate) known: HashSet<BookId>,
    /// How much the reader likes books, the newest first; see [`interest`].
    pub(crate) interests: Vec<(BookId, f32)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn book_is_found_in_its_category() {
        let mut builder = SnapshotBuilder::default();
        for (number, category) in [
            (3, BookCategory::Mystery),
            (1, BookCategory::Mystery),
            (2, BookCategory::Poetry),
            (3, BookCategory::Poetry),
        ] {
            builder.add(category, BookId(number), &format!("Book {number}"));
        }
        let snapshot = builder.finish();
        let (category, book) = snapshot.book(BookId(3)).expect("it was added");
        assert_eq!(category, BookCategory::Mystery);
        assert_eq!((book.book_id, book.title.as_str()), (BookId(3), "Book 3"));
        let mysteries = snapshot.books_in(BookCategory::Mystery);
        assert_eq!((mysteries.len(), mysteries.book_id(1)), (2, BookId(1)));
        assert_eq!(snapshot.book(BookId(4)), None);
        assert_eq!(snapshot.book_count(), 3);
    }

    #[test]
    fn more_stars_are_more_interest() {
        let of_stars: Vec<_> = (1..=5).map(|stars| interest(Some(stars))).collect();
        assert!(of_stars.is_sorted_by(|less, more| less < more));
        assert!(interest(Some(3)) < interest(None) && interest(None) < interest(Some(4)));
    }
}
