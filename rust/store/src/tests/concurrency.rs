//! Many at once.

use tokio::task::JoinSet;

use super::{add_account, balance};
use crate::{Error, query, testing::TestDb};

crate::both_engines! {
    crate::tests::CURRENT =>
    concurrent_writers_lose_nothing,
    a_sought_after_row_never_goes_negative,
    transactions_in_each_others_way_start_again,
}

const TAKE: &str = "UPDATE accounts SET balance = balance - $2
    WHERE account_id = $1 AND balance >= $2";
const GIVE: &str = "UPDATE accounts SET balance = balance + $2 WHERE account_id = $1";

async fn concurrent_writers_lose_nothing(database: TestDb) {
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

async fn a_sought_after_row_never_goes_negative(database: TestDb) {
    add_account(database.db(), 1, "ada", 100)
        .await
        .expect("the account is new");
    let mut buyers = JoinSet::new();
    for _ in 0..150 {
        let db = database.db().clone();
        buyers.spawn(async move {
            let taken: Result<u64, Error> = crate::write!(db, transaction => {
                query(TAKE).bind(1).bind(1).execute(transaction).await
            });
            taken
        });
    }
    let mut taken = 0;
    while let Some(outcome) = buyers.join_next().await {
        taken += outcome
            .expect("no buyer panics")
            .expect("every buyer gets an answer");
    }
    assert_eq!(taken, 100);
    assert_eq!(
        balance(database.db(), 1)
            .await
            .expect("the database answers"),
        Some(0)
    );
}

/// Locks in opposite order are deadlocks in PostgreSQL.
async fn transactions_in_each_others_way_start_again(database: TestDb) {
    for id in [1, 2] {
        add_account(database.db(), id, "ada", 1000)
            .await
            .expect("the account is new");
    }
    let mut payers = JoinSet::new();
    for (from, to) in [(1, 2), (2, 1), (1, 2), (2, 1)] {
        let db = database.db().clone();
        payers.spawn(async move {
            for _ in 0..5 {
                let paid: Result<(), Error> = crate::write!(db, transaction => {
                    query(TAKE).bind(from).bind(7).execute(transaction).await?;
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    query(GIVE).bind(to).bind(7).execute(transaction).await?;
                    Ok(())
                });
                paid?;
            }
            Ok::<(), Error>(())
        });
    }
    while let Some(outcome) = payers.join_next().await {
        outcome
            .expect("no payer panics")
            .expect("a deadlock is no error to the caller");
    }
    for id in [1, 2] {
        let left = balance(database.db(), id)
            .await
            .expect("the database answers");
        assert_eq!(left, Some(1000), "as much came as went");
    }
}
