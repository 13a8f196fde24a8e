//! Drawing without replacement, and where chance comes from.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::index};

use crate::catalogue::{BookId, Volume};

/// Draws at most `at_most` books from a shelf, in random order, none of them
/// owned; every set of so many books that are not owned is equally likely.
///
/// One draws `owned.len()` more than asked and drops the owned ones. What is left
/// of a random order is in random order, and as no more than `owned.len()` can
/// drop out, it is enough: the cost does not grow with the shelf.
pub(crate) fn draw(
    shelf: &[Volume],
    owned: &HashSet<BookId>,
    at_most: usize,
    rng: &mut dyn Rng,
) -> Vec<Volume> {
    let amount = at_most.saturating_add(owned.len()).min(shelf.len());
    index::sample(rng, shelf.len(), amount)
        .into_iter()
        .map(|position| &shelf[position])
        .filter(|volume| owned.is_empty() || !owned.contains(&volume.book_id))
        .take(at_most)
        .cloned()
        .collect()
}

/// Where chance comes from.
#[derive(Debug)]
pub(crate) enum Chance {
    /// The generator of the thread, which waits for nobody.
    Thread,
    /// One generator for all requests, for tests.
    Seeded(Box<Mutex<StdRng>>),
}

impl Chance {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        match seed {
            None => Self::Thread,
            Some(seed) => Self::Seeded(Box::new(Mutex::new(StdRng::seed_from_u64(seed)))),
        }
    }

    pub(crate) fn with<Drawn>(&self, draw: impl FnOnce(&mut dyn Rng) -> Drawn) -> Drawn {
        match self {
            Self::Thread => draw(&mut rand::rng()),
            Self::Seeded(rng) => draw(&mut *rng.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shelf(size: i32) -> Vec<Volume> {
        let volume = |number| Volume {
            book_id: BookId(number),
            title: format!("Book {number}").into(),
        };
        (1..=size).map(volume).collect()
    }

    proptest! {
        #[test]
        fn a_draw_is_as_large_as_it_can_be_without_owned_or_repeated_books(
            size in 0..60_i32,
            owned in prop::collection::hash_set(1..80_i32, 0..40),
            at_most in 0..80_usize,
            seed: u64,
        ) {
            let shelf = shelf(size);
            let owned: HashSet<BookId> = owned.into_iter().map(BookId).collect();
            let drawn = draw(&shelf, &owned, at_most, &mut StdRng::seed_from_u64(seed));

            let distinct: HashSet<BookId> = drawn.iter().map(|volume| volume.book_id).collect();
            prop_assert_eq!(distinct.len(), drawn.len());
            prop_assert!(distinct.is_disjoint(&owned));
            prop_assert!(drawn.iter().all(|volume| shelf.contains(volume)));
            let left = shelf.iter().filter(|volume| !owned.contains(&volume.book_id));
            prop_assert_eq!(drawn.len(), at_most.min(left.count()));
        }
    }

    #[test]
    fn a_greedy_draw_does_not_overflow() {
        let owned = HashSet::from([BookId(1)]);
        let drawn = draw(&shelf(3), &owned, usize::MAX, &mut rand::rng());
        assert_eq!(drawn.len(), 2);
    }

    /// Pearson's statistic of how often each of `counts.len()` outcomes came.
    fn chi_square(counts: &[u32]) -> f64 {
        let total: u32 = counts.iter().sum();
        let expected = f64::from(total) / counts.len() as f64;
        let terms = counts.iter().map(|&count| f64::from(count) - expected);
        terms.map(|distance| distance * distance / expected).sum()
    }

    #[test]
    fn every_book_comes_equally_often_at_every_place() {
        let shelf = shelf(12);
        let owned = HashSet::from([BookId(3), BookId(8)]);
        let mut rng = StdRng::seed_from_u64(4711);
        // counts[place][book]; 10 of the 12 books can come, 3 places.
        let mut counts = vec![[0_u32; 12]; 3];
        for _ in 0..30_000 {
            for (place, volume) in draw(&shelf, &owned, 3, &mut rng).iter().enumerate() {
                counts[place][(volume.book_id.0 - 1) as usize] += 1;
            }
        }
        for place in counts {
            let possible: Vec<u32> = place.into_iter().filter(|&count| count > 0).collect();
            assert_eq!(possible.len(), 10);
            // 9 degrees of freedom: a fair draw exceeds 33.7 once in 10,000 times.
            assert!(chi_square(&possible) < 33.7, "{possible:?}");
        }
    }

    #[test]
    fn every_pair_comes_equally_often() {
        let shelf = shelf(6);
        let mut rng = StdRng::seed_from_u64(42);
        let mut counts = [0_u32; 36];
        for _ in 0..30_000 {
            let drawn = draw(&shelf, &HashSet::new(), 2, &mut rng);
            let [first, second] = [drawn[0].book_id.0 - 1, drawn[1].book_id.0 - 1];
            counts[(first * 6 + second) as usize] += 1;
        }
        let possible: Vec<u32> = counts.into_iter().filter(|&count| count > 0).collect();
        assert_eq!(possible.len(), 30);
        // 29 degrees of freedom: a fair draw exceeds 66.2 once in 10,000 times.
        assert!(chi_square(&possible) < 66.2, "{possible:?}");
    }
}
