//! Databases for tests, fresh for each test, on both engines.
//!
//! A suite is written once and runs on both:
//!
//! ```no_run
//! # #[cfg(test)] mod suite {
//! store::both_engines! {
//!     crate::SCHEMA =>
//!     a_book_is_found_by_its_number,
//!     unknown_numbers_are_no_error,
//! }
//!
//! async fn a_book_is_found_by_its_number(database: store::testing::TestDb) {
//!     let db = database.db();
//!     // ...
//! }
//! # async fn unknown_numbers_are_no_error(_: store::testing::TestDb) {}
//! # }
//! ```
//!
//! SQLite databases are files in a folder that goes with the [`TestDb`]. PostgreSQL
//! databases belong to one cluster for each test process, started when the first test
//! asks for it; see the module `cluster` for how it ends.

mod cluster;

use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use tempfile::TempDir;

use crate::{Db, Location, Schema, Sql, connection::Wire};

/// A database that one test has for itself.
#[derive(Debug)]
pub struct TestDb {
    db: Db,
    location: Location,
    /// Removed when the test is over.
    _folder: Option<TempDir>,
}

impl TestDb {
    /// The database; clone it freely, but keep the `TestDb` while it is used.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Where it is, to open it once more.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

/// A place for a SQLite database where nothing is yet.
pub fn sqlite_location() -> (Location, TempDir) {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    (Location::Folder(folder.path().to_owned()), folder)
}

/// A PostgreSQL database without any schema of ours.
pub async fn postgres_location() -> Location {
    let name = cluster::fresh_name();
    let mut connection = cluster::options()
        .connect()
        .await
        .expect("the test cluster answers");
    connection
        .execute(AssertSqlSafe(format!(
            // Of two sessions that copy the default template one may be refused.
            "CREATE DATABASE {name} TEMPLATE template0"
        )))
        .await
        .expect("the test cluster makes databases");
    Location::Postgres(cluster::url(&name))
}

/// A fresh SQLite database with the schema of a service.
pub async fn sqlite(schema: &Schema) -> TestDb {
    let (location, folder) = sqlite_location();
    open(location, schema, Some(folder)).await
}

/// A fresh PostgreSQL database with the schema of a service.
pub async fn postgres(schema: &Schema) -> TestDb {
    open(postgres_location().await, schema, None).await
}

/// A fresh database of each engine, for tests that compare them.
pub async fn databases(schema: &Schema) -> [TestDb; 2] {
    [sqlite(schema).await, postgres(schema).await]
}

async fn open(location: Location, schema: &Schema, folder: Option<TempDir>) -> TestDb {
    let db = match Db::open(&location, schema).await {
        Ok(db) => db,
        Err(error) => panic!("the fresh database was not opened: {error}"),
    };
    TestDb {
        db,
        location,
        _folder: folder,
    }
}

/// Lets the engine prepare every statement of a service: names of tables and columns,
/// syntax, and on PostgreSQL the types.
///
/// # Panics
/// With the names of all statements that the engine refuses, and why.
pub async fn prepare_all<S: Into<Sql> + Copy>(db: &Db, statements: &[(&str, S)]) {
    let mut connection = db.acquire().await.expect("the test database answers");
    let mut refused = Vec::new();
    for (name, statement) in statements {
        let sql: Sql = (*statement).into();
        let text = sql.text(db.engine());
        let outcome = match connection.wire().expect("a reader is never doomed") {
            Wire::Sqlite(wire) => wire
                .prepare(sqlx::SqlSafeStr::into_sql_str(text))
                .await
                .err(),
            Wire::Postgres(wire) => wire
                .prepare(sqlx::SqlSafeStr::into_sql_str(text))
                .await
                .err(),
        };
        if let Some(error) = outcome {
            refused.push(format!("{name}: {error}\n    {text}"));
        }
    }
    assert!(
        refused.is_empty(),
        "{} refuses {} of {} statements:\n{}",
        db.engine(),
        refused.len(),
        statements.len(),
        refused.join("\n")
    );
}

/// Makes of each `async fn name(database: TestDb)` two tests, `on_sqlite::name` and
/// `on_postgres::name`. The crate that uses it needs tokio among its dependencies.
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
