//! Copies of databases while they change.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{CURRENT, add_account, balance};
use crate::{
    Db, Location, Schema,
    backup::{BackupError, Snapshot, check},
    query,
    testing::sqlite_location,
};

const SECOND: Schema = Schema {
    name: "second",
    ..CURRENT
};

async fn set_balance(db: &Db, balance: i64) {
    let changed: Result<u64, crate::Error> = crate::write!(db, transaction => {
        query("UPDATE accounts SET balance = $1 WHERE account_id = 1")
            .bind(balance)
            .execute(transaction)
            .await
    });
    changed.expect("the database is written");
}

/// Each round writes a number to the first database and then to the second one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_are_of_one_instant_while_another_opener_writes() {
    let (location, folder) = sqlite_location();
    let first = Db::open(&location, &CURRENT).await.expect("it is new");
    let second = Db::open(&location, &SECOND).await.expect("it is new");
    for db in [&first, &second] {
        add_account(db, 1, "ada", 0).await.expect("it is new");
    }
    let files: Vec<PathBuf> = ["ledger.db", "second.db"]
        .map(|name| folder.path().join(name))
        .into();
    let ended = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (first, second, ended) = (first.clone(), second.clone(), Arc::clone(&ended));
        async move {
            let mut round = 0;
            while !ended.load(Ordering::Relaxed) {
                round += 1;
                set_balance(&first, round).await;
                set_balance(&second, round).await;
            }
            round
        }
    });
    let mut last = -1;
    for copy in 0..20 {
        let target = folder.path().join(format!("copy-{copy}"));
        fs::create_dir(&target).expect("the folder is writable");
        let (files, copies) = (files.clone(), target.clone());
        let copied = tokio::task::spawn_blocking(move || {
            let snapshot = Snapshot::take(&files)?;
            snapshot.copy(|file| copies.join(file.file_name().unwrap_or_default()))
        });
        copied.await.expect("no panic").expect("it is copied");
        let names = fs::read_dir(&target).expect("the folder exists");
        assert_eq!(names.count(), 2, "a copy is complete by itself");
        let location = Location::Folder(target);
        let seen = |schema: Schema, location: Location| async move {
            let db = Db::open(&location, &schema)
                .await
                .expect("it is a database");
            let seen = balance(&db, 1).await.expect("it is read");
            db.close().await;
            seen.expect("the account is there")
        };
        let in_first = seen(CURRENT, location.clone()).await;
        let in_second = seen(SECOND, location).await;
        assert!(
            in_first == in_second || in_first == in_second + 1,
            "{in_first} and {in_second}"
        );
        assert!(in_first >= last, "{in_first} is before {last}");
        last = in_first;
    }
    ended.store(true, Ordering::Relaxed);
    let rounds = writing.await.expect("every write succeeds");
    assert!(rounds >= last && last > 0, "{rounds}, {last}");
}

#[tokio::test]
async fn damaged_copy_is_noticed() {
    let (location, folder) = sqlite_location();
    let db = Db::open(&location, &CURRENT).await.expect("it is new");
    add_account(&db, 1, "ada", 1).await.expect("it is new");
    db.close().await;
    let file = folder.path().join("ledger.db");
    check(&file).expect("it is whole");
    let mut bytes = fs::read(&file).expect("it is readable");
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xff);
    fs::write(&file, bytes).expect("it is writable");
    let error = check(&file).expect_err("half of it is gone");
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn closed_database_is_complete_in_its_file() {
    let (location, folder) = sqlite_location();
    let db = Db::open(&location, &CURRENT).await.expect("it is new");
    add_account(&db, 1, "ada", 1).await.expect("it is new");
    db.close().await;
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("the folder is writable");
    fs::copy(folder.path().join("ledger.db"), elsewhere.join("ledger.db")).expect("it is copied");
    assert!(!folder.path().join("ledger.db-wal").exists());
    let copy = Db::open(&Location::Folder(elsewhere), &CURRENT).await;
    let copy = copy.expect("it is a database");
    assert_eq!(balance(&copy, 1).await.expect("it is read"), Some(1));
}
