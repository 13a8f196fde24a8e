//! Measures a running bookstore under more load than it can serve, for
//! `just bench --only overload`. Usage: `overload ADDRESS OPERATOR-TOKEN-FILE`
//!
//! First, for each method, the time of a call without load, the goodput (answers that arrive in
//! time) at its peak, and both with five times the callers, which wait before they call again when
//! they are refused. Then both while five times as many searches arrive in a second as are answered
//! at the peak, whatever becomes of those before, and orders beside them. At last the answers to
//! others while two connections keep a thousand calls each half open. The load goes only to the
//! given address, and each part ends after a fixed time.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use contract::bookstore::{
    inventory::v1::{
        BookCategory, GetBookRequest, ReservationLine, ReserveStockRequest, SearchBooksRequest,
        inventory_service_client::InventoryServiceClient,
    },
    recommendations::v1::{
        RecommendRequest, recommendation_service_client::RecommendationServiceClient,
    },
};
use h2::client::SendRequest;
use rpc::Channel;
use tokio::{net::TcpStream, task::JoinSet};
use tonic::{Code, Request, Status};
use uuid::Uuid;

/// Callers that hardly load the server.
const FEW_CALLERS: usize = 1;
/// The numbers of callers among which the peak is searched.
const CALLERS: [usize; 5] = [8, 16, 32, 64, 128];
const QUERIES: [&str; 4] = ["the", "love", "a", "history of the world"];
const OVERLOAD: usize = 5;
const DEADLINE: Duration = Duration::from_millis(500);
const MAX_OPEN_CALLS: usize = 10_000;
const TURN: Duration = Duration::from_secs(4);
/// Callers share connections, as the clients of a service do.
const CALLERS_PER_CONNECTION: usize = 32;
const CONNECTIONS: usize = 20;
const RETRY_DELAY: Duration = Duration::from_millis(250);
const ATTACKERS: usize = 2;
const HALF_OPEN_CALLS: usize = 1000;
const PROBES: usize = 4;

#[derive(Clone, Copy)]
enum Method {
    Recommend,
    ReserveStock,
    SearchBooks,
    GetBook,
}

impl Method {
    async fn call(self, channel: Channel) -> Result<(), Status> {
        fn request<T>(message: T) -> Request<T> {
            let mut request = Request::new(message);
            request.set_timeout(DEADLINE);
            request
        }
        match self {
            Self::Recommend => {
                let message = RecommendRequest {
                    category: BookCategory::Mystery.into(),
                    max_results: 3,
                    ..RecommendRequest::default()
                };
                let mut client = RecommendationServiceClient::new(channel);
                client.recommend(request(message)).await?;
            }
            Self::ReserveStock => {
                let message = ReserveStockRequest {
                    request_id: Uuid::now_v7().to_string(),
                    lines: vec![ReservationLine {
                        book_id: rand::random_range(1..=9),
                        quantity: 1,
                    }],
                    hold: Some(prost_types::Duration {
                        seconds: 1,
                        nanos: 0,
                    }),
                };
                let mut client = InventoryServiceClient::new(channel);
                client.reserve_stock(request(message)).await?;
            }
            Self::SearchBooks => {
                let message = SearchBooksRequest {
                    query: QUERIES[rand::random_range(0..QUERIES.len())].to_owned(),
                    ..SearchBooksRequest::default()
                };
                let mut client = InventoryServiceClient::new(channel);
                client.search_books(request(message)).await?;
            }
            Self::GetBook => {
                let mut client = InventoryServiceClient::new(channel);
                let message = GetBookRequest { book_id: 1 };
                client.get_book(request(message)).await?;
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Outcome {
    /// Of the calls that were answered in time.
    latencies: Vec<Duration>,
    refused: usize,
    elapsed: Duration,
}

impl Outcome {
    async fn call(&mut self, method: Method, channel: Channel) -> Result<(), Status> {
        let began = Instant::now();
        let answer = method.call(channel).await;
        match &answer {
            Ok(()) => self.latencies.push(began.elapsed()),
            Err(_) => self.refused += 1,
        }
        answer
    }

    fn add(&mut self, part: Self) {
        self.latencies.extend(part.latencies);
        self.refused += part.refused;
    }

    /// With the rest of the parts.
    async fn of_all(mut self, mut parts: JoinSet<Self>, started: Instant) -> Self {
        while let Some(part) = parts.join_next().await {
            self.add(part.expect("no caller panics"));
        }
        self.elapsed = started.elapsed();
        self
    }

    fn goodput(&self) -> f64 {
        self.per_second(self.latencies.len())
    }

    fn per_second(&self, calls: usize) -> f64 {
        calls as f64 / self.elapsed.as_secs_f64()
    }

    fn p99_milliseconds(&self) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort();
        let at = sorted.len().saturating_sub(1) * 99 / 100;
        sorted
            .get(at)
            .map_or(f64::NAN, |it| it.as_secs_f64() * 1000.0)
    }
}

/// So many callers that call again as soon as they have an answer.
async fn load(channels: &[Channel], method: Method, callers: usize) -> Outcome {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let channel = channels[caller / CALLERS_PER_CONNECTION % channels.len()].clone();
        tasks.spawn(async move {
            let mut outcome = Outcome::default();
            while started.elapsed() < TURN {
                let answer = outcome.call(method, channel.clone()).await;
                if answer.is_err_and(|status| status.code() == Code::ResourceExhausted) {
                    // As clients do that respect RetryInfo.
                    tokio::time::sleep(RETRY_DELAY).await;
                }
            }
            outcome
        });
    }
    Outcome::default().of_all(tasks, started).await
}

/// So many calls in each second, evenly and whatever becomes of the calls before; fewer if this
/// generator cannot keep up.
async fn offer(channels: &[Channel], method: Method, calls_per_second: f64) -> Outcome {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    let mut interval = tokio::time::interval(Duration::from_millis(1));
    let mut offered = 0;
    let mut all = Outcome::default();
    while started.elapsed() < TURN {
        interval.tick().await;
        let due = calls_per_second * started.elapsed().as_secs_f64();
        while (offered as f64) < due && tasks.len() < MAX_OPEN_CALLS {
            let channel = channels[offered % channels.len()].clone();
            tasks.spawn(async move {
                let mut outcome = Outcome::default();
                let _ = outcome.call(method, channel).await;
                outcome
            });
            offered += 1;
        }
        while let Some(part) = tasks.try_join_next() {
            all.add(part.expect("no caller panics"));
        }
    }
    all.of_all(tasks, started).await
}

/// The calls of one method without load, and the most that are answered in a second.
struct Baseline {
    unloaded: Outcome,
    peak_callers: usize,
    peak_goodput: f64,
}

impl Baseline {
    async fn measure(channels: &[Channel], method: Method) -> Self {
        load(channels, method, CALLERS[0]).await; // warms up
        let mut baseline = Self {
            unloaded: load(channels, method, FEW_CALLERS).await,
            peak_callers: 0,
            peak_goodput: 0.0,
        };
        for callers in CALLERS {
            let goodput = load(channels, method, callers).await.goodput();
            if goodput > baseline.peak_goodput {
                (baseline.peak_callers, baseline.peak_goodput) = (callers, goodput);
            }
        }
        baseline
    }

    fn print(&self, name: &str, overload: &Outcome) {
        let unloaded = self.unloaded.p99_milliseconds();
        println!(
            "  {name:<26} {unloaded:>9.2} {:>8} {:>8.0} {:>8.0} {:>8.0} {:>6.2} {:>8.2} {:>6.1}",
            self.peak_callers,
            self.peak_goodput,
            overload.per_second(overload.latencies.len() + overload.refused),
            overload.goodput(),
            overload.goodput() / self.peak_goodput,
            overload.p99_milliseconds(),
            overload.p99_milliseconds() / unloaded,
        );
    }
}

/// Measures and prints a method with few callers, and with more than can be answered.
async fn overload(channels: &[Channel], name: &str, method: Method) -> Baseline {
    let baseline = Baseline::measure(channels, method).await;
    let callers = load(channels, method, baseline.peak_callers * OVERLOAD).await;
    baseline.print(&format!("{name}, {OVERLOAD}x callers"), &callers);
    baseline
}

/// The answers to a few callers that write, while many others read.
async fn priorities(channels: &[Channel], reads_per_second: f64) {
    let alone = load(channels, Method::ReserveStock, PROBES).await;
    let (writes, reads) = tokio::join!(
        load(channels, Method::ReserveStock, PROBES),
        offer(channels, Method::SearchBooks, reads_per_second),
    );
    println!(
        "  {PROBES} callers of ReserveStock beside {reads_per_second:.0} SearchBooks in a second: {} of {} calls refused, \
         p99 {:.1} ms (alone: {:.1} ms); of the searches {} of {} refused or late (target: no call of ReserveStock)",
        writes.refused,
        writes.latencies.len() + writes.refused,
        writes.p99_milliseconds(),
        alone.p99_milliseconds(),
        reads.refused,
        reads.latencies.len() + reads.refused,
    );
}

/// Opens a connection that keeps `HALF_OPEN_CALLS` calls half open and answers pings.
async fn attack(address: &str, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
    let socket = TcpStream::connect(address).await?;
    let (requests, connection) = h2::client::handshake(socket).await?;
    tasks.spawn(async move {
        // Ends with the connection, which the server may close.
        let _ = connection.await;
    });
    for _ in 0..HALF_OPEN_CALLS {
        tasks.spawn(keep_half_open(requests.clone()));
    }
    Ok(())
}

/// Sends the headers and three bytes of a call, again as soon as the server has ended it.
async fn keep_half_open(requests: SendRequest<Bytes>) {
    while let Ok(mut ready) = requests.clone().ready().await {
        let request =
            http::Request::post("http://bookstore/bookstore.inventory.v1.InventoryService/GetBook")
                .header("content-type", "application/grpc")
                .header("te", "trailers")
                .body(());
        let Ok(request) = request else { return };
        let Ok((response, mut body)) = ready.send_request(request, false) else {
            return;
        };
        if body
            .send_data(Bytes::from_static(&[0, 0, 0]), false)
            .is_err()
        {
            return;
        }
        let _ = response.await;
    }
}

async fn half_open(address: &str, channels: &[Channel]) -> anyhow::Result<()> {
    let before = load(channels, Method::GetBook, PROBES).await;
    let mut attackers = JoinSet::new();
    for _ in 0..ATTACKERS {
        attack(address, &mut attackers).await?;
    }
    let during = load(channels, Method::GetBook, PROBES).await;
    attackers.shutdown().await;
    let answered =
        during.latencies.len() as f64 / (during.latencies.len() + during.refused).max(1) as f64;
    println!(
        "  half-open     {ATTACKERS} connections x {HALF_OPEN_CALLS} calls: {:.2} % of the others' calls answered, \
         p99 {:.1} ms (before: {:.1} ms; target: all, under 50 ms)",
        answered * 100.0,
        during.p99_milliseconds(),
        before.p99_milliseconds(),
    );
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let usage = "usage: overload ADDRESS OPERATOR-TOKEN-FILE";
    let mut arguments = std::env::args_os().skip(1);
    let address = arguments.next().context(usage)?;
    let address = address.to_str().context(usage)?;
    let token = PathBuf::from(arguments.next().context(usage)?);
    ensure!(arguments.next().is_none(), usage);
    let token = std::fs::read_to_string(&token)
        .with_context(|| format!("cannot read {}", token.display()))?;
    let channels = (0..CONNECTIONS)
        .map(|_| {
            let channel = Channel::connect(&format!("http://{address}"))?;
            Ok(channel.without_retries().with_operator_token(token.trim()))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    println!(
        "  {:<26} {:>9} {:>8} {:>8} {:>8} {:>8} {:>6} {:>8} {:>6}",
        "", "p99 alone", "callers", "peak/s", "calls/s", "in time", "ratio", "p99", "ratio"
    );
    overload(&channels, "Recommend", Method::Recommend).await;
    overload(&channels, "ReserveStock", Method::ReserveStock).await;
    let searches = overload(&channels, "SearchBooks", Method::SearchBooks).await;
    let searches_per_second = searches.peak_goodput * OVERLOAD as f64;
    let calls = offer(&channels, Method::SearchBooks, searches_per_second).await;
    searches.print(&format!("SearchBooks, {OVERLOAD}x calls"), &calls);
    println!(
        "  milliseconds; targets: goodput at least 0.9 of the peak, p99 at most 2 times that of one caller"
    );
    priorities(&channels, searches_per_second).await;
    half_open(address, &channels).await
}
