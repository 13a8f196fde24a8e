//! Notifications within a process and between processes.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::timeout;

use super::{CURRENT, add_account};
use crate::{
    Changes, Db, Error, Listener,
    testing::{TestDb, TestServer},
};

crate::both_engines! {
    crate::tests::CURRENT =>
    listener_gets_each_key_of_its_channel_once,
    notification_of_a_transaction_is_sent_only_if_it_is_committed,
    own_notifications_are_not_those_of_others,
    too_many_keys_become_everything,
}

const LIMIT: Duration = Duration::from_secs(20);

async fn next(listener: &Listener) -> Changes {
    let next = timeout(LIMIT, listener.next()).await;
    next.expect("a notification arrives")
}

/// The next keys. The start of listening on PostgreSQL counts as a change of everything.
async fn next_keys(listener: &Listener) -> Vec<String> {
    loop {
        if let Changes::Keys(keys) = next(listener).await {
            return keys.into_iter().collect();
        }
    }
}

/// Waits until notifications of others are received.
async fn listen(db: &Db, channel: &str) -> Listener {
    let listener = db.listen_to_others(channel);
    assert_eq!(next(&listener).await, Changes::All);
    listener
}

async fn listener_gets_each_key_of_its_channel_once(database: TestDb) {
    let db = database.db();
    let listener = db.listen("stock");
    // On PostgreSQL the start of listening would turn the keys into everything.
    if db.engine() == crate::Engine::Postgres {
        assert_eq!(next(&listener).await, Changes::All);
    }
    db.notify("other", ["9"]);
    db.notify("stock", [2, 1]);
    db.notify("stock", [2, 3]);
    assert_eq!(next_keys(&listener).await, ["1", "2", "3"]);
    assert!(timeout(Duration::ZERO, listener.next()).await.is_err());
    db.notify("stock", [4]);
    assert_eq!(next_keys(&listener).await, ["4"]);
}

async fn notification_of_a_transaction_is_sent_only_if_it_is_committed(database: TestDb) {
    let db = database.db();
    let listener = db.listen("accounts");
    let failed: Result<(), Error> = crate::write!(db, transaction => {
        transaction.notify("accounts", "failed");
        crate::query("SELECT broken").fetch_all::<()>(transaction).await?;
        Ok(())
    });
    failed.expect_err("there is no such column");
    let committed: Result<(), Error> = crate::write!(db, transaction => {
        transaction.notify("accounts", "committed");
        Ok(())
    });
    committed.expect("the database answers");
    match next(&listener).await {
        Changes::Keys(keys) => assert_eq!(keys, BTreeSet::from(["committed".to_owned()])),
        // PostgreSQL has just begun to listen.
        Changes::All => {}
    }
}

async fn own_notifications_are_not_those_of_others(database: TestDb) {
    let db = database.db();
    let (all, others) = (db.listen("stock"), db.listen_to_others("stock"));
    if db.engine() == crate::Engine::Postgres {
        assert_eq!(next(&others).await, Changes::All);
        assert_eq!(next(&all).await, Changes::All);
    }
    db.clone().notify("stock", [1]);
    assert_eq!(next_keys(&all).await, ["1"]);
    assert!(timeout(Duration::ZERO, others.next()).await.is_err());
}

async fn too_many_keys_become_everything(database: TestDb) {
    let listener = database.db().listen("stock");
    database.db().notify("stock", 0..10_001);
    assert_eq!(next(&listener).await, Changes::All);
}

#[tokio::test]
async fn processes_on_one_postgres_database_notify_each_other_also_after_its_restart() {
    let server = TestServer::start();
    let location = server.location().await;
    let open = async || Db::open(&location, &CURRENT).await;
    let one = open().await.expect("the server answers");
    let other = open().await.expect("the server answers");
    let other_schema = crate::Schema {
        name: "elsewhere",
        ..CURRENT
    };
    let elsewhere = Db::open(&location, &other_schema).await;
    let elsewhere = elsewhere.expect("the server answers");
    let listeners = [listen(&one, "stock").await, listen(&other, "stock").await];

    elsewhere.notify("stock", ["of another schema"]);
    one.notify("stock", [1]);
    assert_eq!(next_keys(&listeners[1]).await, ["1"]);
    other.notify("stock", [2]);
    assert_eq!(next_keys(&listeners[0]).await, ["2"]);
    // More than a payload can contain.
    one.notify("stock", 0..5_000);
    assert_eq!(next(&listeners[1]).await, Changes::All);

    let mut availability = one.availability();
    server.crash();
    add_account(&one, 1, "ada", 1)
        .await
        .expect_err("it is dead");
    let lost = timeout(LIMIT, availability.wait_for(|available| !available)).await;
    lost.expect("it is noticed").expect("it is open");
    server.restart();
    // What was sent meanwhile is lost, which the listeners are told.
    for listener in &listeners {
        assert_eq!(next(listener).await, Changes::All);
    }
    for db in [&one, &other] {
        let mut availability = db.availability();
        let back = timeout(LIMIT, availability.wait_for(|available| *available)).await;
        back.expect("it is noticed").expect("it is open");
    }
    one.notify("stock", [3]);
    assert_eq!(next_keys(&listeners[1]).await, ["3"]);
    other.notify("stock", [4]);
    assert_eq!(next_keys(&listeners[0]).await, ["4"]);
}
