//! A service gets more calls than it can answer. Time is simulated where nothing else arrives by a
//! network, so that the tests are exact.

use std::time::Duration;

use bytes::Bytes;
use contract::bookstore::inventory::v1::{GetBookRequest, GetBookResponse, SetStockRequest};
use metrics_exporter_prometheus::PrometheusBuilder;
use prost::Message as _;
use rpc::{ConnectionThreads, Options};
use tokio::{task::JoinSet, time::Instant};
use tonic::{Code, Response, Status};

use crate::{
    attacker::Attacker,
    fakes::{ECHO, TAKES_A_WORKER, WORK_MILLISECONDS, WORKERS},
    harness::{Server, Transport, eventually, options},
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
    let (mut answered, mut refused) = (Vec::new(), Vec::new());
    for (result, took) in results {
        match result {
            Ok(_) => answered.push(took),
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted);
                assert!(took <= TICK * 2, "a refusal took {took:?}");
                refused.push(took);
            }
        }
    }
    let at_once = refused.iter().filter(|took| took.is_zero()).count();
    assert!(
        at_once > refused.len() / 2,
        "{at_once} of {}",
        refused.len()
    );
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

#[tokio::test]
async fn requests_that_arrive_slowly_leave_the_limit_as_it_is() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let value = |name: &str| {
        let series = format!(
            "{name}{{grpc_service=\"bookstore.inventory.v1.InventoryService\",kind=\"reads\"}} "
        );
        let rendered = metrics.render();
        let line = rendered.lines().find_map(|line| line.strip_prefix(&series));
        line.and_then(|value| value.parse::<usize>().ok())
    };
    // The recorder is that of this thread.
    let options = Options {
        connection_threads: ConnectionThreads::default(),
        ..options()
    };
    let server = Server::with(Transport::Tcp, options).await;
    for _ in 0..20 {
        server.get_book(ECHO).await.expect("no load");
    }
    let limit = value("grpc_server_permits");
    assert!(limit.is_some());

    // Each call gets a permit when 64 KiB of its message have arrived, and then waits for the rest:
    // the book, and a field that nobody knows.
    let mut message = GetBookRequest { book_id: ECHO }.encode_to_vec();
    prost::encoding::bytes::encode(15, &vec![0; 100_000], &mut message);
    let length = u32::try_from(message.len()).expect("it is short");
    let body = [&[0], &length.to_be_bytes()[..], &message].concat();
    let (first, rest) = body.split_at(66_000);
    let mut attacker = Attacker::connect(server.address.expect("a socket"), 65_535).await;
    for _ in 0..80 {
        attacker.call(first, false).await;
    }
    eventually(async || value("grpc_server_permits_in_use") == Some(80)).await;
    // They have to take longer than the others, and than the limit needs to adapt.
    tokio::time::sleep(Duration::from_millis(150)).await;
    for (response, mut stream) in attacker.calls.drain(..) {
        let sent = stream.send_data(Bytes::copy_from_slice(rest), true);
        sent.expect("the server reads it");
        let response = response.await.expect("an answer");
        assert!(
            !response.headers().contains_key("grpc-status"),
            "it is refused"
        );
    }
    assert_eq!(value("grpc_server_permits_in_use"), Some(0));
    assert_eq!(value("grpc_server_permits"), limit);
}
