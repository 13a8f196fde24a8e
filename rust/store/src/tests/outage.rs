//! What the log says about a database that fails for many calls.

use std::{fs, sync::Arc, time::Duration};

use tempfile::NamedTempFile;
use tokio::time::timeout;
use tracing::subscriber::DefaultGuard;

use super::{CURRENT, add_account, balance};
use crate::{
    Db, Error, query,
    testing::{TestServer, sqlite},
};

/// The log from INFO on. `tokio::test` runs all tasks of a test on its own thread.
fn capture_log() -> (NamedTempFile, DefaultGuard) {
    let log = NamedTempFile::new().expect("the temporary folder is writable");
    let writer = Arc::new(log.reopen().expect("the file is there"));
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(writer)
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

/// This crate has logged one line about the failure, and one about its end if that is over.
fn assert_logged(log: &NamedTempFile, over: bool) {
    let text = fs::read_to_string(log).expect("the file is there");
    let mut lines = text.lines().filter(|line| line.contains(" store::"));
    let failure = lines.next().unwrap_or_default();
    let logged = failure.contains("ERROR") && failure.contains("the database does not respond");
    assert!(logged && failure.contains("database=\"ledger\""), "{text}");
    if over {
        let end = lines.next().unwrap_or_default();
        assert!(
            end.contains("INFO") && end.contains("responds again"),
            "{text}"
        );
    }
    assert_eq!(lines.next(), None, "{text}");
}

#[tokio::test]
async fn dead_server_and_its_return_are_logged_once() {
    let server = TestServer::start();
    let location = server.location().await;
    let db = Db::open(&location, &CURRENT).await.expect("it answers");
    add_account(&db, 1, "ada", 7).await.expect("it answers");
    let mut availability = db.availability();
    let (log, _guard) = capture_log();

    server.crash();
    balance(&db, 1).await.expect_err("it is dead");
    let change = timeout(Duration::from_secs(20), availability.changed());
    change.await.expect("it is noticed").expect("it is open");
    for id in 2..20 {
        add_account(&db, id, "ada", 7)
            .await
            .expect_err("it is dead");
        balance(&db, 1).await.expect_err("it is dead");
    }
    assert_logged(&log, false);

    server.restart();
    let change = timeout(Duration::from_secs(20), availability.changed());
    change.await.expect("it is noticed").expect("it is open");
    balance(&db, 1).await.expect("it answers");
    add_account(&db, 2, "ada", 7).await.expect("it answers");
    assert_logged(&log, true);
}

#[tokio::test]
async fn full_disk_is_logged_once_although_reads_succeed() {
    let database = sqlite(&CURRENT).await;
    let db = database.db();
    limit_pages(db, "PRAGMA max_page_count = 16")
        .await
        .expect("it has fewer");
    let (log, _guard) = capture_log();
    for id in 1..10 {
        let added = add_account(db, id, &"a".repeat(100_000), 1).await;
        assert!(matches!(added, Err(Error::Unavailable(_))), "{added:?}");
        assert_eq!(balance(db, 1).await.expect("reads succeed"), None);
    }
    assert_logged(&log, false);
    limit_pages(db, "PRAGMA max_page_count = 1000")
        .await
        .expect("it writes nothing");
    assert_logged(&log, true);
}

/// Limits the size of the database by a `PRAGMA`, which takes no parameters.
async fn limit_pages(db: &Db, pragma: &'static str) -> Result<(), Error> {
    crate::write!(db, transaction => {
        query(pragma).fetch_all::<(i64,)>(transaction).await?;
        Ok(())
    })
}
