//! Databases for tests: an empty one for each test, on both engines.
//!
//! A test suite is written once and runs on both engines:
//!
//! ```no_run
//! # #[cfg(test)] mod suite {
//! store::both_engines! {
//!     crate::SCHEMA =>
//!     book_is_found_by_id,
//!     unknown_id_is_not_found,
//! }
//!
//! async fn book_is_found_by_id(database: store::testing::TestDb) {
//!     let db = database.db();
//!     // ...
//! }
//! # async fn unknown_id_is_not_found(_: store::testing::TestDb) {}
//! # }
//! ```
//!
//! A SQLite database is a file in a temporary folder, which is removed with its [`TestDb`].
//! PostgreSQL databases belong to one cluster for each test process, which the first test
//! starts; the module `cluster` describes how it stops.

mod cluster;

use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use tempfile::TempDir;

pub use self::cluster::TestServer;
use crate::{Cause, Db, Location, Schema, Sql, connection::RawConnection};

/// A database that is used by one test only.
#[derive(Debug)]
pub struct TestDb {
    db: Db,
    location: Location,
    /// The folder of a SQLite database, removed when this is dropped.
    _folder: Option<TempDir>,
}

impl TestDb {
    /// The database. Clones of it must not be used after the `TestDb` is dropped.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The location of the database, to open it a second time.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

/// A new temporary folder, in which no SQLite database exists yet.
pub fn sqlite_location() -> (Location, TempDir) {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    (Location::Folder(folder.path().to_owned()), folder)
}

/// The location of a new PostgreSQL database without any schema of a service.
pub async fn postgres_location() -> Location {
    new_database(cluster::shared()).await
}

async fn new_database(cluster: &cluster::Cluster) -> Location {
    let name = cluster::unique_database_name();
    let mut connection = cluster
        .options()
        .connect()
        .await
        .expect("the test cluster answers");
    connection
        .execute(AssertSqlSafe(format!(
            // Two sessions cannot copy the default template1 at the same time.
            "CREATE DATABASE {name} TEMPLATE template0"
        )))
        .await
        .expect("the test cluster makes databases");
    Location::Postgres(cluster.url(&name))
}

/// As [`postgres_location`], but commits wait for the disk, for benchmarks. It changes the
/// whole cluster of this process.
pub async fn durable_postgres_location() -> Location {
    let mut connection = cluster::shared()
        .options()
        .connect()
        .await
        .expect("the test cluster answers");
    for statement in [
        "ALTER SYSTEM SET fsync = on",
        "ALTER SYSTEM SET full_page_writes = on",
        "SELECT pg_reload_conf()",
    ] {
        connection
            .execute(statement)
            .await
            .expect("the user is a superuser");
    }
    postgres_location().await
}

/// An empty SQLite database with the schema of a service.
pub async fn sqlite(schema: &Schema) -> TestDb {
    let (location, folder) = sqlite_location();
    open(location, schema, Some(folder)).await
}

/// An empty PostgreSQL database with the schema of a service.
pub async fn postgres(schema: &Schema) -> TestDb {
    open(postgres_location().await, schema, None).await
}

/// An empty database of each engine, for tests that compare the engines.
pub async fn databases(schema: &Schema) -> [TestDb; 2] {
    [sqlite(schema).await, postgres(schema).await]
}

async fn open(location: Location, schema: &Schema, folder: Option<TempDir>) -> TestDb {
    let db = match Db::open(&location, schema).await {
        Ok(db) => db,
        Err(error) => panic!("cannot open the new test database: {error}"),
    };
    TestDb {
        db,
        location,
        _folder: folder,
    }
}

/// Prepares every statement of a service. The engine then checks the syntax, the names of
/// tables and columns and, on PostgreSQL, the types.
///
/// # Panics
/// If the engine rejects a statement. The message lists all rejected statements with the
/// errors.
pub async fn prepare_all<S: Into<Sql> + Copy>(db: &Db, statements: &[(&str, S)]) {
    let mut connection = db.acquire().await.expect("the test database answers");
    let mut rejected = Vec::new();
    for (name, statement) in statements {
        let sql: Sql = (*statement).into();
        let text = sql.text(db.engine());
        let outcome = match connection.raw().expect("a reader is not in a transaction") {
            RawConnection::Sqlite(raw) => raw.prepare(text).err().map(Cause::from),
            RawConnection::Postgres(raw, _) => raw
                .prepare(sqlx::SqlSafeStr::into_sql_str(text))
                .await
                .err()
                .map(Cause::from),
        };
        if let Some(error) = outcome {
            rejected.push(format!("{name}: {error}\n    {text}"));
        }
    }
    assert!(
        rejected.is_empty(),
        "{} rejects {} of {} statements:\n{}",
        db.engine(),
        rejected.len(),
        statements.len(),
        rejected.join("\n")
    );
}

/// Creates two tests from each `async fn name(database: TestDb)`: `on_sqlite::name` and
/// `on_postgres::name`. The crate that uses it needs the dependency tokio.
#[macro_export]
macro_rules! both_engines {
    ($schema:expr => $($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::testing::sqlite(&$schema).await).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::testing::postgres(&$schema).await).await;
                }
            )+
        }
    };
}
