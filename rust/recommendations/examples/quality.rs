//! Measures how good recommendations are, on invented purchases with known tastes. Usage:
//! `quality ROUNDS`.
//!
//! Each reader has two of forty tastes and buys a share of the books by them, the others because
//! everybody does. The last purchase of each reader is held out: a hit is if it is among the ten
//! books that are recommended for the purchases before it. The coverage is the share of the
//! catalogue that is recommended to at least one reader.
//!
//! The last line of each share is the best that is possible: it knows the tastes of the reader
//! and the probability of each book, and recommends the ten most probable ones.

use std::{
    collections::{HashMap, HashSet},
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
/// The shares of purchases by taste that are measured.
const BY_TASTE: [f64; 3] = [0.6, 0.75, 0.9];
/// The share of purchases that are rated.
const RATED: f64 = 0.4;
/// The ways to recommend.
const WAYS: [&str; 4] = ["random", "most popular", "bought together", "tastes known"];
const MOST_POPULAR: usize = 1;

/// A purchase, and the stars of its rating.
type Purchase = (usize, Option<i32>);

/// A reader, with the purchases of different books, the oldest first.
struct Reader {
    tastes: [usize; 2],
    purchases: Vec<Purchase>,
}

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

    fn probability(&self, number: usize) -> f64 {
        let total = self.0.last().copied().unwrap_or_default();
        let is_drawn = number < self.0.len();
        f64::from(is_drawn) / ((number + 1) as f64 * total)
    }
}

/// The shop: which books belong to a taste, and in which order all are popular.
struct Shop {
    share_by_taste: f64,
    by_taste: Vec<Vec<usize>>,
    popular: Vec<usize>,
    among_all: Zipf,
    among_taste: Zipf,
}

impl Shop {
    fn new(share_by_taste: f64, rng: &mut StdRng) -> Self {
        let mut popular: Vec<usize> = (0..BOOKS).collect();
        popular.shuffle(rng);
        let mut by_taste = vec![Vec::new(); TASTES];
        for book in &popular {
            by_taste[rng.random_range(0..TASTES)].push(*book);
        }
        Self {
            share_by_taste,
            by_taste,
            popular,
            among_all: Zipf::new(BOOKS),
            among_taste: Zipf::new(BOOKS / TASTES),
        }
    }

    /// A new reader.
    fn reader(&self, rng: &mut StdRng) -> Reader {
        let tastes = [(); 2].map(|()| rng.random_range(0..TASTES));
        let count = rng.random_range(4..25);
        let mut bought = HashSet::new();
        let mut purchases = Vec::new();
        while purchases.len() < count {
            let by_taste = rng.random_bool(self.share_by_taste);
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
        Reader { tastes, purchases }
    }

    /// The books that somebody with these tastes buys, the most probable first.
    fn most_probable(&self, tastes: [usize; 2]) -> Vec<usize> {
        let mut probabilities: HashMap<usize, f64> = HashMap::new();
        for taste in tastes {
            for (number, book) in self.by_taste[taste].iter().enumerate() {
                let probability = self.share_by_taste / 2.0 * self.among_taste.probability(number);
                *probabilities.entry(*book).or_default() += probability;
            }
        }
        for (number, book) in self.popular.iter().enumerate() {
            let probability = (1.0 - self.share_by_taste) * self.among_all.probability(number);
            *probabilities.entry(*book).or_default() += probability;
        }
        let mut books: Vec<_> = probabilities.into_iter().collect();
        books.sort_unstable_by(|(_, one), (_, other)| other.total_cmp(one));
        books.into_iter().map(|(book, _)| book).collect()
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

/// The score of each of the ways.
fn round(share_by_taste: f64, seed: u64) -> [Score; WAYS.len()] {
    let mut rng = StdRng::seed_from_u64(seed);
    let shop = Shop::new(share_by_taste, &mut rng);
    let readers: Vec<_> = (0..READERS).map(|_| shop.reader(&mut rng)).collect();
    let mut log = PurchaseLog::default();
    let mut buyers = vec![0; BOOKS];
    for (number, Reader { purchases, .. }) in (0..).zip(&readers) {
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
    let mut scores: [Score; WAYS.len()] = Default::default();
    for Reader { tastes, purchases } in &readers {
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
        scores[MOST_POPULAR].count(popular.filter(is_new), held_out);
        let suggested = model.suggest(&interests).into_iter();
        scores[2].count(suggested.map(|(book, _)| book).filter(is_new), held_out);
        let probable = shop.most_probable(*tastes).into_iter().map(book_id);
        scores[3].count(probable.filter(is_new), held_out);
    }
    scores
}

/// How long it takes to make a model of as many purchases as count.
fn time_of_the_largest_model() -> (usize, Duration) {
    let mut rng = StdRng::seed_from_u64(1);
    let shop = Shop::new(0.75, &mut rng);
    let mut log = PurchaseLog::default();
    for number in 0.. {
        for (book, _) in shop.reader(&mut rng).purchases {
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

fn print_scores(share_by_taste: f64, rounds: u64) {
    let rounds: Vec<_> = (0..rounds)
        .map(|seed| round(share_by_taste, seed))
        .collect();
    let held_out = (rounds.len() * READERS) as f64;
    let sum = |way: usize, count: fn(&Score) -> usize| -> f64 {
        rounds.iter().map(|scores| count(&scores[way]) as f64).sum()
    };
    let hit_rate = |way| sum(way, |score| score.hits) / held_out;
    for (way, name) in WAYS.iter().enumerate() {
        let ratio = hit_rate(way) / hit_rate(MOST_POPULAR);
        let catalogue = (rounds.len() * BOOKS) as f64;
        let coverage = sum(way, |score| score.recommended.len()) / catalogue;
        println!(
            "| {:.0} % | {name} | {:.1} % | {ratio:.2} | {:.1} % |",
            100.0 * share_by_taste,
            100.0 * hit_rate(way),
            100.0 * coverage
        );
    }
}

fn main() {
    let rounds = std::env::args().nth(1).and_then(|count| count.parse().ok());
    println!("| by taste | recommended | hit rate at {AT} | x most popular | coverage at {AT} |");
    println!("| ---: | --- | ---: | ---: | ---: |");
    for share_by_taste in BY_TASTE {
        print_scores(share_by_taste, rounds.unwrap_or(5));
    }
    let (books, took) = time_of_the_largest_model();
    println!(
        "\nA model of {MAX_PURCHASES} purchases of {books} books takes {:.2} s.",
        took.as_secs_f64()
    );
}
