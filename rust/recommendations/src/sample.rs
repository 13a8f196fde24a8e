//! Random sampling without replacement, and its source of randomness.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::index};

use service::BookId;

/// Samples the positions of at most `limit` of `count` books that are not excluded, in random
/// order. Every set of that many books is equally likely. `book_id` returns the id of the book at
/// a position.
///
/// It samples `excluded.len()` more books than `limit` and then removes the excluded ones.
/// At most `excluded.len()` books are removed, so enough remain, and their order is still
/// random. The cost does not depend on the number of books.
pub(crate) fn sample_positions(
    count: usize,
    book_id: impl Fn(usize) -> BookId,
    excluded: &HashSet<BookId>,
    limit: usize,
    rng: &mut dyn Rng,
) -> Vec<usize> {
    let sample_size = limit.saturating_add(excluded.len()).min(count);
    index::sample(rng, count, sample_size)
        .into_iter()
        .filter(|position| excluded.is_empty() || !excluded.contains(&book_id(*position)))
        .take(limit)
        .collect()
}

/// The source of randomness.
#[derive(Debug)]
pub(crate) enum RandomSource {
    /// The random number generator of the current thread, which needs no lock.
    Thread,
    /// One seeded generator for all requests, for tests.
    Seeded(Box<Mutex<StdRng>>),
}

impl RandomSource {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        match seed {
            None => Self::Thread,
            Some(seed) => Self::Seeded(Box::new(Mutex::new(StdRng::seed_from_u64(seed)))),
        }
    }

    pub(crate) fn with_rng<T>(&self, use_rng: impl FnOnce(&mut dyn Rng) -> T) -> T {
        match self {
            Self::Thread => use_rng(&mut rand::rng()),
            Self::Seeded(rng) => use_rng(&mut *rng.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Samples the books with the ids from 1 to `size`.
    fn sample_books(
        size: i32,
        excluded: &HashSet<BookId>,
        limit: usize,
        rng: &mut dyn Rng,
    ) -> Vec<BookId> {
        let ids: Vec<_> = (1..=size).map(BookId).collect();
        let sample = sample_positions(ids.len(), |position| ids[position], excluded, limit, rng);
        sample.into_iter().map(|position| ids[position]).collect()
    }

    proptest! {
        #[test]
        fn sample_has_no_excluded_or_repeated_books_and_the_largest_possible_size(
            size in 0..60_i32,
            excluded in prop::collection::hash_set(1..80_i32, 0..40),
            limit in 0..80_usize,
            seed: u64,
        ) {
            let excluded: HashSet<BookId> = excluded.into_iter().map(BookId).collect();
            let sample = sample_books(size, &excluded, limit, &mut StdRng::seed_from_u64(seed));

            let distinct: HashSet<BookId> = sample.iter().copied().collect();
            prop_assert_eq!(distinct.len(), sample.len());
            prop_assert!(distinct.is_disjoint(&excluded));
            let left = (1..=size).filter(|id| !excluded.contains(&BookId(*id)));
            prop_assert_eq!(sample.len(), limit.min(left.count()));
        }
    }

    #[test]
    fn largest_limit_does_not_overflow() {
        let excluded = HashSet::from([BookId(1)]);
        let sample = sample_books(3, &excluded, usize::MAX, &mut rand::rng());
        assert_eq!(sample.len(), 2);
    }

    /// Pearson's chi-squared statistic for equally likely outcomes, each with its count.
    fn chi_square(counts: &[u32]) -> f64 {
        let total: u32 = counts.iter().sum();
        let expected = f64::from(total) / counts.len() as f64;
        let terms = counts.iter().map(|&count| f64::from(count) - expected);
        terms.map(|distance| distance * distance / expected).sum()
    }

    #[test]
    fn every_book_is_equally_likely_at_every_position() {
        let excluded = HashSet::from([BookId(3), BookId(8)]);
        let mut rng = StdRng::seed_from_u64(4711);
        // counts[position][book]: 3 positions, and 10 of the 12 books are possible.
        let mut counts = vec![[0_u32; 12]; 3];
        for _ in 0..30_000 {
            for (position, book) in sample_books(12, &excluded, 3, &mut rng).iter().enumerate() {
                counts[position][(book.0 - 1) as usize] += 1;
            }
        }
        for book_counts in counts {
            let possible: Vec<u32> = book_counts.into_iter().filter(|&count| count > 0).collect();
            assert_eq!(possible.len(), 10);
            // 9 degrees of freedom: a fair sample exceeds 33.7 once in 10,000 times.
            assert!(chi_square(&possible) < 33.7, "{possible:?}");
        }
    }

    #[test]
    fn every_ordered_pair_is_equally_likely() {
        let mut rng = StdRng::seed_from_u64(42);
        let mut counts = [0_u32; 36];
        for _ in 0..30_000 {
            let sample = sample_books(6, &HashSet::new(), 2, &mut rng);
            let [first, second] = [sample[0].0 - 1, sample[1].0 - 1];
            counts[(first * 6 + second) as usize] += 1;
        }
        let possible: Vec<u32> = counts.into_iter().filter(|&count| count > 0).collect();
        assert_eq!(possible.len(), 30);
        // 29 degrees of freedom: a fair sample exceeds 66.2 once in 10,000 times.
        assert!(chi_square(&possible) < 66.2, "{possible:?}");
    }
}
