//! `bookstore backup` of a running bookstore, and `bookstore restore`.

use std::fs;

use contract::bookstore::inventory::v1::{
    BatchGetStockRequest, ListCategoriesRequest, SetStockRequest,
};

use crate::test_process::{Folder, TestProcess, run};

async fn set_stock(process: &TestProcess, on_hand: i32) {
    let request = SetStockRequest {
        book_id: 1,
        on_hand: Some(on_hand),
        expected_on_hand: None,
    };
    let answer = process.operator().set_stock(request).await;
    answer.expect("the token is right");
}

async fn stock(process: &TestProcess) -> i32 {
    let request = BatchGetStockRequest { book_ids: vec![1] };
    let answer = process.inventory().batch_get_stock(request).await;
    answer.expect("anybody may ask").into_inner().levels[0].on_hand
}

#[tokio::test]
async fn backup_of_a_running_bookstore_is_put_back() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    set_stock(&process, 12_345).await;
    let made = run(&folder, &["backup", "copies/monday"]);
    assert_eq!((made.code, made.stderr.as_str()), (0, ""));
    assert!(
        made.stdout.starts_with("copies/monday: "),
        "{}",
        made.stdout
    );
    set_stock(&process, 1).await;
    let again = run(&folder, &["backup", "copies/monday"]);
    assert!(again.stderr.contains("is not empty"), "{}", again.stderr);
    let token = process.token().to_owned();
    let refused = run(&folder, &["restore", "copies/monday"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("move it away"),
        "{}",
        refused.stderr
    );
    process.stop().await;

    let restored = run(&folder, &["restore", "copies/monday", "--data=restored"]);
    assert_eq!((restored.code, restored.stderr.as_str()), (0, ""));
    let process = TestProcess::start(&folder, &["up", "--data=restored"]);
    assert_eq!(stock(&process).await, 12_345);
    let server = process.grpc_url();
    let audit = run(&folder, &["audit", "--data=restored", "--server", &server]);
    assert_eq!(audit.code, 0, "{}", audit.stderr);
    assert_eq!(
        fs::read_to_string(folder.path("restored/operator.token"))
            .expect("it was backed up")
            .trim(),
        token
    );
    process.stop().await;
}

#[tokio::test]
async fn databases_are_complete_in_their_files_after_a_clean_stop() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    set_stock(&process, 12_345).await;
    process.stop().await;
    let names = fs::read_dir(folder.path("data")).expect("the folder is there");
    let names: Vec<_> = names
        .map(|entry| entry.expect("it is readable").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    assert!(names.iter().any(|name| name == "inventory.db"));
    let logs: Vec<_> = names.iter().filter(|name| name.ends_with("-wal")).collect();
    assert!(logs.is_empty(), "{logs:?}");
}

#[tokio::test]
async fn damaged_or_foreign_folder_is_not_restored() {
    let folder = Folder::new();
    folder.write("own.csv", "id,title,price\n1,A,1\n");
    assert_eq!(run(&folder, &["import", "own.csv", "--replace"]).code, 0);
    assert_eq!(run(&folder, &["backup", "copy"]).code, 0);
    let restore = |from| {
        let ran = run(&folder, &["restore", from, "--data=new"]);
        assert_eq!((ran.code, ran.stderr.lines().count()), (1, 1), "{ran:?}");
        assert!(!folder.path("new").exists() && !folder.path("new.partial").exists());
        ran.stderr
    };
    assert!(restore("data").contains("is no backup"));
    let database = folder.path("copy/inventory.db");
    let mut bytes = fs::read(&database).expect("it was copied");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&database, bytes).expect("it is writable");
    assert!(restore("copy").contains("is not the file that was backed up"));
}

#[tokio::test]
async fn backup_of_postgres_says_what_to_do() {
    let folder = Folder::new();
    let database = "--database-url=postgres://shop:secret@db.example/books";
    let ran = run(&folder, &["backup", "copy", database]);
    assert!(ran.stderr.contains("pg_dump"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
}

#[tokio::test]
async fn lost_database_is_reported_and_not_filled_with_the_shipped_books() {
    let folder = Folder::new();
    TestProcess::up(&folder).stop().await;
    for name in ["inventory.db", "inventory.db-wal", "inventory.db-shm"] {
        let _ = fs::remove_file(folder.path("data").join(name));
    }
    let ports = [
        "--grpc-addr=127.0.0.1:0",
        "--shop-addr=127.0.0.1:0",
        "--metrics-addr=127.0.0.1:0",
    ];
    let ran = run(&folder, &[&["up"], &ports[..]].concat());
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("it had books at the last start"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("bookstore restore"), "{}", ran.stderr);
    // Whoever wants an empty catalogue says so, once.
    for arguments in [&["up", "--empty"][..], &["up"]] {
        let process = TestProcess::start(&folder, arguments);
        let mut inventory = process.inventory();
        let categories = inventory.list_categories(ListCategoriesRequest {}).await;
        let categories = categories.expect("anybody may ask").into_inner();
        assert_eq!(categories.categories, [], "{arguments:?}");
        process.stop().await;
    }
}
