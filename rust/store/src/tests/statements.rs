//! Parameters, rows and transactions.

use super::{add_account, balance};
use crate::{
    Error, Sql, idempotency, outbox, query,
    testing::{TestDb, prepare_all, sqlite},
};

crate::both_engines! {
    crate::tests::CURRENT =>
    bound_values_are_read_back_unchanged,
    list_is_bound_as_one_parameter,
    error_of_the_body_rolls_back,
    failed_statement_aborts_its_transaction,
    dropped_transaction_is_rolled_back_and_the_next_one_runs,
    constraint_violation_is_recognized,
    reader_does_not_wait_for_a_writer,
    valid_statements_are_prepared,
    invalid_statement_is_reported,
}

crate::row! {
    #[derive(Debug, PartialEq)]
    struct Account {
        account_id: i64,
        owner: String,
        balance: i64,
        active: bool,
        rate: Option<f64>,
        picture: Option<Vec<u8>>,
    }
}

async fn bound_values_are_read_back_unchanged(database: TestDb) {
    let accounts = [
        Account {
            account_id: i64::MAX,
            owner: "Žižka \"'; DROP TABLE accounts".to_owned(),
            balance: 0,
            active: false,
            rate: Some(-0.1),
            picture: Some(vec![0, 255, 0]),
        },
        Account {
            account_id: -1,
            owner: String::new(),
            balance: i64::MAX,
            active: true,
            rate: None,
            picture: None,
        },
    ];
    let written: Result<(), Error> = crate::write!(database.db(), transaction => {
        for account in &accounts {
            query(
                "INSERT INTO accounts (account_id, owner, balance, active, rate, picture)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(account.account_id)
            .bind(&account.owner)
            .bind(account.balance)
            .bind(account.active)
            .bind(account.rate)
            .bind(account.picture.as_deref())
            .execute(transaction)
            .await?;
        }
        Ok(())
    });
    written.expect("the values are legal");
    let read: Result<Vec<Account>, Error> = crate::read!(database.db(), connection => {
        query("SELECT * FROM accounts ORDER BY account_id DESC").fetch_all(connection).await
    });
    assert_eq!(read.expect("the database answers"), accounts);
    let sum: Result<(i64, bool), Error> = crate::read!(database.db(), connection => {
        query("SELECT CAST(SUM(balance) AS BIGINT), COUNT(*) > 1 FROM accounts")
            .fetch_one(connection)
            .await
    });
    assert_eq!(sum.expect("the database answers"), (i64::MAX, true));
}

async fn list_is_bound_as_one_parameter(database: TestDb) {
    const BY_ID: Sql = Sql::per_engine(
        "SELECT owner FROM accounts
         WHERE account_id IN (SELECT value FROM json_each($1)) ORDER BY owner",
        "SELECT owner FROM accounts WHERE account_id = ANY($1) ORDER BY owner",
    );
    const BY_OWNER: Sql = Sql::per_engine(
        "SELECT account_id FROM accounts WHERE owner IN (SELECT value FROM json_each($1))",
        "SELECT account_id FROM accounts WHERE owner = ANY($1)",
    );
    let db = database.db();
    for (id, owner) in [(1, "b"), (2, "A"), (3, "a \"quoted\"")] {
        add_account(db, id, owner, 1)
            .await
            .expect("the account is new");
    }
    let owners: Result<Vec<(String,)>, Error> = crate::read!(db, connection => {
        query(BY_ID).bind(vec![3_i64, 1, 9, 2]).fetch_all(connection).await
    });
    let owners: Vec<_> = owners
        .expect("the database answers")
        .into_iter()
        .map(|row| row.0)
        .collect();
    // Sorted by bytes on both engines.
    assert_eq!(owners, ["A", "a \"quoted\"", "b"]);
    let numbers: Result<Vec<(i64,)>, Error> = crate::read!(db, connection => {
        query(BY_OWNER).bind(vec!["a \"quoted\"".to_owned()]).fetch_all(connection).await
    });
    assert_eq!(numbers.expect("the database answers"), [(3,)]);
}

#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("the customer cancelled")]
    Cancelled,
    #[error(transparent)]
    Store(#[from] Error),
}

async fn error_of_the_body_rolls_back(database: TestDb) {
    let outcome: Result<(), BodyError> = crate::write!(database.db(), transaction => {
        query("INSERT INTO accounts (account_id, owner, balance) VALUES (1, 'ada', 1)")
            .execute(transaction)
            .await?;
        Err(BodyError::Cancelled)
    });
    assert!(matches!(outcome, Err(BodyError::Cancelled)), "{outcome:?}");
    assert_eq!(
        balance(database.db(), 1)
            .await
            .expect("the database answers"),
        None
    );
}

async fn failed_statement_aborts_its_transaction(database: TestDb) {
    let outcome: Result<(), Error> = crate::write!(database.db(), transaction => {
        let insert = "INSERT INTO accounts (account_id, owner, balance) VALUES ($1, 'ada', $2)";
        query(insert).bind(1).bind(1).execute(transaction).await?;
        let broken = query(insert).bind(2).bind(-1).execute(transaction).await;
        assert!(matches!(broken, Err(Error::Refused(_))), "{broken:?}");
        let later = query(insert).bind(3).bind(1).execute(transaction).await;
        assert!(matches!(later, Err(Error::TransactionAborted)), "{later:?}");
        // The body ignores the error.
        Ok(())
    });
    assert!(
        matches!(outcome, Err(Error::TransactionAborted)),
        "{outcome:?}"
    );
    for id in 1..=3 {
        assert_eq!(
            balance(database.db(), id)
                .await
                .expect("the database answers"),
            None
        );
    }
}

async fn dropped_transaction_is_rolled_back_and_the_next_one_runs(database: TestDb) {
    let db = database.db();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let writer = tokio::spawn({
        let (db, mut started) = (db.clone(), Some(started));
        async move {
            let outcome: Result<(), Error> = crate::write!(db, transaction => {
                query("INSERT INTO accounts (account_id, owner, balance) VALUES (1, 'ada', 1)")
                    .execute(transaction)
                    .await?;
                if let Some(started) = started.take() {
                    started.send(()).expect("the test waits");
                }
                std::future::pending().await
            });
            outcome
        }
    });
    has_started.await.expect("the writer starts");
    // tonic also drops the future when the caller disconnects.
    writer.abort();
    writer.await.expect_err("it was aborted");
    add_account(db, 1, "bob", 2)
        .await
        .expect("the first transaction was rolled back");
    assert_eq!(balance(db, 1).await.expect("the database answers"), Some(2));
}

async fn constraint_violation_is_recognized(database: TestDb) {
    add_account(database.db(), 1, "ada", 1)
        .await
        .expect("the account is new");
    let twice = add_account(database.db(), 1, "ada", 1)
        .await
        .expect_err("it is there");
    let negative = add_account(database.db(), 2, "ada", -1)
        .await
        .expect_err("a balance is not negative");
    for error in [twice, negative] {
        assert!(error.is_constraint_violation(), "{error}");
        assert!(!error.is_unavailable(), "{error}");
    }
}

async fn reader_does_not_wait_for_a_writer(database: TestDb) {
    let db = database.db();
    let outcome: Result<(), Error> = crate::write!(db, transaction => {
        query("INSERT INTO accounts (account_id, owner, balance) VALUES (1, 'ada', 1)")
            .execute(transaction)
            .await?;
        assert_eq!(balance(db, 1).await?, None, "it is not committed");
        Ok(())
    });
    outcome.expect("the reader did not wait");
    assert_eq!(balance(db, 1).await.expect("the database answers"), Some(1));
}

async fn valid_statements_are_prepared(database: TestDb) {
    prepare_all(database.db(), idempotency::STATEMENTS).await;
    prepare_all(database.db(), outbox::STATEMENTS).await;
    prepare_all(
        database.db(),
        &[("ONE", "SELECT 1"), ("TWO", "SELECT $1 = 2")],
    )
    .await;
}

async fn invalid_statement_is_reported(database: TestDb) {
    let db = database.db().clone();
    let statements = [
        ("GOOD", "SELECT owner FROM accounts"),
        ("BAD", "SELECT ownr FROM accounts"),
    ];
    let checked = tokio::spawn(async move { prepare_all(&db, &statements).await }).await;
    let panic = checked.expect_err("one of them is wrong").into_panic();
    let message = panic.downcast_ref::<String>().expect("it has a message");
    assert!(
        message.contains("rejects 1 of 2 statements:\nBAD: "),
        "{message}"
    );
}

/// SQLite rolls back by itself when the disk is full. The single writer connection must
/// remain usable.
#[tokio::test]
async fn writes_succeed_after_a_full_disk() {
    let database = sqlite(&super::CURRENT).await;
    let db = database.db();
    let full: Result<(), Error> = crate::write!(db, transaction => {
        query("PRAGMA max_page_count = 16").fetch_all::<(i64,)>(transaction).await?;
        let insert = "INSERT INTO accounts (account_id, owner, balance, picture)
             VALUES ($1, 'ada', 1, $2)";
        for id in 1..100 {
            query(insert).bind(id).bind(vec![0_u8; 4096]).execute(transaction).await?;
        }
        Ok(())
    });
    let full = full.expect_err("a hundred pages are more than sixteen");
    assert!(full.is_unavailable(), "{full}");
    for id in 1..4 {
        add_account(db, id, "ada", 1)
            .await
            .expect("there is room for this one");
    }
}
