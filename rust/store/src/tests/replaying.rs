//! Idempotency.

use tokio::task::JoinSet;

use super::{add_account, balance};
use crate::{
    Db, Error, query,
    replay::{self, Replay},
    testing::TestDb,
};

crate::both_engines! {
    crate::tests::CURRENT =>
    the_same_request_gets_the_same_answer_and_is_done_once,
    another_body_or_method_is_told_apart,
    a_failed_request_is_not_remembered,
    a_claim_without_response_is_not_committed,
    concurrent_repeats_are_done_once,
    old_requests_are_forgotten,
}

const METHOD: &str = "/ledger.v1.Ledger/Give";

/// Gives one coin; the answer is the balance.
async fn give(db: &Db, request_id: &str, method: &str, body: &[u8]) -> Result<Replay, Error> {
    crate::write!(db, transaction => {
        let replay = replay::check(transaction, request_id, method, body, 1_000).await?;
        if replay != Replay::Fresh {
            return Ok(replay);
        }
        let (balance,): (i64,) = query(
            "UPDATE accounts SET balance = balance + 1 WHERE account_id = 1 RETURNING balance",
        )
        .fetch_one(transaction)
        .await?;
        let response = balance.to_be_bytes();
        replay::keep(transaction, request_id, &response).await?;
        Ok(Replay::Replayed(response.to_vec()))
    })
}

fn answered(balance: i64) -> Replay {
    Replay::Replayed(balance.to_be_bytes().to_vec())
}

async fn the_same_request_gets_the_same_answer_and_is_done_once(database: TestDb) {
    let db = database.db();
    add_account(db, 1, "ada", 0)
        .await
        .expect("the account is new");
    for _ in 0..3 {
        let answer = give(db, "a", METHOD, b"body")
            .await
            .expect("the database answers");
        assert_eq!(answer, answered(1));
    }
    let other = give(db, "b", METHOD, b"body")
        .await
        .expect("the database answers");
    assert_eq!(other, answered(2));
}

async fn another_body_or_method_is_told_apart(database: TestDb) {
    let db = database.db();
    add_account(db, 1, "ada", 0)
        .await
        .expect("the account is new");
    give(db, "a", METHOD, b"body")
        .await
        .expect("the database answers");
    for (method, body) in [(METHOD, b"other"), ("/ledger.v1.Ledger/Take", b"body!")] {
        let answer = give(db, "a", method, body)
            .await
            .expect("the database answers");
        assert_eq!(answer, Replay::Reused);
    }
    let method = give(db, "a", "/ledger.v1.Ledger/Take", b"body").await;
    assert_eq!(method.expect("the database answers"), Replay::Reused);
    assert_eq!(balance(db, 1).await.expect("the database answers"), Some(1));
}

async fn a_failed_request_is_not_remembered(database: TestDb) {
    let db = database.db();
    give(db, "a", METHOD, b"body")
        .await
        .expect_err("there is no account");
    add_account(db, 1, "ada", 0)
        .await
        .expect("the account is new");
    let answer = give(db, "a", METHOD, b"body")
        .await
        .expect("there is an account now");
    assert_eq!(answer, answered(1));
}

async fn a_claim_without_response_is_not_committed(database: TestDb) {
    for _ in 0..2 {
        let forgotten: Result<Replay, Error> = crate::write!(database.db(), transaction => {
            replay::check(transaction, "a", METHOD, b"body", 0).await
        });
        assert!(
            matches!(forgotten, Err(Error::ResponseNotKept { .. })),
            "{forgotten:?}"
        );
    }
    let unclaimed: Result<(), Error> = crate::write!(database.db(), transaction => {
        replay::keep(transaction, "a", b"response").await
    });
    assert!(
        matches!(unclaimed, Err(Error::ResponseNotKept { .. })),
        "{unclaimed:?}"
    );
}

async fn concurrent_repeats_are_done_once(database: TestDb) {
    add_account(database.db(), 1, "ada", 0)
        .await
        .expect("the account is new");
    let mut repeats = JoinSet::new();
    for _ in 0..30 {
        let db = database.db().clone();
        repeats.spawn(async move { give(&db, "a", METHOD, b"body").await });
    }
    while let Some(outcome) = repeats.join_next().await {
        let answer = outcome
            .expect("no repeat panics")
            .expect("the database answers");
        assert_eq!(answer, answered(1));
    }
}

async fn old_requests_are_forgotten(database: TestDb) {
    let db = database.db();
    add_account(db, 1, "ada", 0)
        .await
        .expect("the account is new");
    give(db, "a", METHOD, b"body")
        .await
        .expect("the database answers");
    for (before, forgotten) in [(1_000, 0), (1_001, 1)] {
        let pruned: Result<u64, Error> =
            crate::write!(db, transaction => replay::prune(transaction, before).await);
        assert_eq!(pruned.expect("the database answers"), forgotten);
    }
    let again = give(db, "a", METHOD, b"body")
        .await
        .expect("the database answers");
    assert_eq!(again, answered(2));
}
