//! What readers of a book have also bought.
//!
//! The model is item-to-item: for each book it has the books that are bought by the same
//! readers, with the asymmetric cosine of the two columns of the matrix of readers and books as
//! their similarity. It knows no readers. Two books are related only if at least
//! [`MIN_READERS`] readers have both, so that it shows no single reader's purchases either.

mod purchase_log;
mod similarity;

use std::collections::HashMap;

use service::BookId;

pub use purchase_log::{MAX_PURCHASES, MAX_PURCHASES_PER_READER, PurchaseLog};

/// How many related books of one book are kept. It is also the maximum of the contract.
pub const MAX_RELATED: usize = 50;

/// How many books have related books. Of more, those with the most readers are taken.
pub const MAX_BOOKS: usize = 100_000;

/// How many readers must have two books, so that they are related.
pub const MIN_READERS: u32 = 2;

/// How many of a reader's newest interests are used.
const MAX_INTERESTS: usize = 500;

/// The related books of each book. It has at most [`MAX_BOOKS`] times [`MAX_RELATED`] entries
/// of 8 bytes, which are 40 MB; with 10,000 books it has at most 4 MB.
#[derive(Debug, Default)]
pub struct Model {
    related: HashMap<BookId, Box<[RelatedBook]>>,
}

/// A book that is bought by the readers of another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RelatedBook {
    /// The book.
    pub book_id: BookId,
    /// How much a purchase of the one book suggests this one: more than 0. If both have the
    /// same readers it is nearly 1, and more if this one is bought more often as well.
    pub similarity: f32,
}

impl Model {
    /// Makes a model of purchases. It takes about a second for the largest log, without a
    /// pause, so asynchronous tasks call it on a thread of its own.
    pub fn of(log: &PurchaseLog) -> Self {
        similarity::Matrix::of(log).model()
    }

    /// The books that readers of a book have also bought, the most similar first.
    pub fn related(&self, book_id: BookId) -> &[RelatedBook] {
        let related = self.related.get(&book_id);
        related.map(|related| &**related).unwrap_or_default()
    }

    /// The number of books that have related books.
    pub fn book_count(&self) -> usize {
        self.related.len()
    }

    /// The books that are related to the interests of a reader, the best first, each with the
    /// sum of its similarities times the interests. Books of the interests themselves may be
    /// among them. Only the first 500 interests are used, which bounds the time to less than a
    /// millisecond.
    pub fn suggest(&self, interests: &[(BookId, f32)]) -> Vec<(BookId, f32)> {
        let mut scores: HashMap<BookId, f32> = HashMap::new();
        for (book_id, interest) in interests.iter().take(MAX_INTERESTS) {
            if *interest <= 0.0 {
                continue;
            }
            for related in self.related(*book_id) {
                *scores.entry(related.book_id).or_default() += interest * related.similarity;
            }
        }
        let mut suggestions: Vec<_> = scores.into_iter().collect();
        suggestions.sort_unstable_by(|(one, one_score), (other, other_score)| {
            other_score.total_cmp(one_score).then(one.cmp(other))
        });
        suggestions
    }
}

#[cfg(test)]
mod tests;
