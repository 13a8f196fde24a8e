//! The types of the domain: books, and the catalogue from which they are sampled.

use std::{
    collections::{BTreeMap, HashSet},
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
    seen: HashSet<BookId>,
}

impl Snapshot {
    /// Adds a book to its category.
    ///
    /// If the catalogue changes while its pages are listed, a book may be on two pages;
    /// the second one is ignored.
    pub(crate) fn add(&mut self, category: BookCategory, book: BookSummary) {
        if self.seen.insert(book.book_id) {
            self.by_category.entry(category).or_default().push(book);
        }
    }

    /// The books of a category.
    pub(crate) fn books_in(&self, category: BookCategory) -> &[BookSummary] {
        self.by_category.get(&category).map_or(&[], Vec::as_slice)
    }

    /// The number of books in all categories.
    pub(crate) fn book_count(&self) -> usize {
        self.seen.len()
    }
}
