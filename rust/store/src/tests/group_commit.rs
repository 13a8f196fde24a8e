//! Transactions on SQLite that share a commit.
//!
//! All tests run on one thread. So when the test sees that a task has started, the task
//! already waits in the queue of the writer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    sync::oneshot,
    task::{JoinHandle, JoinSet, yield_now},
};

use super::{CURRENT, add_account, balance};
use crate::{Db, Error, db::Pools, query, testing::sqlite};

async fn commits(db: &Db) -> u64 {
    match &db.pools {
        Pools::Sqlite(sqlite) => sqlite.writer.commits().await,
        Pools::Postgres(_) => panic!("only SQLite has group commit"),
    }
}

/// Tasks that wait in the queue of the writer behind a transaction that adds the account 0.
struct Queue {
    db: Db,
    release: oneshot::Sender<()>,
    holder: JoinHandle<Result<(), Error>>,
    started: Arc<AtomicUsize>,
    queued: usize,
}

impl Queue {
    async fn new(db: &Db) -> Self {
        let (release, released) = oneshot::channel();
        let (holds, holding) = oneshot::channel();
        let holder = tokio::spawn({
            let (db, mut gates) = (db.clone(), Some((holds, released)));
            async move {
                crate::write!(db, transaction => {
                    query("INSERT INTO accounts (account_id, owner, balance) VALUES (0, 'x', 0)")
                        .execute(transaction)
                        .await?;
                    if let Some((holds, released)) = gates.take() {
                        holds.send(()).expect("the test waits");
                        released.await.expect("the test releases it");
                    }
                    Ok(())
                })
            }
        });
        holding.await.expect("the writer is free");
        Self {
            db: db.clone(),
            release,
            holder,
            started: Arc::default(),
            queued: 0,
        }
    }

    /// Starts a task and returns when it waits for the writer.
    async fn push<F>(&mut self, task: impl FnOnce(Db) -> F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let (started, work) = (Arc::clone(&self.started), task(self.db.clone()));
        let task = tokio::spawn(async move {
            started.fetch_add(1, Ordering::Relaxed);
            work.await
        });
        self.queued += 1;
        while self.started.load(Ordering::Relaxed) < self.queued {
            yield_now().await;
        }
        task
    }

    async fn push_add(&mut self, id: i64, balance: i64) -> JoinHandle<Result<(), Error>> {
        let add = async move |db: Db| add_account(&db, id, "ada", balance).await;
        self.push(add).await
    }

    /// Lets the tasks run. The account 0 is added if the first batch is committed.
    async fn release(self) -> Result<(), Error> {
        self.release.send(()).expect("the holder waits");
        self.holder.await.expect("no panic")
    }
}

async fn ids(db: &Db) -> Vec<i64> {
    let rows: Result<Vec<(i64,)>, Error> = crate::read!(db, connection => {
        query("SELECT account_id FROM accounts ORDER BY account_id").fetch_all(connection).await
    });
    let rows = rows.expect("the database answers").into_iter();
    rows.map(|(id,)| id).collect()
}

#[tokio::test]
async fn queued_transactions_share_one_commit_and_are_there_after_reopening() {
    let database = sqlite(&CURRENT).await;
    let db = database.db();
    let mut queue = Queue::new(db).await;
    let mut tasks = Vec::new();
    for id in 1..64 {
        tasks.push(queue.push_add(id, 1).await);
    }
    queue.release().await.expect("it is committed");
    for task in tasks {
        task.await.expect("no panic").expect("it is committed");
    }
    assert_eq!(commits(db).await, 1);
    // Not closed, as after a crash.
    let reopened = Db::open(database.location(), &CURRENT).await;
    let all: Vec<i64> = (0..64).collect();
    assert_eq!(ids(&reopened.expect("it opens again")).await, all);
}

#[tokio::test]
async fn many_concurrent_callers_need_few_commits() {
    let database = sqlite(&CURRENT).await;
    let mut callers = JoinSet::new();
    for caller in 0..64_i64 {
        let db = database.db().clone();
        callers.spawn(async move {
            for number in 0..10 {
                add_account(&db, caller * 10 + number, "ada", 1).await?;
            }
            Ok::<(), Error>(())
        });
    }
    for outcome in callers.join_all().await {
        outcome.expect("every transaction is committed");
    }
    assert_eq!(ids(database.db()).await.len(), 640);
    let commits = commits(database.db()).await;
    assert!(commits <= 160, "640 transactions needed {commits} commits");
}

#[tokio::test]
async fn failed_body_is_rolled_back_alone() {
    let database = sqlite(&CURRENT).await;
    let db = database.db();
    let mut queue = Queue::new(db).await;
    let first = queue.push_add(1, 1).await;
    let failing = queue
        .push(async |db: Db| {
            let outcome: Result<(), Error> = crate::write!(db, transaction => {
                let insert = "INSERT INTO accounts (account_id, owner, balance)
                    VALUES ($1, 'bob', $2)";
                query(insert).bind(2).bind(1).execute(transaction).await?;
                query(insert).bind(3).bind(-1).execute(transaction).await?;
                Ok(())
            });
            (outcome, commits(&db).await)
        })
        .await;
    let last = queue.push_add(4, 1).await;
    queue.release().await.expect("it is committed");
    for task in [first, last] {
        task.await.expect("no panic").expect("it is committed");
    }
    let (outcome, commits_at_return) = failing.await.expect("no panic");
    let error = outcome.expect_err("a balance is not negative");
    assert!(error.is_constraint_violation(), "{error}");
    assert_eq!(
        commits_at_return, 1,
        "its error may depend on the other bodies, so it waits for their commit"
    );
    assert_eq!(ids(db).await, [0, 1, 4]);
}

#[tokio::test]
async fn cancelled_body_is_rolled_back_alone() {
    let database = sqlite(&CURRENT).await;
    let db = database.db();
    let mut queue = Queue::new(db).await;
    let first = queue.push_add(1, 1).await;
    let (reached, has_reached) = oneshot::channel();
    let mut reached = Some(reached);
    let cancelled = queue
        .push(async move |db: Db| {
            let outcome: Result<(), Error> = crate::write!(db, transaction => {
                query("INSERT INTO accounts (account_id, owner, balance) VALUES (2, 'bob', 1)")
                    .execute(transaction)
                    .await?;
                if let Some(reached) = reached.take() {
                    reached.send(()).expect("the test waits");
                }
                std::future::pending().await
            });
            outcome
        })
        .await;
    let last = queue.push_add(3, 1).await;
    let release = tokio::spawn(queue.release());
    has_reached.await.expect("the body runs");
    cancelled.abort();
    release.await.expect("no panic").expect("it is committed");
    for task in [first, last] {
        task.await.expect("no panic").expect("it is committed");
    }
    assert_eq!(commits(db).await, 1);
    assert_eq!(ids(db).await, [0, 1, 3]);
}

/// SQLite rolls back the whole batch when the disk is full: the others run again.
#[tokio::test]
async fn full_disk_fails_only_the_body_that_fills_it() {
    let database = sqlite(&CURRENT).await;
    let db = database.db();
    let mut queue = Queue::new(db).await;
    let first = queue.push_add(1, 1).await;
    let filling = queue
        .push(async |db: Db| {
            let outcome: Result<(), Error> = crate::write!(db, transaction => {
                query("PRAGMA max_page_count = 30").fetch_all::<(i64,)>(transaction).await?;
                let insert = "INSERT INTO accounts (account_id, owner, balance, picture)
                    VALUES ($1, 'bob', 1, $2)";
                for id in 100..200 {
                    query(insert).bind(id).bind(vec![0_u8; 4096]).execute(transaction).await?;
                }
                Ok(())
            });
            outcome
        })
        .await;
    let last = queue.push_add(2, 1).await;
    queue.release().await.expect("it runs again");
    for task in [first, last] {
        task.await.expect("no panic").expect("it runs again");
    }
    let full = filling
        .await
        .expect("no panic")
        .expect_err("it is too much");
    assert!(matches!(full, Error::Unavailable(_)), "{full}");
    assert_eq!(ids(db).await, [0, 1, 2]);
}

#[tokio::test]
async fn failed_commit_fails_every_body_of_the_batch() {
    let database = sqlite(&CURRENT).await;
    let db = database.db();
    let created: Result<u64, Error> = crate::write!(db, transaction => {
        // A violation of it is only found at the commit.
        query("CREATE TABLE deferred (account_id BIGINT
                REFERENCES accounts (account_id) DEFERRABLE INITIALLY DEFERRED)")
            .execute(transaction)
            .await
    });
    created.expect("the table is new");
    let mut queue = Queue::new(db).await;
    let first = queue.push_add(1, 1).await;
    let violating = queue
        .push(async |db: Db| {
            let outcome: Result<u64, Error> = crate::write!(db, transaction => {
                query("INSERT INTO deferred VALUES (99)").execute(transaction).await
            });
            outcome.map(drop)
        })
        .await;
    let holder = queue.release().await;
    for outcome in [
        holder,
        first.await.expect("no panic"),
        violating.await.expect("no panic"),
    ] {
        let error = outcome.expect_err("the commit failed");
        assert!(error.is_constraint_violation(), "{error}");
    }
    assert!(ids(db).await.is_empty());
    add_account(db, 1, "ada", 7).await.expect("it works again");
    assert_eq!(balance(db, 1).await.expect("it answers"), Some(7));
}

#[tokio::test]
async fn long_running_statements_see_their_transaction() {
    let database = sqlite(&CURRENT).await;
    let db = database.db();
    let counted: Result<(i64,), Error> = crate::write!(db, transaction => {
        query("INSERT INTO accounts (account_id, owner, balance) VALUES ($1, $2, 1)")
            .bind(1)
            .bind("ada")
            .long_running()
            .execute(transaction)
            .await?;
        query("SELECT COUNT(*) FROM accounts WHERE owner = $1")
            .bind("ada")
            .long_running()
            .fetch_one(transaction)
            .await
    });
    assert_eq!(counted.expect("the database answers"), (1,));
    let outside: Result<(i64,), Error> = crate::read!(db, connection => {
        query("SELECT COUNT(*) FROM accounts").long_running().fetch_one(connection).await
    });
    assert_eq!(outside.expect("the database answers"), (1,));
}
