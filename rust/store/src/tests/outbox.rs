//! The outbox: claims, leases, order and dead messages.

use tokio::task::JoinSet;

use crate::{
    Db, Engine, Error,
    outbox::{self, Lease, Message, Statistics, StoredMessage},
    query,
    testing::{self, TestDb},
    tests::CURRENT,
};

crate::both_engines! {
    crate::tests::CURRENT =>
    message_is_committed_together_with_the_change,
    messages_of_a_key_are_claimed_one_by_one_in_order,
    claimed_message_is_claimed_again_only_after_its_lease,
    worker_with_an_expired_lease_cannot_acknowledge_or_fail,
    failed_message_is_claimed_again_after_the_backoff,
    dead_message_holds_back_its_key_until_it_is_requeued,
    messages_are_listed_in_pages_by_topic_and_state,
    topics_are_independent,
    message_of_a_clock_that_was_far_ahead_is_claimed,
    concurrent_workers_share_the_messages,
    withdrawn_message_is_gone_unless_it_is_claimed,
    scheduled_message_wakes_nobody,
}

const TOPIC: &str = "order-paid";

async fn enqueue(db: &Db, topic: &str, key: &str, payload: &[u8]) {
    let enqueued: Result<(), Error> = crate::write!(db, transaction => {
        outbox::enqueue(transaction, topic, key, payload, 1_000).await
    });
    enqueued.expect("the message is enqueued");
}

/// Claims at `now` with a lease of 100 µs.
async fn claim(db: &Db, id: &str, now: i64) -> Vec<Message> {
    let until = now + 100;
    let claimed: Result<_, Error> = crate::write!(db, transaction => {
        outbox::claim(transaction, TOPIC, Lease { id, until }, now, 10).await
    });
    claimed.expect("the messages are claimed")
}

async fn acknowledge(db: &Db, sequence: i64, lease_id: &str) -> bool {
    let acknowledged: Result<_, Error> = crate::write!(db, transaction => {
        outbox::acknowledge(transaction, sequence, lease_id).await
    });
    acknowledged.expect("the database answers")
}

async fn fail(db: &Db, sequence: i64, lease_id: &str, retry_at: Option<i64>) -> bool {
    let failed: Result<_, Error> = crate::write!(db, transaction => {
        outbox::fail(transaction, sequence, lease_id, "no\0answer", retry_at).await
    });
    failed.expect("the database answers")
}

async fn statistics(db: &Db) -> Statistics {
    let statistics: Result<_, Error> = crate::read!(db, connection => {
        outbox::statistics(connection, TOPIC).await
    });
    statistics.expect("the database answers")
}

fn payloads(mut messages: Vec<Message>) -> Vec<String> {
    messages.sort_by_key(|message| message.sequence);
    let texts = messages
        .into_iter()
        .map(|message| String::from_utf8(message.payload));
    texts.map(|text| text.expect("it is a text")).collect()
}

async fn message_is_committed_together_with_the_change(database: TestDb) {
    let db = database.db();
    let failed: Result<(), Error> = crate::write!(db, transaction => {
        outbox::enqueue(transaction, TOPIC, "a", b"a1", 1_000).await?;
        query("INSERT INTO missing (id) VALUES (1)").execute(transaction).await?;
        Ok(())
    });
    failed.expect_err("there is no such table");
    assert_eq!(statistics(db).await, Statistics::default());
    enqueue(db, TOPIC, "a", b"a1").await;
    let enqueued = Statistics {
        pending: 1,
        dead: 0,
        oldest_enqueued_at: Some(1_000),
    };
    assert_eq!(statistics(db).await, enqueued);
}

async fn messages_of_a_key_are_claimed_one_by_one_in_order(database: TestDb) {
    let db = database.db();
    for (key, payload) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("b", "b2")] {
        enqueue(db, TOPIC, key, payload.as_bytes()).await;
    }
    let first = claim(db, "lease-1", 1_000).await;
    assert!(claim(db, "lease-2", 1_001).await.is_empty());
    for message in &first {
        assert!(acknowledge(db, message.sequence, "lease-1").await);
    }
    assert_eq!(payloads(first), ["a1", "b1"]);
    assert_eq!(payloads(claim(db, "lease-3", 1_002).await), ["a2", "b2"]);
}

async fn claimed_message_is_claimed_again_only_after_its_lease(database: TestDb) {
    let db = database.db();
    enqueue(db, TOPIC, "a", b"a1").await;
    let first = claim(db, "crashed", 1_000).await;
    assert!(claim(db, "other", 1_099).await.is_empty());
    let second = claim(db, "other", 1_100).await;
    assert_eq!((first[0].attempt, second[0].attempt), (1, 2));
    assert_eq!(first[0].sequence, second[0].sequence);
}

async fn worker_with_an_expired_lease_cannot_acknowledge_or_fail(database: TestDb) {
    let db = database.db();
    enqueue(db, TOPIC, "a", b"a1").await;
    let sequence = claim(db, "slow", 1_000).await[0].sequence;
    assert_eq!(claim(db, "other", 1_100).await.len(), 1);
    assert!(!acknowledge(db, sequence, "slow").await);
    assert!(!fail(db, sequence, "slow", None).await);
    assert_eq!(statistics(db).await.pending, 1);
    assert!(acknowledge(db, sequence, "other").await);
    assert_eq!(statistics(db).await, Statistics::default());
}

async fn failed_message_is_claimed_again_after_the_backoff(database: TestDb) {
    let db = database.db();
    enqueue(db, TOPIC, "a", b"a1").await;
    let sequence = claim(db, "lease-1", 1_000).await[0].sequence;
    assert!(fail(db, sequence, "lease-1", Some(1_050)).await);
    assert!(claim(db, "lease-2", 1_049).await.is_empty());
    assert_eq!(claim(db, "lease-3", 1_050).await[0].attempt, 2);
}

async fn dead_message_holds_back_its_key_until_it_is_requeued(database: TestDb) {
    let db = database.db();
    for (key, payload) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
        enqueue(db, TOPIC, key, payload.as_bytes()).await;
    }
    for message in claim(db, "lease-1", 1_000).await {
        if message.key == "a" {
            assert!(fail(db, message.sequence, "lease-1", None).await);
        } else {
            assert!(acknowledge(db, message.sequence, "lease-1").await);
        }
    }
    assert!(claim(db, "lease-2", 2_000).await.is_empty());
    let counts = statistics(db).await;
    assert_eq!((counts.pending, counts.dead), (1, 1));
    let dead = list(db, true, 0).await.remove(0);
    assert_eq!(dead.message.payload, b"a1");
    assert_eq!(dead.last_error.as_deref(), Some("no\u{fffd}answer"));

    assert_eq!(
        requeue(db, "other-topic", dead.message.sequence).await,
        None
    );
    for _ in 0..2 {
        let requeued = requeue(db, TOPIC, dead.message.sequence).await;
        let requeued = requeued.expect("it is there");
        assert_eq!((requeued.dead, requeued.message.attempt), (false, 0));
    }
    let again = claim(db, "lease-3", 2_000).await;
    assert_eq!((again.len(), again[0].attempt), (1, 1));
    assert_eq!(payloads(again), ["a1"]);
}

async fn list(db: &Db, dead_only: bool, after: i64) -> Vec<StoredMessage> {
    let topics = [TOPIC.to_owned()];
    let listed: Result<_, Error> = crate::read!(db, connection => {
        outbox::list(connection, &topics, dead_only, after, 2).await
    });
    listed.expect("the database answers")
}

async fn requeue(db: &Db, topic: &str, sequence: i64) -> Option<StoredMessage> {
    let topics = [topic.to_owned()];
    let requeued: Result<_, Error> = crate::write!(db, transaction => {
        outbox::requeue(transaction, &topics, sequence, 2_000).await
    });
    requeued.expect("the database answers")
}

async fn messages_are_listed_in_pages_by_topic_and_state(database: TestDb) {
    let db = database.db();
    enqueue(db, "other-topic", "a", b"x").await;
    for key in ["a", "b", "c"] {
        enqueue(db, TOPIC, key, key.as_bytes()).await;
    }
    let keys = |messages: &[StoredMessage]| -> Vec<String> {
        let messages = messages.iter();
        messages.map(|stored| stored.message.key.clone()).collect()
    };
    let first = list(db, false, 0).await;
    assert_eq!(keys(&first), ["a", "b"]);
    assert_eq!((first[0].enqueued_at, first[0].message.attempt), (1_000, 0));
    assert_eq!(
        keys(&list(db, false, first[1].message.sequence).await),
        ["c"]
    );
    assert_eq!(list(db, true, 0).await, []);
    claim(db, "lease-1", 1_000).await;
    assert!(fail(db, first[1].message.sequence, "lease-1", None).await);
    assert_eq!(keys(&list(db, true, 0).await), ["b"]);
}

async fn topics_are_independent(database: TestDb) {
    let db = database.db();
    enqueue(db, "other-topic", "a", b"x").await;
    enqueue(db, TOPIC, "a", b"a1").await;
    assert_eq!(payloads(claim(db, "lease-1", 1_000).await), ["a1"]);
    assert_eq!(statistics(db).await.pending, 1);
}

async fn message_of_a_clock_that_was_far_ahead_is_claimed(database: TestDb) {
    let db = database.db();
    let now = 1_000_000_000_000;
    for (key, delay) in [("a", outbox::MAX_DELAY), ("b", outbox::MAX_DELAY + 1)] {
        let enqueued: Result<(), Error> = crate::write!(db, transaction => {
            outbox::enqueue(transaction, TOPIC, key, key.as_bytes(), now + delay).await
        });
        enqueued.expect("the message is enqueued");
    }
    assert_eq!(payloads(claim(db, "lease-1", now).await), ["b"]);
    assert!(
        claim(db, "lease-2", now).await.is_empty(),
        "the lease holds"
    );
}

async fn withdrawn_message_is_gone_unless_it_is_claimed(database: TestDb) {
    let db = database.db();
    for (topic, key) in [(TOPIC, "a"), (TOPIC, "b"), ("other", "a")] {
        enqueue(db, topic, key, key.as_bytes()).await;
    }
    let withdraw = async || {
        let withdrawn: Result<(), Error> = crate::write!(db, transaction => {
            outbox::withdraw(transaction, TOPIC, "a").await
        });
        withdrawn.expect("the database answers");
    };
    withdraw().await;
    assert_eq!(payloads(claim(db, "lease-1", 1_000).await), ["b"]);
    enqueue(db, TOPIC, "a", b"a").await;
    let claimed = claim(db, "lease-2", 1_000).await;
    withdraw().await;
    assert!(acknowledge(db, claimed[0].sequence, "lease-2").await);
}

async fn scheduled_message_wakes_nobody(database: TestDb) {
    let db = database.db();
    let listener = db.listen(outbox::CHANNEL);
    let scheduled: Result<(), Error> = crate::write!(db, transaction => {
        outbox::schedule(transaction, "later", "a", b"a", 2_000).await
    });
    scheduled.expect("the message is scheduled");
    loop {
        enqueue(db, TOPIC, "b", b"b").await;
        // PostgreSQL tells everything when its listener is connected.
        if let crate::Changes::Keys(topics) = listener.next().await {
            assert_eq!(topics, [TOPIC.to_owned()].into());
            break;
        }
    }
}

async fn concurrent_workers_share_the_messages(database: TestDb) {
    let db = database.db();
    for number in 0..40 {
        enqueue(db, TOPIC, &format!("key-{number}"), &[number]).await;
    }
    // Only PostgreSQL has more than one process.
    let other_process = match db.engine() {
        Engine::Sqlite => db.clone(),
        Engine::Postgres => Db::open(database.location(), &CURRENT)
            .await
            .expect("the database is open"),
    };
    let mut workers = JoinSet::new();
    for number in 0..8 {
        let db = if number % 2 == 0 { db } else { &other_process }.clone();
        workers.spawn(async move { claim(&db, &format!("worker-{number}"), 1_000).await });
    }
    let mut claimed: Vec<_> = workers
        .join_all()
        .await
        .into_iter()
        .flatten()
        .map(|message| message.sequence)
        .collect();
    let count = claimed.len();
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!((claimed.len(), count), (40, 40));
    other_process.close().await;
}

#[tokio::test]
async fn claims_of_a_process_that_is_gone_end_when_sqlite_is_opened() {
    let database = testing::sqlite(&CURRENT).await;
    enqueue(database.db(), TOPIC, "7", b"paid").await;
    assert_eq!(claim(database.db(), "gone", 1_000).await.len(), 1);
    // Not closed, as after a crash.
    let reopened = Db::open(database.location(), &CURRENT).await;
    let reopened = reopened.expect("it opens again");
    let claimed = claim(&reopened, "next", 1_001).await;
    assert_eq!(
        claimed
            .iter()
            .map(|message| message.attempt)
            .collect::<Vec<_>>(),
        [2]
    );
    assert!(!acknowledge(&reopened, claimed[0].sequence, "gone").await);
}
