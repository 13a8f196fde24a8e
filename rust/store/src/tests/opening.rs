//! Opening a database, and each way in which it fails.

use std::{fs, time::Duration};

use sqlx::{Connection as _, Executor, postgres::PgConnection};
use tokio::time::timeout;

use super::{CURRENT, NEWER, add_account, balance};
use crate::{
    Db, Location, OpenError, Schema,
    testing::{TestDb, postgres_location},
    wait_for_server,
};

crate::both_engines! {
    crate::tests::CURRENT =>
    reopened_database_keeps_its_data,
    newer_program_migrates_the_data_and_older_program_refuses_it,
    running_program_goes_on_beside_a_newer_one,
    changed_migration_is_refused,
    failed_migration_leaves_the_data_unchanged,
    concurrent_opens_of_a_new_database_succeed,
    ping_succeeds_until_the_database_is_closed,
}

async fn reopened_database_keeps_its_data(database: TestDb) {
    add_account(database.db(), 1, "ada", 10)
        .await
        .expect("the account is new");
    database.db().close().await;
    let reopened = Db::open(database.location(), &CURRENT)
        .await
        .expect("it was opened before");
    assert_eq!(
        balance(&reopened, 1).await.expect("the database answers"),
        Some(10)
    );
}

async fn newer_program_migrates_the_data_and_older_program_refuses_it(database: TestDb) {
    add_account(database.db(), 1, "ada", 10)
        .await
        .expect("the account is new");
    let newer = Db::open(database.location(), &NEWER)
        .await
        .expect("there is one migration to do");
    assert_eq!(
        balance(&newer, 1).await.expect("the database answers"),
        Some(10)
    );
    let refused = Db::open(database.location(), &CURRENT)
        .await
        .expect_err("the data is newer");
    assert_eq!(
        refused.to_string(),
        "the data of ledger was written by a newer version of this program (migration 2); \
         start that version, or restore a backup from before it"
    );
}

/// As in a rolling update: the migration of the newer program adds something, and takes nothing away.
async fn running_program_goes_on_beside_a_newer_one(database: TestDb) {
    let older = database.db();
    add_account(older, 1, "ada", 10)
        .await
        .expect("the account is new");
    // Its connection keeps the statement prepared.
    let before = balance(older, 1).await.expect("the database answers");
    assert_eq!(before, Some(10));
    let newer = Db::open(database.location(), &NEWER)
        .await
        .expect("there is one migration to do");
    for (db, number, name) in [(older, 2, "bob"), (&newer, 3, "eve")] {
        add_account(db, number, name, 10 * number)
            .await
            .expect("both programs write");
    }
    for db in [older, &newer] {
        for number in 1..=3 {
            let found = balance(db, number).await.expect("the database answers");
            assert_eq!(found, Some(10 * number), "account {number}");
        }
    }
}

/// A schema whose migrations are written at run time: file names and SQL.
async fn schema_of(migrations: &[(&str, &str)]) -> Schema {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    for (name, sql) in migrations {
        fs::write(folder.path().join(name), sql).expect("the folder is writable");
    }
    let migrator = sqlx::migrate::Migrator::new(folder.path())
        .await
        .expect("the names are valid");
    let migrator: &'static _ = Box::leak(Box::new(migrator));
    Schema {
        name: "ledger",
        sqlite: migrator,
        postgres: migrator,
    }
}

async fn changed_migration_is_refused(database: TestDb) {
    let changed = schema_of(&[("0001_accounts.sql", "CREATE TABLE accounts (id BIGINT)")]).await;
    let refused = Db::open(database.location(), &changed)
        .await
        .expect_err("it was changed");
    assert!(
        matches!(
            refused,
            OpenError::MigrationChanged {
                schema: "ledger",
                version: 1
            }
        ),
        "{refused}"
    );
}

async fn failed_migration_leaves_the_data_unchanged(database: TestDb) {
    let first = "CREATE TABLE first (id BIGINT)";
    let location = match database.location() {
        Location::Folder(folder) => Location::Folder(folder.join("deeper")),
        Location::Postgres(_) => postgres_location().await,
    };
    let wrong = schema_of(&[("1_first.sql", first), ("2_wrong.sql", "CREATE TABL oops")]).await;
    let refused = Db::open(&location, &wrong)
        .await
        .expect_err("the second one is wrong");
    let message = refused.to_string();
    assert!(
        message.starts_with("the data of ledger could not be migrated"),
        "{message}"
    );
    assert!(message.contains("migration 2 failed: "), "{message}");
    let correct = schema_of(&[("1_first.sql", first)]).await;
    Db::open(&location, &correct)
        .await
        .expect("nothing of the wrong one was kept");
}

async fn concurrent_opens_of_a_new_database_succeed(database: TestDb) {
    let location = match database.location() {
        Location::Folder(folder) => Location::Folder(folder.join("deeper")),
        Location::Postgres(_) => postgres_location().await,
    };
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let location = location.clone();
            tokio::spawn(async move { Db::open(&location, &CURRENT).await })
        })
        .collect();
    for one in opening {
        one.await
            .expect("opening does not panic")
            .expect("all of them may open it");
    }
}

async fn ping_succeeds_until_the_database_is_closed(database: TestDb) {
    database.db().ping().await.expect("it is open");
    database.db().close().await;
    let error = database.db().ping().await.expect_err("it is closed");
    assert!(error.is_unavailable(), "{error}");
}

#[tokio::test]
async fn invalid_url_is_refused_without_showing_the_password() {
    let url = Location::Postgres("postgres://shop:secret@host:port/books".to_owned());
    let refused = Db::open(&url, &CURRENT)
        .await
        .expect_err("the port is no number");
    let message = refused.to_string();
    assert!(
        message.starts_with("the PostgreSQL URL cannot be read: invalid port"),
        "{message}"
    );
    assert!(!message.contains("secret"), "{message}");
}

#[tokio::test]
async fn unreachable_server_is_named_in_the_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let port = listener.local_addr().expect("the port is bound").port();
    drop(listener);
    let url = format!("postgres://shop:secret@127.0.0.1:{port}/books");
    let refused = Db::open(&Location::Postgres(url), &CURRENT)
        .await
        .expect_err("nobody listens there");
    assert_eq!(
        refused.to_string(),
        format!(
            "cannot reach the database postgres://shop@127.0.0.1:{port}/books: Connection \
             refused (os error 111); check the address and that the server runs"
        )
    );
}

/// The URL of a new database for another user, who is created with the password `correct`.
async fn url_for(user: &str, password: &str, database: Option<&str>) -> Location {
    let Location::Postgres(url) = postgres_location().await else {
        panic!("a PostgreSQL location was asked for");
    };
    let mut connection = PgConnection::connect(&url)
        .await
        .expect("the test cluster answers");
    let create = format!("CREATE ROLE {user} LOGIN PASSWORD 'correct'");
    // Another test may have created the user already.
    connection.execute(sqlx::AssertSqlSafe(create)).await.ok();
    let url = url.replace("bookstore@", &format!("{user}:{password}@"));
    Location::Postgres(match database {
        None => url,
        Some(other) => {
            let (before, after) = url.split_once("5432/test_").expect("it is a test database");
            let (_, query) = after.split_once('?').expect("the socket is in the query");
            format!("{before}5432/{other}?{query}")
        }
    })
}

#[tokio::test]
async fn wrong_password_is_refused() {
    let url = url_for("needs_password", "wrong", None).await;
    let refused = Db::open(&url, &CURRENT)
        .await
        .expect_err("the password is wrong");
    assert_eq!(
        refused.to_string(),
        format!(
            "the database {url} rejected the user or the password: password authentication \
             failed for user \"needs_password\"; check both in the URL"
        )
    );
}

#[tokio::test]
async fn missing_database_is_named_in_the_error() {
    let url = url_for("visitor", "correct", Some("nowhere")).await;
    let refused = Db::open(&url, &CURRENT)
        .await
        .expect_err("there is no such database");
    assert_eq!(
        refused.to_string(),
        format!(
            "there is no database \"nowhere\" at {url}; create it, for example by: createdb \
             nowhere"
        )
    );
}

#[tokio::test]
async fn start_does_not_wait_for_a_database_that_does_not_exist() {
    const LIMIT: Duration = Duration::from_secs(20);
    let location = url_for("visitor", "correct", Some("nowhere")).await;
    let outcome = timeout(LIMIT, wait_for_server(&location, &CURRENT, 100 * LIMIT)).await;
    let refused = outcome
        .expect("it fails at once")
        .expect_err("there is no such database");
    assert!(
        matches!(refused, OpenError::NoSuchDatabase { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn missing_privilege_is_named_in_the_error() {
    let url = url_for("visitor", "correct", None).await;
    let refused = Db::open(&url, &CURRENT)
        .await
        .expect_err("visitors create nothing");
    let message = refused.to_string();
    assert!(
        matches!(refused, OpenError::PermissionDenied { .. }),
        "{message}"
    );
    assert!(
        message.contains("run as an administrator: GRANT CREATE ON DATABASE"),
        "{message}"
    );
}
