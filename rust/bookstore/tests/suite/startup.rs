//! The first start, restarts and concurrent starts.

use std::{fs, os::unix::fs::PermissionsExt, thread};

use contract::bookstore::inventory::v1::{
    BatchGetBooksRequest, BatchGetStockRequest, ListCategoriesRequest, SetStockRequest,
};

use crate::test_process::{Folder, TestProcess, eventually, get, run};

#[tokio::test]
async fn first_start_loads_the_catalogue_and_prints_the_addresses() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    assert_eq!(catalogue_size(&process).await, 700);
    let tutorial = BatchGetBooksRequest {
        book_ids: (1..=9).collect(),
    };
    let answer = process.inventory().batch_get_books(tutorial).await;
    let books = answer.expect("they are there").into_inner().books;
    let lines = books.iter().map(|book| {
        let category = book.category().as_str_name();
        format!("{} {} ({category})\n", book.book_id, book.title)
    });
    insta::assert_snapshot!("tutorial_books", lines.collect::<String>());

    let banner = process
        .banner
        .replace(process.shop(), "[shop]")
        .replace(process.metrics(), "[metrics]")
        .replace(process.grpc(), "[gRPC]");
    insta::assert_snapshot!("banner", banner);
}

#[tokio::test]
async fn restart_keeps_data_and_token() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let stock = SetStockRequest {
        book_id: 1,
        on_hand: Some(12_345),
        expected_on_hand: None,
    };
    let answer = process.operator().set_stock(stock).await;
    answer.expect("the token is right");
    let token = process.token().to_owned();
    let path = folder.path("data/operator.token");
    let mode = || {
        let metadata = fs::metadata(&path).expect("the token is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(), 0o600);
    process.stop().await;

    let process = TestProcess::up(&folder);
    assert_eq!(stock_of_book_1(&process).await, 12_345);
    assert_eq!((process.token(), mode()), (token.as_str(), 0o600));
}

#[tokio::test]
async fn two_processes_started_at_once_share_a_token_and_a_postgres_database() {
    let folder = Folder::new();
    let database = crate::deployments::postgres().await;
    let arguments = ["up", database.as_str()];
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(|| TestProcess::start(&folder, &arguments));
        let other = TestProcess::start(&folder, &arguments);
        (one.join().expect("it opens"), other)
    });
    assert_eq!(one.token(), other.token());
    for process in [&one, &other] {
        assert_eq!(catalogue_size(process).await, 700);
    }
    let stock = SetStockRequest {
        book_id: 1,
        on_hand: Some(12_345),
        expected_on_hand: None,
    };
    let answer = one.operator().set_stock(stock).await;
    answer.expect("the token is right");
    assert_eq!(stock_of_book_1(&other).await, 12_345);
}

#[tokio::test]
async fn processes_with_the_same_token_file_have_one_operator() {
    let folder = Folder::new();
    let secret = "4cb1a1a1f8e04a52a1d1b0a6c6a7f3e2";
    folder.write_secret("operator.secret", secret, 0o600);
    let flags = ["up", "--operator-token-file=operator.secret"];
    let process = TestProcess::start(&folder, &flags);
    assert_eq!(process.token(), secret);
    let stock = SetStockRequest {
        book_id: 1,
        on_hand: Some(12_345),
        expected_on_hand: None,
    };
    let answer = process.operator().set_stock(stock).await;
    answer.expect("the token is right");
    assert!(!folder.path("data/operator.token").exists());
    let server = format!("--server={}", process.grpc_url());
    let audit = ["audit", &server, "--operator-token-file=operator.secret"];
    let ran = run(&folder, &audit);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    process.stop().await;

    let missing = run(&folder, &["up", "--operator-token-file=nowhere"]);
    assert_eq!(missing.code, 1);
    assert!(
        missing
            .stderr
            .contains("there is no operator token at nowhere"),
        "{}",
        missing.stderr
    );
}

#[tokio::test]
async fn data_folder_is_private_to_its_owner() {
    let folder = Folder::new();
    let process = TestProcess::start(&folder, &["up", "--data=deeper/data"]);
    let metadata = fs::metadata(folder.path("deeper/data")).expect("it was made");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o700);
    process.stop().await;
}

#[tokio::test]
async fn process_without_data_creates_no_folder() {
    let folder = Folder::new();
    let peers = ["inventory", "cart", "reviews"];
    let peers = peers.map(|name| format!("--peer={name}=http://127.0.0.1:1"));
    let mut arguments = vec!["serve", "recommendations"];
    arguments.extend(peers.iter().map(String::as_str));
    let process = TestProcess::start(&folder, &arguments);
    assert!(!folder.path("data").exists());
    insta::assert_snapshot!(
        process
            .banner
            .replace(process.metrics(), "[metrics]")
            .replace(process.grpc(), "[gRPC]")
    );
}

async fn catalogue_size(process: &TestProcess) -> i32 {
    let request = ListCategoriesRequest {};
    let answer = process.inventory().list_categories(request).await;
    let categories = answer
        .expect("the method needs no credential")
        .into_inner()
        .categories;
    categories.iter().map(|count| count.book_count).sum()
}

async fn stock_of_book_1(process: &TestProcess) -> i32 {
    let request = BatchGetStockRequest { book_ids: vec![1] };
    let answer = process.inventory().batch_get_stock(request).await;
    answer
        .expect("the method needs no credential")
        .into_inner()
        .levels[0]
        .on_hand
}

#[tokio::test]
async fn log_of_a_quiet_process_ends_with_the_start() {
    let folder = Folder::new();
    // The terminal: the log and the banner in one file.
    let path = folder.unused_path("terminal");
    let log = fs::File::create(&path).expect("the folder is writable");
    let arguments = ["up", "--log-format=pretty"];
    let process = TestProcess::with_log(&folder, &arguments, log.into());
    let at_start = fs::read_to_string(&path).expect("the log is text");
    // The metrics count the polls of the shop by itself.
    let polls = "grpc_method=\"ListCategories\",grpc_type=\"unary\",grpc_code=\"OK\"}";
    eventually("three polls", async || {
        let metrics = get(process.metrics()).await;
        let polled = metrics.body.lines().find(|line| line.contains(polls))?;
        let (_, count) = polled.rsplit_once(' ')?;
        count.parse().ok().filter(|count: &u32| *count >= 3)
    })
    .await;
    let later = fs::read_to_string(&path).expect("the log is text");
    let calls = later.lines().filter(|line| line.contains("ListCategories"));
    assert_eq!(calls.count(), 0, "{later}");
    assert!(!later.contains("WARN"), "{later}");
    assert_eq!(later, at_start, "nothing comes after the banner");
}
