//! Read replicas that follow, lag behind, fail, or belong to another database.

use std::{sync::Arc, time::Duration};

use consistency::Session;
use tokio::time::timeout;

use super::{CURRENT, add_account};
use crate::{Db, Error, query, testing::TestServer};

/// Longer than anything takes, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// The balance of an account and whether a replica told it.
async fn stale_balance(db: &Db) -> Result<(Option<i64>, bool), Error> {
    let (row, from_replica) = crate::read_stale!(db, connection => {
        let row: Option<(i64,)> = query("SELECT balance FROM accounts WHERE account_id = 1")
            .fetch_optional(connection)
            .await?;
        Ok::<_, Error>((row, connection.is_to_replica()))
    })?;
    Ok((row.map(|(balance,)| balance), from_replica))
}

/// Reads in a session until the answer is this one. No read fails meanwhile.
async fn wait_for(db: &Db, session: &Arc<Session>, expected: (Option<i64>, bool)) {
    let read = async {
        loop {
            let read = session.scope(stale_balance(db)).await;
            if read.expect("a server answers") == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let read = timeout(LIMIT, read).await;
    read.unwrap_or_else(|_| panic!("no read gave {expected:?}"));
}

fn new_session() -> Arc<Session> {
    Arc::default()
}

struct Servers {
    primary: TestServer,
    replicas: [TestServer; 2],
    db: Db,
}

/// A primary with two replicas, and an account with a balance of 7.
async fn servers() -> Servers {
    let primary = TestServer::start();
    let location = primary.location().await;
    let db = Db::open(&location, &CURRENT).await.expect("it answers");
    add_account(&db, 1, "ada", 7).await.expect("it answers");
    let replicas = [primary.replica(), primary.replica()];
    let urls = replicas.each_ref().map(|replica| replica.url_of(&location));
    let db = db.with_replicas(&urls, &CURRENT).expect("URLs");
    Servers {
        primary,
        replicas,
        db,
    }
}

async fn set_balance(db: &Db, balance: i64) -> Result<(), Error> {
    crate::write!(db, transaction => {
        query("UPDATE accounts SET balance = $1 WHERE account_id = 1")
            .bind(balance)
            .execute(transaction)
            .await?;
        Ok(())
    })
}

#[tokio::test]
async fn caller_reads_its_own_writes_while_replicas_lag_behind() {
    let Servers {
        primary: _primary,
        replicas,
        db,
    } = servers().await;
    let (writer, other) = (new_session(), new_session());
    wait_for(&db, &other, (Some(7), true)).await;

    for replica in &replicas {
        replica.pause_replay().await;
    }
    let written = writer.scope(set_balance(&db, 8)).await;
    written.expect("the primary answers");
    for _ in 0..20 {
        let read = writer.scope(stale_balance(&db)).await;
        assert_eq!(read.expect("the primary answers"), (Some(8), false));
    }
    // Others see it too when the replicas are too far behind.
    wait_for(&db, &other, (Some(8), false)).await;

    for replica in &replicas {
        replica.resume_replay().await;
    }
    wait_for(&db, &writer, (Some(8), true)).await;
    db.close().await;
}

#[tokio::test]
async fn read_without_a_session_is_from_the_primary() {
    let servers = servers().await;
    wait_for(&servers.db, &new_session(), (Some(7), true)).await;
    let read = stale_balance(&servers.db).await.expect("it answers");
    assert_eq!(read, (Some(7), false));
    let latest = Session::parse("latest").expect("a session");
    let read = Arc::new(latest).scope(stale_balance(&servers.db)).await;
    assert_eq!(read.expect("it answers"), (Some(7), false));
    servers.db.close().await;
}

#[tokio::test]
async fn no_read_fails_when_replicas_die_and_come_back() {
    let Servers {
        primary: _primary,
        replicas: [one, other],
        db,
    } = servers().await;
    let session = new_session();
    wait_for(&db, &session, (Some(7), true)).await;
    one.crash();
    other.crash();
    wait_for(&db, &session, (Some(7), false)).await;
    other.restart();
    wait_for(&db, &session, (Some(7), true)).await;
    db.close().await;
}

#[tokio::test]
async fn replicas_are_read_while_the_primary_is_dead() {
    let servers = servers().await;
    let session = new_session();
    wait_for(&servers.db, &session, (Some(7), true)).await;
    servers.primary.crash();
    let failed = set_balance(&servers.db, 9).await;
    assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
    for _ in 0..20 {
        let read = session.scope(stale_balance(&servers.db)).await;
        assert_eq!(read.expect("a replica answers"), (Some(7), true));
    }
    servers.db.close().await;
}

#[tokio::test]
async fn replicas_are_read_when_the_primary_dies_while_nobody_reads() {
    let servers = servers().await;
    let session = new_session();
    wait_for(&servers.db, &session, (Some(7), true)).await;
    servers.primary.crash();
    let replicas = servers.db.replicas.as_ref().expect("there are two");
    replicas.forget_positions();
    let read = async {
        // The first reads still need the primary.
        while session.scope(stale_balance(&servers.db)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LIMIT, read).await.expect("a replica is read");
    servers.db.close().await;
}

#[tokio::test]
async fn server_of_another_database_is_not_read() {
    let (primary, foreign) = (TestServer::start(), TestServer::start());
    let location = primary.location().await;
    let db = Db::open(&location, &CURRENT).await.expect("it answers");
    // It has the same tables, and has written more.
    let foreign_location = foreign.location().await;
    let theirs = Db::open(&foreign_location, &CURRENT).await;
    let theirs = theirs.expect("it answers");
    for id in 2..200 {
        add_account(&theirs, id, "bob", 1)
            .await
            .expect("it answers");
    }
    add_account(&theirs, 1, "bob", 99)
        .await
        .expect("it answers");
    add_account(&db, 1, "ada", 7).await.expect("it answers");
    let replica = primary.replica();
    let urls = [foreign.url_of(&foreign_location), replica.url_of(&location)];
    let db = db.with_replicas(&urls, &CURRENT).expect("URLs");
    let session = new_session();
    wait_for(&db, &session, (Some(7), true)).await;
    for _ in 0..50 {
        let read = session.scope(stale_balance(&db)).await;
        assert_eq!(read.expect("a server answers").0, Some(7));
    }
    db.close().await;
}

#[tokio::test]
async fn malformed_url_of_a_replica_is_refused() {
    let database = crate::testing::postgres(&CURRENT).await;
    let urls = ["postgres://[x/".to_owned()];
    let refused = database.db().clone().with_replicas(&urls, &CURRENT);
    refused.expect_err("it is no URL");
}
