//! Measures a running bookstore under more load than it can serve, for
//! `just bench --only overload`. Usage: `overload ADDRESS OPERATOR-TOKEN-FILE`
//!
//! First, for each method, the time of a call without load, the goodput (answers that arrive in
//! time) at its peak, and both with five times the callers. Each call has a deadline of half a
//! second. Then orders while five times as many search as can be answered. At last the answers to
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
use tonic::{Request, Status};
use uuid::Uuid;

/// Callers that hardly load the server.
const FEW_CALLERS: usize = 1;
/// The numbers of callers among which the peak is searched.
const CALLERS: [usize; 5] = [8, 16, 32, 64, 128];
const QUERIES: [&str; 4] = ["the", "love", "a", "history of the world"];
const OVERLOAD: usize = 5;
const DEADLINE: Duration = Duration::from_millis(500);
const TURN: Duration = Duration::from_secs(4);
/// Callers share connections, as the clients of a service do.
const CALLERS_PER_CONNECTION: usize = 32;
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
    async fn call(self, channel: Channel, deadline: Option<Duration>) -> Result<(), Status> {
        fn request<T>(message: T, deadline: Option<Duration>) -> Request<T> {
            let mut request = Request::new(message);
            if let Some(deadline) = deadline {
                request.set_timeout(deadline);
            }
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
                client.recommend(request(message, deadline)).await?;
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
                client.reserve_stock(request(message, deadline)).await?;
            }
            Self::SearchBooks => {
                let message = SearchBooksRequest {
                    query: QUERIES[rand::random_range(0..QUERIES.len())].to_owned(),
                    ..SearchBooksRequest::default()
                };
                let mut client = InventoryServiceClient::new(channel);
                client.search_books(request(message, deadline)).await?;
            }
            Self::GetBook => {
                let mut client = InventoryServiceClient::new(channel);
                let message = GetBookRequest { book_id: 1 };
                client.get_book(request(message, deadline)).await?;
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
    fn goodput(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
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

async fn load(
    channels: &[Channel],
    method: Method,
    callers: usize,
    deadline: Option<Duration>,
) -> Outcome {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let channel = channels[caller / CALLERS_PER_CONNECTION % channels.len()].clone();
        tasks.spawn(async move {
            let mut outcome = Outcome::default();
            while started.elapsed() < TURN {
                let began = Instant::now();
                match method.call(channel.clone(), deadline).await {
                    Ok(()) => outcome.latencies.push(began.elapsed()),
                    Err(status) => {
                        outcome.refused += 1;
                        // As clients do that respect RetryInfo.
                        if status.code() == tonic::Code::ResourceExhausted {
                            tokio::time::sleep(Duration::from_millis(250)).await;
                        }
                    }
                }
            }
            outcome
        });
    }
    let mut all = Outcome::default();
    while let Some(outcome) = tasks.join_next().await {
        let outcome = outcome.expect("no caller panics");
        all.latencies.extend(outcome.latencies);
        all.refused += outcome.refused;
    }
    all.elapsed = started.elapsed();
    all
}

/// Returns the number of callers that is five times those of the peak.
async fn overload(channels: &[Channel], name: &str, method: Method) -> usize {
    let deadline = Some(DEADLINE);
    load(channels, method, CALLERS[0], deadline).await; // warms up
    let unloaded = load(channels, method, FEW_CALLERS, deadline).await;
    let mut peak = (0, 0.0);
    for callers in CALLERS {
        let goodput = load(channels, method, callers, deadline).await.goodput();
        if goodput > peak.1 {
            peak = (callers, goodput);
        }
    }
    let callers = peak.0 * OVERLOAD;
    let outcome = load(channels, method, callers, deadline).await;
    println!(
        "  {name:<13} {:>9.2} {:>9.0} {:>8} {callers:>8} {:>9.0} {:>6.2} {:>9.2} {:>6.1} {:>8}",
        unloaded.p99_milliseconds(),
        peak.1,
        peak.0,
        outcome.goodput(),
        outcome.goodput() / peak.1,
        outcome.p99_milliseconds(),
        outcome.p99_milliseconds() / unloaded.p99_milliseconds(),
        outcome.refused,
    );
    callers
}

/// The answers to a few callers that write, while many others read.
async fn priorities(channels: &[Channel], readers: usize) {
    let alone = load(channels, Method::ReserveStock, PROBES, None).await;
    let (writes, reads) = tokio::join!(
        load(channels, Method::ReserveStock, PROBES, None),
        load(channels, Method::SearchBooks, readers, Some(DEADLINE)),
    );
    println!(
        "  {PROBES} callers of ReserveStock beside {readers} of SearchBooks: {} of {} calls refused, p99 {:.1} ms \
         (alone: {:.1} ms); of the searches {} refused or late (target: no call of ReserveStock)",
        writes.refused,
        writes.latencies.len() + writes.refused,
        writes.p99_milliseconds(),
        alone.p99_milliseconds(),
        reads.refused,
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
    let before = load(channels, Method::GetBook, PROBES, None).await;
    let mut attackers = JoinSet::new();
    for _ in 0..ATTACKERS {
        attack(address, &mut attackers).await?;
    }
    let during = load(channels, Method::GetBook, PROBES, None).await;
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
    let connections = CALLERS[CALLERS.len() - 1] * OVERLOAD / CALLERS_PER_CONNECTION;
    let channels = (0..connections)
        .map(|_| {
            let channel = Channel::connect(&format!("http://{address}"))?;
            Ok(channel.without_retries().with_operator_token(token.trim()))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    println!(
        "  {:<13} {:>9} {:>9} {:>8} {:>8} {:>9} {:>6} {:>9} {:>6} {:>8}",
        "",
        "p99 alone",
        "peak/s",
        "callers",
        "5 times",
        "in time/s",
        "ratio",
        "p99",
        "ratio",
        "refused"
    );
    overload(&channels, "Recommend", Method::Recommend).await;
    overload(&channels, "ReserveStock", Method::ReserveStock).await;
    let readers = overload(&channels, "SearchBooks", Method::SearchBooks).await;
    println!(
        "  milliseconds; targets: goodput at least 0.9 of the peak, p99 at most 2 times that of one caller"
    );
    priorities(&channels, readers).await;
    half_open(address, &channels).await
}
