//! A PostgreSQL server that dies or hangs, and comes back.

use std::time::{Duration, Instant};

use tokio::{sync::watch, task::JoinSet, time::timeout};

use super::{CURRENT, add_account, balance};
use crate::{
    Cause, Db, Error, OpenError, query,
    testing::{TestServer, postgres},
    wait_for_server,
};

/// Longer than a call or a change of the state ever takes, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// For 200 calls that fail at once. Each one that waits for the server takes half a second.
const AT_ONCE: Duration = Duration::from_secs(5);

async fn wait_for(availability: &mut watch::Receiver<bool>, expected: bool) {
    let changed = timeout(
        LIMIT,
        availability.wait_for(|available| *available == expected),
    );
    changed
        .await
        .expect("the state changes")
        .expect("it is open");
}

fn assert_unavailable<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    let error = outcome.expect_err("the server is dead");
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
}

async fn assert_fails_at_once(db: &Db) {
    let started = Instant::now();
    for id in 0..100 {
        assert_unavailable(add_account(db, 1000 + id, "ada", 1).await);
        assert_unavailable(balance(db, 1).await);
    }
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_fail_at_once_while_the_server_is_dead_and_succeed_when_it_is_back() {
    let server = TestServer::start();
    let db = Db::open(&server.location().await, &CURRENT)
        .await
        .expect("the server answers");
    let mut availability = db.availability();
    add_account(&db, 1, "ada", 7).await.expect("it answers");
    assert!(*availability.borrow());

    server.crash();
    assert_unavailable(balance(&db, 1).await);
    wait_for(&mut availability, false).await;
    assert_fails_at_once(&db).await;

    server.restart();
    wait_for(&mut availability, true).await;
    assert_eq!(balance(&db, 1).await.expect("it answers"), Some(7));
    add_account(&db, 2, "bob", 8).await.expect("it answers");
    db.close().await;
}

#[tokio::test]
async fn start_waits_for_a_server_that_is_not_there_yet() {
    let server = TestServer::start();
    let location = server.location().await;
    server.crash();
    let outcome = wait_for_server(&location, &CURRENT, Duration::ZERO).await;
    let error = outcome.expect_err("the server is dead");
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");

    // The first attempt is made before the server is started, on the thread of this test.
    let (outcome, ()) = tokio::join!(wait_for_server(&location, &CURRENT, LIMIT), async {
        server.restart();
    });
    outcome.expect("the server is there now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_that_hangs_fails_running_statements_and_new_calls() {
    let server = TestServer::start();
    let db = Db::open(&server.location().await, &CURRENT)
        .await
        .expect("the server answers");
    let mut availability = db.availability();
    add_account(&db, 1, "ada", 7).await.expect("it answers");

    server.freeze();
    // More than there are connections: the rest waits for one.
    let mut callers = JoinSet::new();
    for _ in 0..30 {
        let db = db.clone();
        callers.spawn(async move { balance(&db, 1).await });
    }
    wait_for(&mut availability, false).await;
    let outcomes = timeout(LIMIT, callers.join_all());
    for outcome in outcomes.await.expect("no call hangs") {
        assert_unavailable(outcome);
    }
    assert_fails_at_once(&db).await;

    server.thaw();
    wait_for(&mut availability, true).await;
    assert_eq!(balance(&db, 1).await.expect("it answers"), Some(7));
    db.close().await;
}

/// A pool without a free connection is no dead server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exhausted_pool_is_overloaded_and_not_unavailable() {
    let database = postgres(&CURRENT).await;
    let db = database.db();
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(db.acquire().await.expect("it is free"));
    }
    let outcome = balance(db, 1).await;
    assert!(matches!(outcome, Err(Error::Overloaded)), "{outcome:?}");
    assert!(*db.availability().borrow());
    held.pop();
    assert_eq!(balance(db, 1).await.expect("one is free"), None);
}

#[tokio::test]
async fn statement_of_the_caller_that_is_slow_does_not_make_the_server_dead() {
    let database = postgres(&CURRENT).await;
    let slept: Result<(), Error> = crate::read!(database.db(), connection => {
        query("SELECT CAST(pg_sleep(1.2) AS TEXT)").fetch_all::<()>(connection).await?;
        Ok(())
    });
    slept.expect("it is only slow");
    assert!(*database.db().availability().borrow());
}

#[tokio::test]
async fn calls_after_the_close_are_unavailable() {
    let database = postgres(&CURRENT).await;
    database.db().close().await;
    let outcome = balance(database.db(), 1).await;
    assert!(
        matches!(outcome, Err(Error::Unavailable(Cause::Closed))),
        "{outcome:?}"
    );
}
