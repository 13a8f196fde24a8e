//! Measures how good recommendations are, on invented purchases with known tastes. Usage:
//! `quality ROUNDS`.
//!
//! Each reader has two of forty tastes and buys three of four books by them, the others because
//! everybody does. The last purchase of each reader is held out: a hit is if it is among the ten
//! books that are recommended for the purchases before it. The coverage is the share of the
//! catalogue that is recommended to at least one reader.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use recommendations::{MAX_PURCHASES, Model, PurchaseLog};
use service::{AccountId, BookId};
use uuid::Uuid;

const BOOKS: usize = 2_000;
const TASTES: usize = 40;
const READERS: usize = 5_000;
/// How many books are recommended.
const AT: usize = 10;
/// The share of purchases by taste, and of purchases that are rated.
const BY_TASTE: f64 = 0.75;
const RATED: f64 = 0.4;

/// A purchase, and the stars of its rating.
type Purchase = (usize, Option<i32>);

/// Draws numbers from 0 with probabilities like 1, 1/2, 1/3, ...
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(size: usize) -> Self {
        let mut sum = 0.0;
        let weights = (1..=size).map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        });
        Self(weights.collect())
    }

    fn draw(&self, rng: &mut StdRng) -> usize {
        let total = self.0.last().copied().unwrap_or_default();
        let at = rng.random_range(0.0..total);
        self.0.partition_point(|sum| *sum <= at)
    }
}

/// The shop: which books belong to a taste, and in which order all are popular.
struct Shop {
    by_taste: Vec<Vec<usize>>,
    popular: Vec<usize>,
    among_all: Zipf,
    among_taste: Zipf,
}

impl Shop {
    fn new(rng: &mut StdRng) -> Self {
        let mut popular: Vec<usize> = (0..BOOKS).collect();
        popular.shuffle(rng);
        let mut by_taste = vec![Vec::new(); TASTES];
        for book in &popular {
            by_taste[rng.random_range(0..TASTES)].push(*book);
        }
        Self {
            by_taste,
            popular,
            among_all: Zipf::new(BOOKS),
            among_taste: Zipf::new(BOOKS / TASTES),
        }
    }

    /// What a new reader buys, oldest first, each book once.
    fn purchases(&self, rng: &mut StdRng) -> Vec<Purchase> {
        let tastes = [(); 2].map(|()| rng.random_range(0..TASTES));
        let count = rng.random_range(4..25);
        let mut bought = HashSet::new();
        let mut purchases = Vec::new();
        while purchases.len() < count {
            let by_taste = rng.random_bool(BY_TASTE);
            let book = if by_taste {
                let books = &self.by_taste[tastes[rng.random_range(0..2)]];
                books.get(self.among_taste.draw(rng)).copied()
            } else {
                Some(self.popular[self.among_all.draw(rng)])
            };
            let Some(book) = book.filter(|book| bought.insert(*book)) else {
                continue;
            };
            let stars = rng.random_bool(RATED).then(|| {
                let least = if by_taste { 3 } else { 1 };
                rng.random_range(least..=5)
            });
            purchases.push((book, stars));
        }
        purchases
    }
}

fn book_id(book: usize) -> BookId {
    BookId(i32::try_from(book + 1).expect("few books"))
}

/// Hits and recommended books of one way to recommend.
#[derive(Default)]
struct Score {
    hits: usize,
    recommended: HashSet<BookId>,
}

impl Score {
    fn count(&mut self, books: impl Iterator<Item = BookId>, held_out: BookId) {
        for book in books.take(AT) {
            self.hits += usize::from(book == held_out);
            self.recommended.insert(book);
        }
    }
}

/// The scores of random books, of the most popular ones, and of the model.
fn round(seed: u64) -> [Score; 3] {
    let mut rng = StdRng::seed_from_u64(seed);
    let shop = Shop::new(&mut rng);
    let readers: Vec<_> = (0..READERS).map(|_| shop.purchases(&mut rng)).collect();
    let mut log = PurchaseLog::default();
    let mut buyers = vec![0; BOOKS];
    for (number, purchases) in (0..).zip(&readers) {
        let account_id = AccountId(Uuid::from_u128(number));
        for (book, stars) in &purchases[..purchases.len() - 1] {
            log.buy(account_id, book_id(*book));
            if let Some(stars) = stars {
                log.rate(account_id, book_id(*book), *stars);
            }
            buyers[*book] += 1;
        }
    }
    let model = Model::of(&log);
    let mut popular: Vec<usize> = (0..BOOKS).collect();
    popular.sort_by_key(|book| std::cmp::Reverse(buyers[*book]));
    let mut scores: [Score; 3] = Default::default();
    for purchases in &readers {
        let Some(((held_out, _), known)) = purchases.split_last() else {
            continue;
        };
        let held_out = book_id(*held_out);
        let interests: Vec<_> = known
            .iter()
            .map(|(book, stars)| (book_id(*book), recommendations::interest(*stars)))
            .collect();
        let bought: HashSet<BookId> = interests.iter().map(|(book, _)| *book).collect();
        let is_new = |book: &BookId| !bought.contains(book);
        let any = (0..).map(|_| book_id(rng.random_range(0..BOOKS)));
        scores[0].count(any.filter(is_new), held_out);
        let popular = popular.iter().map(|book| book_id(*book));
        scores[1].count(popular.filter(is_new), held_out);
        let suggested = model.suggest(&interests).into_iter();
        scores[2].count(suggested.map(|(book, _)| book).filter(is_new), held_out);
    }
    scores
}

/// How long it takes to make a model of as many purchases as count.
fn time_of_the_largest_model() -> (usize, Duration) {
    let mut rng = StdRng::seed_from_u64(1);
    let shop = Shop::new(&mut rng);
    let mut log = PurchaseLog::default();
    for number in 0.. {
        for (book, _) in shop.purchases(&mut rng) {
            log.buy(AccountId(Uuid::from_u128(number)), book_id(book));
        }
        if log.is_full() {
            break;
        }
    }
    let started = Instant::now();
    let model = Model::of(&log);
    (model.book_count(), started.elapsed())
}

fn main() {
    let rounds = std::env::args().nth(1).and_then(|count| count.parse().ok());
    let rounds: Vec<_> = (0..rounds.unwrap_or(5)).map(round).collect();
    let held_out = (rounds.len() * READERS) as f64;
    let mean = |way: usize, count: fn(&Score) -> usize| -> f64 {
        rounds.iter().map(|scores| count(&scores[way]) as f64).sum()
    };
    let hit_rate = |way| mean(way, |score| score.hits) / held_out;
    println!("| recommended | hit rate at {AT} | x most popular | coverage at {AT} |");
    println!("| --- | ---: | ---: | ---: |");
    for (way, name) in ["random", "most popular", "bought together"]
        .iter()
        .enumerate()
    {
        let ratio = hit_rate(way) / hit_rate(1);
        let catalogue = (rounds.len() * BOOKS) as f64;
        let coverage = mean(way, |score| score.recommended.len()) / catalogue;
        println!(
            "| {name} | {:.1} % | {ratio:.2} | {:.1} % |",
            100.0 * hit_rate(way),
            100.0 * coverage
        );
    }
    let (books, took) = time_of_the_largest_model();
    println!(
        "\nA model of {MAX_PURCHASES} purchases of {books} books takes {:.2} s.",
        took.as_secs_f64()
    );
}
