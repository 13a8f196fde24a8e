//! Concurrent transactions.

use std::sync::Arc;

use tokio::{sync::Barrier, task::JoinSet};

use super::{add_account, balance};
use crate::{Engine, Error, query, testing::TestDb};

crate::both_engines! {
    crate::tests::CURRENT =>
    concurrent_writes_are_all_stored,
    contended_balance_never_goes_negative,
    deadlocked_transactions_are_retried,
}

const WITHDRAW: &str = "UPDATE accounts SET balance = balance - $2
    WHERE account_id = $1 AND balance >= $2";
const DEPOSIT: &str = "UPDATE accounts SET balance = balance + $2 WHERE account_id = $1";

async fn concurrent_writes_are_all_stored(database: TestDb) {
    let mut writers = JoinSet::new();
    for writer in 0..16_i64 {
        let db = database.db().clone();
        writers.spawn(async move {
            for number in 0..20 {
                add_account(&db, writer * 100 + number, "ada", 1).await?;
            }
            Ok::<(), Error>(())
        });
    }
    while let Some(outcome) = writers.join_next().await {
        outcome
            .expect("no writer panics")
            .expect("every write is acknowledged");
    }
    let count: Result<(i64,), Error> = crate::read!(database.db(), connection => {
        query("SELECT COUNT(*) FROM accounts").fetch_one(connection).await
    });
    assert_eq!(count.expect("the database answers"), (320,));
}

async fn contended_balance_never_goes_negative(database: TestDb) {
    add_account(database.db(), 1, "ada", 100)
        .await
        .expect("the account is new");
    let mut buyers = JoinSet::new();
    for _ in 0..150 {
        let db = database.db().clone();
        buyers.spawn(async move {
            let withdrawn: Result<u64, Error> = crate::write!(db, transaction => {
                query(WITHDRAW).bind(1).bind(1).execute(transaction).await
            });
            withdrawn
        });
    }
    let mut withdrawn = 0;
    while let Some(outcome) = buyers.join_next().await {
        withdrawn += outcome
            .expect("no buyer panics")
            .expect("every buyer gets an answer");
    }
    assert_eq!(withdrawn, 100);
    assert_eq!(
        balance(database.db(), 1)
            .await
            .expect("the database answers"),
        Some(0)
    );
}

/// PostgreSQL reports a deadlock when two transactions lock two rows in opposite order. On
/// SQLite they run one after the other.
async fn deadlocked_transactions_are_retried(database: TestDb) {
    for id in [1, 2] {
        add_account(database.db(), id, "ada", 1000)
            .await
            .expect("the account is new");
    }
    let both_hold_a_row = Arc::new(Barrier::new(2));
    let deadlocks = database.db().engine() == Engine::Postgres;
    let mut payers = JoinSet::new();
    for (from, to) in [(1, 2), (2, 1)] {
        let db = database.db().clone();
        let both_hold_a_row = Arc::clone(&both_hold_a_row);
        payers.spawn(async move {
            let mut attempts = 0;
            let paid: Result<(), Error> = crate::write!(db, transaction => {
                attempts += 1;
                query(WITHDRAW).bind(from).bind(7).execute(transaction).await?;
                if deadlocks && attempts == 1 {
                    both_hold_a_row.wait().await;
                }
                query(DEPOSIT).bind(to).bind(7).execute(transaction).await?;
                Ok(())
            });
            paid.map(|()| attempts)
        });
    }
    let mut attempts = 0;
    while let Some(outcome) = payers.join_next().await {
        attempts += outcome
            .expect("no payer panics")
            .expect("the caller does not see the deadlock");
    }
    assert_eq!(attempts, if deadlocks { 3 } else { 2 });
    for id in [1, 2] {
        let left = balance(database.db(), id)
            .await
            .expect("the database answers");
        assert_eq!(left, Some(1000), "deposits equal withdrawals");
    }
}
