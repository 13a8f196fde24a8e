//! Tests of this crate, on both engines.

mod availability;
mod backup;
mod concurrency;
mod group_commit;
mod idempotency;
mod inspection;
mod notify;
mod opening;
mod outage;
mod outbox;
mod replicas;
mod sqlite_files;
mod statements;

use crate::{Db, Error, Schema, query};

const CURRENT: Schema = Schema {
    name: "ledger",
    sqlite: {
        static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("fixtures/current/sqlite");
        &MIGRATOR
    },
    postgres: {
        static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("fixtures/current/postgres");
        &MIGRATOR
    },
};

const NEWER: Schema = Schema {
    name: "ledger",
    sqlite: {
        static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("fixtures/newer/sqlite");
        &MIGRATOR
    },
    postgres: {
        static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("fixtures/newer/postgres");
        &MIGRATOR
    },
};

async fn add_account(db: &Db, id: i64, owner: &str, balance: i64) -> Result<(), Error> {
    crate::write!(db, transaction => {
        query("INSERT INTO accounts (account_id, owner, balance) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(owner)
            .bind(balance)
            .execute(transaction)
            .await?;
        Ok(())
    })
}

async fn balance(db: &Db, id: i64) -> Result<Option<i64>, Error> {
    let row: Option<(i64,)> = crate::read!(db, connection => {
        query("SELECT balance FROM accounts WHERE account_id = $1")
            .bind(id)
            .fetch_optional(connection)
            .await
    })?;
    Ok(row.map(|(balance,)| balance))
}
