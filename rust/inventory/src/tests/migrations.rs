use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use store::{
    Db, Error, Schema,
    idempotency::{self, RequestState},
    testing::TestDb,
};

use crate::SCHEMA;

/// Any schema of another name, so that the tables of Inventory do not exist yet.
const OTHER: Schema = {
    static NONE: Migrator = Migrator::DEFAULT;
    Schema {
        name: "other",
        sqlite: &NONE,
        postgres: &NONE,
    }
};

store::both_engines! {
    crate::tests::migrations::OTHER =>
    requests_of_earlier_versions_are_remembered,
}

/// The migrations of the version that still had its own table `replays`.
fn first_migration(all: &Migrator) -> &'static Migrator {
    let first = all.iter().filter(|migration| migration.version == 1);
    Box::leak(Box::new(Migrator::with_migrations(
        first.cloned().collect(),
    )))
}

async fn requests_of_earlier_versions_are_remembered(database: TestDb) {
    let earlier = Schema {
        sqlite: first_migration(SCHEMA.sqlite),
        postgres: first_migration(SCHEMA.postgres),
        ..SCHEMA
    };
    let db = Db::open(database.location(), &earlier)
        .await
        .expect("the schema is new");
    let body = b"the body";
    let written: Result<u64, Error> = store::write!(db, transaction => {
        store::query("INSERT INTO replays (request_id, method, body_hash, response, created_at)
                VALUES ('request-1', 'ReserveStock', $1, $2, 1000)")
            .bind(Sha256::digest(body).to_vec())
            .bind(b"the response".to_vec())
            .execute(transaction)
            .await
    });
    written.expect("the table is there");
    db.close().await;

    let db = Db::open(database.location(), &SCHEMA)
        .await
        .expect("there is one migration to do");
    let claimed: Result<RequestState, Error> = store::write!(db, transaction => {
        idempotency::claim(transaction, "request-1", "ReserveStock", body, 2000).await
    });
    assert_eq!(
        claimed.expect("the database answers"),
        RequestState::Completed(b"the response".to_vec())
    );
    let left: Result<Vec<(String,)>, Error> = store::read!(db, connection => {
        store::query("SELECT request_id FROM replays").fetch_all(connection).await
    });
    assert!(left.is_err(), "the old table is gone");
    db.close().await;
}
