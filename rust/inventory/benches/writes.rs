//! Measures ReserveStock with 64 concurrent callers: SQLite with one commit for each
//! transaction and with group commit, and PostgreSQL with and without `commit_delay`.
//!
//! `just bench --only writes` runs it. The databases are measured in turns, because machines
//! are noisy. The calls go through all layers, without a socket.

use std::time::{Duration, Instant};

use contract::bookstore::{
    inventory::v1::{
        Book, BookCategory, BookImport, ImportBooksRequest, ReservationLine, ReserveStockRequest,
        inventory_service_client::InventoryServiceClient,
    },
    r#type::v1::Money,
};
use inventory::{Inventory, SCHEMA};
use rpc::{Channel, Router};
use store::{Db, Location, testing};
use tokio::task::JoinSet;
use uuid::Uuid;

const CALLERS: usize = 64;
const BOOKS: i32 = 1000;
const TURNS: usize = 4;
const TURN: Duration = Duration::from_secs(3);

/// How long PostgreSQL waits for other transactions before it syncs the log, in µs.
const COMMIT_DELAYS: [u32; 3] = [0, 200, 1000];

type Client = InventoryServiceClient<Channel>;

struct Candidate {
    name: String,
    client: Client,
    /// One for each measured turn, in calls per second.
    rates: Vec<f64>,
    latencies: Vec<Duration>,
    /// Kept because the client works only while the router exists.
    _router: Router,
}

impl Candidate {
    async fn new(name: impl Into<String>, db: Db) -> Self {
        let inventory = Inventory::new(db, inventory::Options::default());
        let router = Router::new(rpc::Options::default()).add(inventory.server());
        let mut client = Client::new(router.in_process().with_caller(rpc::Caller::Operator));
        let books = (1..=BOOKS).map(book);
        let requests = [ImportBooksRequest {
            books: books.collect(),
        }];
        let imported = client.import_books(tokio_stream::iter(requests)).await;
        imported.expect("the books are valid");
        Self {
            name: name.into(),
            client,
            rates: Vec::new(),
            latencies: Vec::new(),
            _router: router,
        }
    }

    async fn turn(&mut self, warm_up: bool) {
        let started = Instant::now();
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(call_until(self.client.clone(), started + TURN));
        }
        let latencies = callers.join_all().await.concat();
        if !warm_up {
            let rate = latencies.len() as f64 / started.elapsed().as_secs_f64();
            self.rates.push(rate);
            self.latencies.extend(latencies);
        }
    }

    fn median_rate(&self) -> f64 {
        let mut rates = self.rates.clone();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    }

    /// In milliseconds.
    fn percentile(&mut self, percent: usize) -> f64 {
        self.latencies.sort();
        let index = (self.latencies.len() - 1) * percent / 100;
        self.latencies[index].as_secs_f64() * 1000.0
    }
}

async fn call_until(mut client: Client, end: Instant) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let first = rand::random_range(1..BOOKS);
        let line = |book_id| ReservationLine {
            book_id,
            quantity: 1,
        };
        let request = ReserveStockRequest {
            request_id: Uuid::now_v7().to_string(),
            lines: vec![line(first), line(first + 1)],
            hold: None,
        };
        let began = Instant::now();
        let response = client.reserve_stock(request).await;
        response.expect("there is enough stock");
        latencies.push(began.elapsed());
    }
    latencies
}

fn book(book_id: i32) -> BookImport {
    BookImport {
        book: Some(Book {
            book_id,
            title: format!("Book {book_id}"),
            authors: vec!["Author".to_owned()],
            category: BookCategory::General.into(),
            price: Some(Money {
                currency_code: "USD".to_owned(),
                amount_minor: Some(999),
            }),
            ..Book::default()
        }),
        on_hand: Some(1_000_000),
    }
}

async fn postgres(commit_delay: u32) -> Db {
    let Location::Postgres(url) = testing::durable_postgres_location().await else {
        panic!("a PostgreSQL location was asked for");
    };
    let url = format!("{url}&options[commit_delay]={commit_delay}");
    Db::open(&Location::Postgres(url), &SCHEMA)
        .await
        .expect("the database is new")
}

#[tokio::main]
async fn main() {
    // Kept because their folders are removed when they are dropped.
    let files = [
        testing::sqlite(&SCHEMA).await,
        testing::sqlite(&SCHEMA).await,
    ];
    files[0].db().set_group_commit(false).await;
    let mut candidates = vec![
        Candidate::new("SQLite, a commit each", files[0].db().clone()).await,
        Candidate::new("SQLite, group commit", files[1].db().clone()).await,
    ];
    for commit_delay in COMMIT_DELAYS {
        let name = format!("PostgreSQL, delay {commit_delay}");
        candidates.push(Candidate::new(name, postgres(commit_delay).await).await);
    }
    for turn in 0..=TURNS {
        for candidate in &mut candidates {
            candidate.turn(turn == 0).await;
        }
    }
    let base = candidates[0].median_rate();
    println!("\nReserveStock with {CALLERS} concurrent callers, all layers, in one process");
    println!(
        "  {:<22} {:>12} {:>8} {:>8} {:>8}  to the first",
        "database", "median /s", "min", "p50 ms", "p99 ms"
    );
    for candidate in &mut candidates {
        let (rate, p50, p99) = (
            candidate.median_rate(),
            candidate.percentile(50),
            candidate.percentile(99),
        );
        let slowest = candidate.rates.iter().copied().fold(rate, f64::min);
        println!(
            "  {:<22} {rate:>12.0} {slowest:>8.0} {p50:>8.1} {p99:>8.1}  {:.1} x",
            candidate.name,
            rate / base
        );
    }
    println!("  target: group commit at least 5 x a commit each, with a p99 that is not worse");
}
