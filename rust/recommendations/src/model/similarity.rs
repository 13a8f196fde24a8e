//! Computes which books are related.

use std::collections::HashMap;

use service::BookId;

use super::{MAX_BOOKS, MAX_RELATED, MIN_READERS, Model, PurchaseLog, RelatedBook};

/// Similarities of pairs with few common readers are mostly chance: with `n` of them a
/// similarity is reduced to `n / (n + SHRINKAGE)` of its value.
const SHRINKAGE: f32 = 3.0;

/// How much the length of a book's own column counts in the similarity to other books; the
/// rest is for the other column. With one half it would be the cosine. More than that reduces
/// popular books less, and they are bought more often: of 0.5, 0.6, 0.7, 0.8 and 0.9 the hit
/// rate of `just bench --only recommendations` is the highest with 0.7.
const OWN_LENGTH: f32 = 0.7;

/// Weights by position: of the books of a reader, or of the readers of a book.
type Weights = Vec<(u32, f32)>;

/// The matrix of readers and books, by rows and by columns. Books are known by their positions
/// in `books`.
pub(super) struct Matrix {
    books: Vec<BookId>,
    by_reader: Vec<Weights>,
    by_book: Vec<Weights>,
}

/// What two books have in common.
#[derive(Clone, Copy, Default)]
struct Overlap {
    readers: u32,
    weight: f32,
}

impl Matrix {
    pub(super) fn of(log: &PurchaseLog) -> Self {
        let interests = log.sorted();
        let books = most_read(interests.iter().map(|(_, book_id, _)| *book_id));
        let positions: HashMap<BookId, u32> = books.iter().copied().zip(0..).collect();
        let mut by_reader = Vec::new();
        let mut by_book = vec![Weights::new(); books.len()];
        for of_reader in interests.chunk_by(|one, other| one.0 == other.0) {
            let activity = activity(of_reader.len());
            let mut row = Weights::new();
            let reader = u32::try_from(by_reader.len()).unwrap_or(u32::MAX);
            for (_, book_id, interest) in of_reader {
                if let Some(position) = positions.get(book_id)
                    && *interest > 0.0
                {
                    let weight = activity * interest;
                    row.push((*position, weight));
                    by_book[*position as usize].push((reader, weight));
                }
            }
            by_reader.push(row);
        }
        Self {
            books,
            by_reader,
            by_book,
        }
    }

    pub(super) fn model(&self) -> Model {
        let lengths: Vec<f32> = self.by_book.iter().map(|it| length(it)).collect();
        let mut overlaps = vec![Overlap::default(); self.books.len()];
        let mut touched = Vec::new();
        let mut related_books = HashMap::new();
        for (position, readers) in self.by_book.iter().enumerate() {
            for (reader, weight) in readers {
                for (other, other_weight) in &self.by_reader[*reader as usize] {
                    let overlap = &mut overlaps[*other as usize];
                    if overlap.readers == 0 {
                        touched.push(*other as usize);
                    }
                    overlap.readers += 1;
                    overlap.weight += weight * other_weight;
                }
            }
            let mut related = Vec::new();
            for other in touched.drain(..) {
                let overlap = std::mem::take(&mut overlaps[other]);
                if other != position && overlap.readers >= MIN_READERS {
                    related.push(RelatedBook {
                        book_id: self.books[other],
                        similarity: similarity(overlap, lengths[position], lengths[other]),
                    });
                }
            }
            if !related.is_empty() {
                keep_most_similar(&mut related);
                related_books.insert(self.books[position], related.into());
            }
        }
        Model {
            related: related_books,
        }
    }
}

/// The books that enough readers have for being related, at most [`MAX_BOOKS`], those with the
/// most readers first. Each reader occurs once for a book.
fn most_read(purchased: impl Iterator<Item = BookId>) -> Vec<BookId> {
    let mut readers: HashMap<BookId, u32> = HashMap::new();
    for book_id in purchased {
        *readers.entry(book_id).or_default() += 1;
    }
    readers.retain(|_, readers| *readers >= MIN_READERS);
    let mut books: Vec<_> = readers.into_iter().collect();
    books.sort_unstable_by_key(|(book_id, readers)| (std::cmp::Reverse(*readers), *book_id));
    books.truncate(MAX_BOOKS);
    books.into_iter().map(|(book_id, _)| book_id).collect()
}

/// How much each purchase of a reader says, by the number of purchases: those of a reader who
/// buys everything say little.
fn activity(purchases: usize) -> f32 {
    1.0 / (1.0 + (purchases.max(1) as f32).ln()).sqrt()
}

/// The length of a column.
fn length(weights: &[(u32, f32)]) -> f32 {
    let squares = weights.iter().map(|(_, weight)| weight * weight);
    squares.sum::<f32>().sqrt()
}

/// The asymmetric cosine of a book and another one, reduced for few common readers. Both
/// lengths are positive if there are common readers.
fn similarity(overlap: Overlap, length: f32, other: f32) -> f32 {
    let readers = overlap.readers as f32;
    let lengths = length.powf(2.0 * OWN_LENGTH) * other.powf(2.0 * (1.0 - OWN_LENGTH));
    overlap.weight / lengths * readers / (readers + SHRINKAGE)
}

/// Keeps the most similar books, sorted. Equal ones are sorted by their ids, so that equal
/// purchases make equal models.
fn keep_most_similar(related: &mut Vec<RelatedBook>) {
    let order = |one: &RelatedBook, other: &RelatedBook| {
        let by_similarity = other.similarity.total_cmp(&one.similarity);
        by_similarity.then(one.book_id.cmp(&other.book_id))
    };
    if related.len() > MAX_RELATED {
        related.select_nth_unstable_by(MAX_RELATED, order);
        related.truncate(MAX_RELATED);
    }
    related.sort_unstable_by(order);
}
