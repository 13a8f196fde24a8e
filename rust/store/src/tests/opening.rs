//! Opening a database, and each way in which it fails.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, Executor, postgres::PgConnection};

use super::{CURRENT, NEWER, add_account, balance};
use crate::{
    Db, Location, OpenError, Schema,
    testing::{TestDb, postgres_location, sqlite_location},
};

crate::both_engines! {
    crate::tests::CURRENT =>
    reopened_database_keeps_its_data,
    newer_program_migrates_the_data_and_older_program_refuses_it,
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
async fn data_folder_is_created_quickly_and_readable_only_by_its_owner() {
    let (location, folder) = sqlite_location();
    let data = folder.path().join("a/b");
    let deeper = Location::Folder(data.clone());
    let start = Instant::now();
    Db::open(&deeper, &CURRENT)
        .await
        .expect("the folder is writable");
    // It takes about 5 ms; the limit leaves room for a busy machine.
    assert!(
        start.elapsed() < Duration::from_millis(100),
        "{:?}",
        start.elapsed()
    );
    let mode = fs::metadata(&data)
        .expect("the folder was made")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(data.join("ledger.db").is_file());
    assert!(matches!(location, Location::Folder(_)));
}

#[tokio::test]
async fn database_files_are_readable_only_by_their_owner_in_any_folder() {
    let (location, folder) = sqlite_location();
    let mode = |path: &Path| {
        let metadata = fs::metadata(path).expect("the file is there");
        metadata.permissions().mode() & 0o777
    };
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is our file");
    };
    set_mode(folder.path(), 0o755);
    let file = |name: &str| folder.path().join(name);
    let database = file("ledger.db");
    // An earlier version created it with the permissions of the umask.
    fs::write(&database, "").expect("the folder is writable");
    set_mode(&database, 0o644);
    let existing = Db::open(&location, &CURRENT).await;
    let existing = existing.expect("an empty file is a database");
    let schema = Schema {
        name: "new",
        ..CURRENT
    };
    let new = Db::open(&location, &schema).await.expect("it is writable");
    for db in [&existing, &new] {
        add_account(db, 1, "ada", 1).await.expect("it is new");
    }
    for name in [
        "ledger.db",
        "ledger.db-wal",
        "ledger.db-shm",
        "ledger.lock",
        "new.db",
        "new.db-wal",
        "new.db-shm",
    ] {
        assert_eq!(mode(&file(name)), 0o600, "{name}");
    }
    assert_eq!(mode(folder.path()), 0o755, "the folder is not ours");
}

#[tokio::test]
async fn database_is_locked_until_it_is_closed() {
    let (location, folder) = sqlite_location();
    let file = File::create(folder.path().join("ledger.lock")).expect("it is writable");
    let db = Db::open(&location, &CURRENT).await.expect("it is free");
    let twice = Db::open(&location, &CURRENT).await;
    let twice = twice.expect("this process has the lock");
    db.close().await;
    assert!(file.try_lock().is_err(), "it is still open once");
    twice.close().await;
    file.try_lock().expect("it is closed");
    // As if another process had the lock, which wrote its number.
    let process = std::process::id();
    let refused = Db::open(&location, &CURRENT)
        .await
        .expect_err("it is locked");
    assert_eq!(
        refused.to_string(),
        format!(
            "{} is open in another process ({process}); stop that process, or choose another \
             data folder",
            folder.path().join("ledger.db").display()
        )
    );
}

/// Nobody can create files there, not even the superuser.
#[tokio::test]
async fn folder_without_write_permission_is_refused() {
    let refused = Db::open(&Location::Folder("/sys".into()), &CURRENT)
        .await
        .expect_err("it is not writable");
    let message = refused.to_string();
    assert!(
        message.starts_with("cannot write to the data folder /sys: "),
        "{message}"
    );
    let advice = "choose another folder or let this user write there";
    assert!(message.ends_with(advice), "{message}");
}

#[tokio::test]
async fn folder_that_cannot_be_created_is_refused() {
    let (_, folder) = sqlite_location();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("the folder is writable");
    let below = file.join("data");
    let refused = Db::open(&Location::Folder(below.clone()), &CURRENT)
        .await
        .expect_err("nothing can be below a file");
    assert_eq!(
        refused.to_string(),
        format!(
            "cannot write to the data folder {}: Not a directory (os error 20); choose another \
             folder or let this user write there",
            below.display()
        )
    );
}

#[tokio::test]
async fn folder_in_place_of_the_database_file_is_refused() {
    let (location, folder) = sqlite_location();
    fs::create_dir(folder.path().join("ledger.db")).expect("the folder is writable");
    let refused = Db::open(&location, &CURRENT)
        .await
        .expect_err("the file is a folder");
    assert!(
        matches!(refused, OpenError::FolderNotWritable { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn file_that_is_not_a_database_is_refused() {
    let (location, folder) = sqlite_location();
    let file = folder.path().join("ledger.db");
    fs::write(&file, "Dear diary, ".repeat(100)).expect("the folder is writable");
    let refused = Db::open(&location, &CURRENT)
        .await
        .expect_err("it is a diary");
    assert_eq!(
        refused.to_string(),
        format!(
            "{} is not a SQLite database; restore it from a backup or move it away",
            file.display()
        )
    );
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
