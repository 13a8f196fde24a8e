//! A service gets more calls than it can answer. Time is simulated, so that the tests are exact.

use std::time::Duration;

use contract::bookstore::inventory::v1::{GetBookRequest, GetBookResponse, SetStockRequest};
use tokio::{task::JoinSet, time::Instant};
use tonic::{Code, Response, Status};

use crate::{
    fakes::{ECHO, TAKES_A_WORKER, WORK_MILLISECONDS, WORKERS},
    harness::{Server, Transport, options},
};

/// The mean and the longest time of a call without load.
const WORK_TIME: Duration = Duration::from_millis(WORK_MILLISECONDS[1]);
const LONGEST_WORK: Duration = Duration::from_millis(WORK_MILLISECONDS[2]);
const TICK: Duration = Duration::from_millis(1);

async fn server() -> Server {
    let server = Server::with(Transport::InProcess, options()).await;
    // The server learns how long a call takes without load.
    for _ in 0..20 {
        server.get_book(TAKES_A_WORKER).await.expect("no load");
    }
    server
}

/// The results of calls, with the time that each took.
type Results<T> = JoinSet<(Result<T, Status>, Duration)>;

fn call<T: Send + 'static>(
    results: &mut Results<T>,
    call: impl Future<Output = Result<T, Status>> + Send + 'static,
) {
    results.spawn(async {
        let began = Instant::now();
        (call.await, began.elapsed())
    });
}

/// Makes so many times the calls that all workers can answer.
async fn reads(
    server: &Server,
    capacity: f64,
    lasts: Duration,
) -> Results<Response<GetBookResponse>> {
    let each_tick = WORKERS as f64 * capacity * TICK.div_duration_f64(WORK_TIME);
    let mut results = JoinSet::new();
    let mut due = 0.0;
    for _ in 0..lasts.div_duration_f64(TICK) as usize {
        tokio::time::sleep(TICK).await;
        due += each_tick;
        while due >= 1.0 {
            due -= 1.0;
            let mut inventory = server.inventory();
            call(&mut results, async move {
                let book_id = TAKES_A_WORKER;
                inventory.get_book(GetBookRequest { book_id }).await
            });
        }
    }
    results
}

#[tokio::test(start_paused = true)]
async fn calls_are_answered_in_time_at_five_times_the_capacity() {
    let server = server().await;
    reads(&server, 5.0, Duration::from_secs(1)).await;
    let lasts = Duration::from_secs(3);
    let results = reads(&server, 5.0, lasts).await.join_all().await;
    let mut answered = Vec::new();
    for (result, took) in results {
        match result {
            Ok(_) => answered.push(took),
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted);
                assert!(took <= TICK * 6, "a refusal took {took:?}");
            }
        }
    }
    let capacity = WORKERS as f64 * lasts.div_duration_f64(WORK_TIME);
    let goodput = answered.len() as f64 / capacity;
    assert!(goodput >= 0.9, "{goodput} of the capacity");
    answered.sort_unstable();
    let p99 = answered[answered.len() * 99 / 100];
    assert!(p99 <= LONGEST_WORK * 2, "{p99:?}");
}

#[tokio::test(start_paused = true)]
async fn load_below_the_capacity_is_not_refused() {
    let server = server().await;
    reads(&server, 5.0, Duration::from_secs(1))
        .await
        .join_all()
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let results = reads(&server, 0.9, Duration::from_secs(3)).await;
    for (result, _) in results.join_all().await {
        result.expect("there is room");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_look_around_keep_nobody_from_buying() {
    let server = server().await;
    let overload = reads(&server, 5.0, Duration::from_secs(2));
    let purchases = async {
        let mut results = JoinSet::new();
        for _ in 0..200 {
            tokio::time::sleep(TICK * 10).await;
            let mut inventory = server.operator();
            call(&mut results, async move {
                let request = SetStockRequest {
                    book_id: ECHO,
                    on_hand: Some(1),
                    ..Default::default()
                };
                inventory.set_stock(request).await
            });
        }
        results.join_all().await
    };
    let (looks, purchases) = tokio::join!(overload, purchases);
    for (result, _) in purchases {
        result.expect("writes have permits of their own");
    }
    let looks = looks.join_all().await;
    assert!(
        looks.iter().any(|(result, _)| result.is_err()),
        "there was no overload"
    );
}
