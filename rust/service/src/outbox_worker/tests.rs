//! Tests of the worker on both engines.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use sqlx::migrate::Migrator;
use store::{Engine, testing::TestDb};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::{ManualClock, UuidV7Ids, run_periodically};

/// A service without tables of its own.
static NO_MIGRATIONS: Migrator = Migrator::DEFAULT;
static SCHEMA: store::Schema = store::Schema {
    name: "orders",
    sqlite: &NO_MIGRATIONS,
    postgres: &NO_MIGRATIONS,
};

store::both_engines! {
    crate::outbox_worker::tests::SCHEMA =>
    two_workers_deliver_every_message_once_and_in_the_order_of_its_key,
    delivery_that_was_not_acknowledged_is_repeated_after_the_lease,
    message_is_dead_after_the_last_attempt,
    permanent_failure_is_dead_at_once,
    new_message_wakes_the_worker,
    slow_delivery_holds_back_no_other,
    failed_delivery_holds_back_no_other,
    no_more_deliveries_than_allowed_run_at_once,
    panic_ends_only_its_delivery,
    nothing_is_claimed_while_the_handler_is_not_available,
}

const TOPIC: &str = "order-paid";

/// Reports each delivery, and gives the result of a function of the message.
struct Recorder<F> {
    deliveries: mpsc::UnboundedSender<(String, Vec<u8>)>,
    outcome: F,
}

impl<F> OutboxHandler for Recorder<F>
where
    F: Fn(&Message) -> Result<(), DeliveryError> + Send + Sync + 'static,
{
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let delivery = (message.key.clone(), message.payload.clone());
        let _ = self.deliveries.send(delivery);
        (self.outcome)(message)
    }
}

fn test_clock() -> Arc<ManualClock> {
    let now = "2026-02-03T04:05:06Z".parse().expect("the time parses");
    Arc::new(ManualClock::at(now))
}

fn options(clock: &Arc<ManualClock>) -> OutboxOptions {
    OutboxOptions {
        max_attempts: 3,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        ids: Arc::new(UuidV7Ids),
        ..OutboxOptions::default()
    }
}

async fn enqueue(db: &Db, clock: &ManualClock, key: &str, payload: &[u8]) {
    let now = clock.now().as_microsecond();
    let enqueued: Result<(), store::Error> = store::write!(db, transaction => {
        outbox::enqueue(transaction, TOPIC, key, payload, now).await
    });
    enqueued.expect("the message is enqueued");
}

async fn statistics(db: &Db) -> (i64, i64) {
    let statistics: Result<_, store::Error> = store::read!(db, connection => {
        outbox::statistics(connection, TOPIC).await
    });
    let statistics = statistics.expect("the database answers");
    (statistics.pending, statistics.dead)
}

async fn two_workers_deliver_every_message_once_and_in_the_order_of_its_key(database: TestDb) {
    let clock = test_clock();
    for number in 0..60_u8 {
        let key = format!("order-{}", number % 6);
        enqueue(database.db(), &clock, &key, &[number]).await;
    }
    // Only PostgreSQL has more than one process.
    let other_process = match database.db().engine() {
        Engine::Sqlite => database.db().clone(),
        Engine::Postgres => Db::open(database.location(), &SCHEMA)
            .await
            .expect("the database is open"),
    };
    let (deliveries, mut delivered) = mpsc::unbounded_channel();
    let workers = [database.db(), &other_process].map(|db| {
        let handler = Recorder {
            deliveries: deliveries.clone(),
            outcome: |_: &Message| Ok(()),
        };
        let worker = OutboxWorker::new(db.clone(), TOPIC, handler, options(&clock));
        run_periodically(Duration::from_millis(5), worker)
    });
    let mut by_key: HashMap<String, Vec<u8>> = HashMap::new();
    for _ in 0..60 {
        let (key, payload) = delivered.recv().await.expect("the workers run");
        by_key.entry(key).or_default().extend(payload);
    }
    for (key, numbers) in by_key {
        assert_eq!(numbers.len(), 10, "{key}");
        assert!(numbers.is_sorted(), "{key}: {numbers:?}");
    }
    drop(workers);
    other_process.close().await;
}

async fn delivery_that_was_not_acknowledged_is_repeated_after_the_lease(database: TestDb) {
    let clock = test_clock();
    enqueue(database.db(), &clock, "order-1", b"paid").await;
    let (deliveries, mut delivered) = mpsc::unbounded_channel();
    let crashing = OutboxWorker::new(
        database.db().clone(),
        TOPIC,
        NeverEnds(deliveries.clone()),
        options(&clock),
    );
    // The worker ends after the delivery and before the acknowledgement.
    let crashed = run_periodically(Duration::from_millis(5), crashing);
    assert!(delivered.recv().await.is_some());
    drop(crashed);

    let handler = Recorder {
        deliveries,
        outcome: |_: &Message| Ok(()),
    };
    let mut worker = OutboxWorker::new(database.db().clone(), TOPIC, handler, options(&clock));
    clock.advance(Duration::from_secs(59));
    worker.run().await.expect("the database answers");
    assert!(delivered.try_recv().is_err(), "the lease is not over");
    clock.advance(Duration::from_secs(1));
    worker.run().await.expect("the database answers");
    assert!(delivered.try_recv().is_ok());
    assert_eq!(statistics(database.db()).await, (0, 0));
}

/// Reports the delivery and never returns.
struct NeverEnds(mpsc::UnboundedSender<(String, Vec<u8>)>);

impl OutboxHandler for NeverEnds {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let delivery = (message.key.clone(), message.payload.clone());
        let _ = self.0.send(delivery);
        std::future::pending().await
    }
}

async fn message_is_dead_after_the_last_attempt(database: TestDb) {
    let clock = test_clock();
    enqueue(database.db(), &clock, "order-1", b"paid").await;
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&attempts);
    let handler = Recorder {
        deliveries: mpsc::unbounded_channel().0,
        outcome: move |message: &Message| {
            let mut recorded = recorded.lock().unwrap_or_else(PoisonError::into_inner);
            recorded.push(message.attempt);
            Err(DeliveryError::Temporary("no answer".to_owned()))
        },
    };
    let mut worker = OutboxWorker::new(database.db().clone(), TOPIC, handler, options(&clock));
    // The backoff is at most 0.5 s, then 1 s; without it nothing is delivered again.
    for pause in [0, 0, 500, 0, 1_000, 10_000] {
        clock.advance(Duration::from_millis(pause));
        worker.run().await.expect("the database answers");
    }
    let attempts = attempts
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    assert_eq!(attempts, [1, 2, 3]);
    assert_eq!(statistics(database.db()).await, (0, 1));
}

async fn permanent_failure_is_dead_at_once(database: TestDb) {
    let clock = test_clock();
    enqueue(database.db(), &clock, "order-1", b"paid").await;
    let handler = Recorder {
        deliveries: mpsc::unbounded_channel().0,
        outcome: |_: &Message| Err(DeliveryError::Permanent("no such order".to_owned())),
    };
    let mut worker = OutboxWorker::new(database.db().clone(), TOPIC, handler, options(&clock));
    worker.run().await.expect("the database answers");
    assert_eq!(statistics(database.db()).await, (0, 1));
}

async fn new_message_wakes_the_worker(database: TestDb) {
    let clock = test_clock();
    let (deliveries, mut delivered) = mpsc::unbounded_channel();
    let handler = Recorder {
        deliveries,
        outcome: |_: &Message| Ok(()),
    };
    let worker = OutboxWorker::new(database.db().clone(), TOPIC, handler, options(&clock));
    let never = Duration::from_secs(3600);
    let _worker = run_periodically(never, worker);
    // Only PostgreSQL has more than one process.
    let other_process = match database.db().engine() {
        Engine::Sqlite => database.db().clone(),
        Engine::Postgres => Db::open(database.location(), &SCHEMA)
            .await
            .expect("the database is open"),
    };
    for round in 0..5 {
        for (number, db) in [database.db(), &other_process].into_iter().enumerate() {
            let key = format!("order-{round}-{number}");
            enqueue(db, &clock, &key, b"paid").await;
            let delivery = timeout(Duration::from_secs(20), delivered.recv()).await;
            let (delivered_key, _) = delivery.expect("it is woken").expect("it runs");
            assert_eq!(delivered_key, key);
        }
    }
    other_process.close().await;
}

/// Starts a delivery for each message, which ends when the test lets it.
struct Gate {
    started: mpsc::UnboundedSender<String>,
    open: Arc<Semaphore>,
}

impl OutboxHandler for Gate {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let _ = self.started.send(message.key.clone());
        match message.payload.as_slice() {
            b"slow" => self.open.acquire().await.expect("it is open").forget(),
            b"wrong" => return Err(DeliveryError::Temporary("no answer".to_owned())),
            b"panic" => panic!("a bug"),
            _ => {}
        }
        Ok(())
    }
}

/// A running worker behind a gate.
struct GatedWorker {
    started: mpsc::UnboundedReceiver<String>,
    open: Arc<Semaphore>,
    _task: AbortOnDropHandle<()>,
}

impl GatedWorker {
    fn start(database: &TestDb, clock: &Arc<ManualClock>, concurrency: u32) -> Self {
        let (sender, started) = mpsc::unbounded_channel();
        let open = Arc::new(Semaphore::new(0));
        let handler = Gate {
            started: sender,
            open: Arc::clone(&open),
        };
        let options = OutboxOptions {
            concurrency,
            ..options(clock)
        };
        let worker = OutboxWorker::new(database.db().clone(), TOPIC, handler, options);
        Self {
            started,
            open,
            _task: run_periodically(Duration::from_millis(5), worker),
        }
    }

    async fn next(&mut self) -> String {
        let started = timeout(Duration::from_secs(20), self.started.recv()).await;
        started.expect("a delivery starts").expect("it runs")
    }
}

/// While a message with this payload is delivered, all others are.
async fn holds_back_no_other(database: &TestDb, payload: &[u8]) {
    let clock = test_clock();
    let mut worker = GatedWorker::start(database, &clock, 4);
    enqueue(database.db(), &clock, "first", payload).await;
    assert_eq!(worker.next().await, "first");
    for number in 0..10 {
        let key = format!("order-{number}");
        enqueue(database.db(), &clock, &key, b"paid").await;
        assert_eq!(worker.next().await, key);
    }
}

async fn slow_delivery_holds_back_no_other(database: TestDb) {
    holds_back_no_other(&database, b"slow").await;
}

async fn failed_delivery_holds_back_no_other(database: TestDb) {
    holds_back_no_other(&database, b"wrong").await;
}

async fn panic_ends_only_its_delivery(database: TestDb) {
    holds_back_no_other(&database, b"panic").await;
}

async fn no_more_deliveries_than_allowed_run_at_once(database: TestDb) {
    let clock = test_clock();
    for number in 0..20 {
        enqueue(database.db(), &clock, &format!("order-{number}"), b"slow").await;
    }
    let mut worker = GatedWorker::start(&database, &clock, 4);
    for started in 1..=20 {
        worker.next().await;
        if started >= 4 {
            // Each delivery that ends makes room for one.
            assert!(worker.started.is_empty(), "{started} have started");
            worker.open.add_permits(1);
        }
    }
}

/// A handler that is available when the test says so.
struct Switched {
    available: Arc<AtomicBool>,
    deliveries: mpsc::UnboundedSender<i64>,
}

impl OutboxHandler for Switched {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let _ = self.deliveries.send(message.attempt);
        Ok(())
    }

    fn is_available(&self) -> bool {
        self.available.load(Ordering::Relaxed)
    }
}

async fn nothing_is_claimed_while_the_handler_is_not_available(database: TestDb) {
    let clock = test_clock();
    enqueue(database.db(), &clock, "order-1", b"").await;
    let (deliveries, mut delivered) = mpsc::unbounded_channel();
    let available = Arc::new(AtomicBool::new(false));
    let handler = Switched {
        available: Arc::clone(&available),
        deliveries,
    };
    let db = database.db().clone();
    let mut worker = OutboxWorker::new(db, TOPIC, handler, options(&clock));
    worker.run().await.expect("the database answers");
    assert_eq!(statistics(database.db()).await, (1, 0));
    available.store(true, Ordering::Relaxed);
    worker.run().await.expect("the database answers");
    assert_eq!(delivered.try_recv(), Ok(1), "it is the first attempt");
    assert_eq!(statistics(database.db()).await, (0, 0));
}
