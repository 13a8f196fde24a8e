//! The types of the domain: books, the catalogue from which they are recommended, and readers.

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use service::{BookCategory, BookId};

/// The part of a book that this service needs. Cloning does not copy the title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookSummary {
    /// The id of the book.
    pub book_id: BookId,
    /// The title as printed on the book.
    pub title: Arc<str>,
}

/// The catalogue at one revision: the books of each category. No book occurs twice, so
/// that a sample has no duplicates.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    by_category: BTreeMap<BookCategory, Vec<BookSummary>>,
    /// The category of each book, and its position there.
    positions: HashMap<BookId, (BookCategory, usize)>,
}

impl Snapshot {
    /// Adds a book to its category.
    ///
    /// If the catalogue changes while its pages are listed, a book may be on two pages;
    /// the second one is ignored.
    pub(crate) fn add(&mut self, category: BookCategory, book: BookSummary) {
        if let Entry::Vacant(position) = self.positions.entry(book.book_id) {
            let books = self.by_category.entry(category).or_default();
            position.insert((category, books.len()));
            books.push(book);
        }
    }

    /// The books of a category.
    pub(crate) fn books_in(&self, category: BookCategory) -> &[BookSummary] {
        self.by_category.get(&category).map_or(&[], Vec::as_slice)
    }

    /// A book and its category; `None` if it is not in the catalogue.
    pub(crate) fn book(&self, book_id: BookId) -> Option<(BookCategory, &BookSummary)> {
        let (category, position) = *self.positions.get(&book_id)?;
        Some((category, self.books_in(category).get(position)?))
    }

    /// The number of books in all categories.
    pub(crate) fn book_count(&self) -> usize {
        self.positions.len()
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
        let mut snapshot = Snapshot::default();
        for (number, category) in [
            (1, BookCategory::Mystery),
            (2, BookCategory::Poetry),
            (3, BookCategory::Mystery),
            (3, BookCategory::Poetry),
        ] {
            let book = BookSummary {
                book_id: BookId(number),
                title: format!("Book {number}").into(),
            };
            snapshot.add(category, book);
        }
        let (category, book) = snapshot.book(BookId(3)).expect("it was added");
        assert_eq!(category, BookCategory::Mystery);
        assert_eq!(book.book_id, BookId(3));
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
