//! Idempotent requests.

use tokio::task::JoinSet;

use super::{add_account, balance};
use crate::{
    Db, Error,
    idempotency::{self, RequestState},
    query,
    testing::TestDb,
};

crate::both_engines! {
    crate::tests::CURRENT =>
    repeated_request_is_executed_once_and_gets_the_same_response,
    other_body_or_method_is_a_conflict,
    failed_request_is_not_remembered,
    claim_without_response_is_not_committed,
    concurrent_retries_are_executed_once,
    pruned_request_is_executed_again,
}

const METHOD: &str = "/ledger.v1.Ledger/Deposit";

/// Adds 1 to the balance; the response is the new balance.
async fn deposit(
    db: &Db,
    request_id: &str,
    method: &str,
    body: &[u8],
) -> Result<RequestState, Error> {
    crate::write!(db, transaction => {
        let state = idempotency::claim(transaction, request_id, method, body, 1_000).await?;
        if state != RequestState::New {
            return Ok(state);
        }
        let (balance,): (i64,) = query(
            "UPDATE accounts SET balance = balance + 1 WHERE account_id = 1 RETURNING balance",
        )
        .fetch_one(transaction)
        .await?;
        let response = balance.to_be_bytes();
        idempotency::save_response(transaction, request_id, &response).await?;
        Ok(RequestState::Completed(response.to_vec()))
    })
}

fn completed_with_balance(balance: i64) -> RequestState {
    RequestState::Completed(balance.to_be_bytes().to_vec())
}

async fn repeated_request_is_executed_once_and_gets_the_same_response(database: TestDb) {
    let db = database.db();
    add_account(db, 1, "ada", 0)
        .await
        .expect("the account is new");
    for _ in 0..3 {
        let answer = deposit(db, "a", METHOD, b"body")
            .await
            .expect("the database answers");
        assert_eq!(answer, completed_with_balance(1));
    }
    let other = deposit(db, "b", METHOD, b"body")
        .await
        .expect("the database answers");
    assert_eq!(other, completed_with_balance(2));
}

async fn other_body_or_method_is_a_conflict(database: TestDb) {
    let db = database.db();
    add_account(db, 1, "ada", 0)
        .await
        .expect("the account is new");
    deposit(db, "a", METHOD, b"body")
        .await
        .expect("the database answers");
    for (method, body) in [(METHOD, b"other"), ("/ledger.v1.Ledger/Withdraw", b"body!")] {
        let answer = deposit(db, "a", method, body)
            .await
            .expect("the database answers");
        assert_eq!(answer, RequestState::Conflict);
    }
    let method = deposit(db, "a", "/ledger.v1.Ledger/Withdraw", b"body").await;
    assert_eq!(
        method.expect("the database answers"),
        RequestState::Conflict
    );
    assert_eq!(balance(db, 1).await.expect("the database answers"), Some(1));
}

async fn failed_request_is_not_remembered(database: TestDb) {
    let db = database.db();
    deposit(db, "a", METHOD, b"body")
        .await
        .expect_err("there is no account");
    add_account(db, 1, "ada", 0)
        .await
        .expect("the account is new");
    let answer = deposit(db, "a", METHOD, b"body")
        .await
        .expect("there is an account now");
    assert_eq!(answer, completed_with_balance(1));
}

async fn claim_without_response_is_not_committed(database: TestDb) {
    for _ in 0..2 {
        let outcome: Result<RequestState, Error> = crate::write!(database.db(), transaction => {
            idempotency::claim(transaction, "a", METHOD, b"body", 0).await
        });
        assert!(
            matches!(outcome, Err(Error::ResponseNotSaved { .. })),
            "{outcome:?}"
        );
    }
    let unclaimed: Result<(), Error> = crate::write!(database.db(), transaction => {
        idempotency::save_response(transaction, "a", b"response").await
    });
    assert!(
        matches!(unclaimed, Err(Error::ResponseNotSaved { .. })),
        "{unclaimed:?}"
    );
}

async fn concurrent_retries_are_executed_once(database: TestDb) {
    add_account(database.db(), 1, "ada", 0)
        .await
        .expect("the account is new");
    let mut retries = JoinSet::new();
    for _ in 0..30 {
        let db = database.db().clone();
        retries.spawn(async move { deposit(&db, "a", METHOD, b"body").await });
    }
    while let Some(outcome) = retries.join_next().await {
        let answer = outcome
            .expect("no retry panics")
            .expect("the database answers");
        assert_eq!(answer, completed_with_balance(1));
    }
}

async fn pruned_request_is_executed_again(database: TestDb) {
    let db = database.db();
    add_account(db, 1, "ada", 0)
        .await
        .expect("the account is new");
    deposit(db, "a", METHOD, b"body")
        .await
        .expect("the database answers");
    let day = 24 * 60 * 60 * 1_000_000;
    // The request was claimed at 1,000.
    for (now, expected) in [(day + 1_000, 0), (day + 1_001, 1)] {
        let pruned: Result<u64, Error> =
            crate::write!(db, transaction => idempotency::prune(transaction, now).await);
        assert_eq!(pruned.expect("the database answers"), expected);
    }
    let repeated = deposit(db, "a", METHOD, b"body")
        .await
        .expect("the database answers");
    assert_eq!(repeated, completed_with_balance(2));
}
