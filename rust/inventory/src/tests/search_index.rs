//! The files of the search index: restarts, damage, other versions, other databases, and other
//! processes.

use std::{collections::HashSet, fs, path::Path, time::Duration};

use contract::bookstore::inventory::v1::SearchBooksRequest;
use service::{BookCategory, BookId};
use store::testing::TestDb;
use tempfile::TempDir;

use tonic::Status;
use tonic_types::StatusExt;

use super::{TestInventory, book, failure};
use crate::{
    Book, ImportedBook, InventoryError, Options, SearchError,
    domain::Change,
    search::{Cancellation, Position, SearchIndex, SearchRequest},
};

store::both_engines! {
    crate::SCHEMA =>
    index_is_kept_over_a_restart,
    index_is_made_again_if_it_is_missing,
    index_is_made_again_if_it_is_damaged,
    index_of_another_database_is_not_used,
    index_of_another_version_is_removed,
    index_in_memory_is_used_while_another_process_has_the_folder,
    index_in_memory_is_used_if_the_folder_cannot_be_made,
    change_by_another_process_is_found_in_the_background,
    first_search_of_a_process_waits_for_the_index,
    search_is_refused_until_a_killed_rebuild_is_completed,
    search_is_refused_while_the_index_of_a_replaced_catalogue_is_made,
    older_index_answers_while_it_is_brought_up_to_date,
}

/// A service with its index in a folder, as a process has it.
fn start(database: &TestDb, folder: &Path) -> TestInventory {
    let options = Options {
        search_folder: Some(folder.to_owned()),
        sweep_interval: Duration::from_millis(20),
        ..Options::default()
    };
    TestInventory::with_options(database.db().clone(), options)
}

/// The same, with searches that hardly wait for an index that is being made.
fn start_impatient(database: &TestDb, folder: &Path) -> TestInventory {
    let options = Options {
        search_folder: Some(folder.to_owned()),
        index_wait: Duration::from_millis(20),
        ..Options::default()
    };
    TestInventory::with_options(database.db().clone(), options)
}

async fn try_search(service: &mut TestInventory, query: &str) -> Result<Vec<i32>, Status> {
    let request = SearchBooksRequest {
        query: query.to_owned(),
        ..SearchBooksRequest::default()
    };
    let response = service.client.search_books(request).await?;
    let books = response.into_inner().books;
    Ok(books.iter().map(|book| book.book_id).collect())
}

async fn found(service: &mut TestInventory, query: &str) -> Vec<i32> {
    let found = try_search(service, query).await;
    found.expect("the search succeeds")
}

/// The folder of the current version.
fn version_folder(folder: &Path) -> std::path::PathBuf {
    let entries = fs::read_dir(folder).expect("the folder exists");
    let mut paths = entries.map(|entry| entry.expect("the folder is readable").path());
    let version = paths.next().expect("there is a version");
    assert!(paths.next().is_none(), "there is one version");
    version
}

fn files(folder: &Path, suffix: &str) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(version_folder(folder)).expect("the folder exists");
    let paths = entries.map(|entry| entry.expect("the folder is readable").path());
    paths
        .filter(|path| path.to_string_lossy().ends_with(suffix))
        .collect()
}

async fn with_dune(database: &TestDb, folder: &Path) {
    let mut service = start(database, folder);
    service.import([book(1, "Dune", &["Frank Herbert"])]).await;
    assert_eq!(found(&mut service, "dune").await, [1]);
}

async fn index_is_kept_over_a_restart(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    with_dune(&database, folder.path()).await;
    let before = files(folder.path(), ".term");
    assert!(!before.is_empty());
    let mut service = start(&database, folder.path());
    assert_eq!(found(&mut service, "dune").await, [1]);
    assert_eq!(files(folder.path(), ".term"), before);
    service.import([book(1, "Emma", &["Jane Austen"])]).await;
    assert_eq!(found(&mut service, "emma").await, [1]);
    assert!(found(&mut service, "dune").await.is_empty());
}

async fn index_is_made_again_if_it_is_missing(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    with_dune(&database, folder.path()).await;
    fs::remove_dir_all(version_folder(folder.path())).expect("the index is removed");
    let mut service = start(&database, folder.path());
    assert_eq!(found(&mut service, "dune").await, [1]);
}

async fn index_is_made_again_if_it_is_damaged(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    with_dune(&database, folder.path()).await;
    for suffix in [".term", ".idx", ".fast", ".store", "meta.json"] {
        for file in files(folder.path(), suffix) {
            let mut bytes = fs::read(&file).expect("the file is read");
            bytes
                .iter_mut()
                .for_each(|byte| *byte = byte.wrapping_add(1));
            fs::write(&file, bytes).expect("the file is written");
        }
        let mut service = start(&database, folder.path());
        assert_eq!(found(&mut service, "dune").await, [1], "{suffix}");
    }
    for file in files(folder.path(), ".idx") {
        fs::write(file, "").expect("the file is truncated");
    }
    let mut service = start(&database, folder.path());
    assert_eq!(found(&mut service, "dune").await, [1]);
}

async fn index_of_another_database_is_not_used(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    with_dune(&store::testing::sqlite(&crate::SCHEMA).await, folder.path()).await;
    let mut service = start(&database, folder.path());
    assert!(found(&mut service, "dune").await.is_empty());
    service.import([book(1, "Emma", &["Jane Austen"])]).await;
    assert_eq!(found(&mut service, "emma").await, [1]);
}

async fn index_of_another_version_is_removed(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    let old = folder.path().join("version-0");
    fs::create_dir(&old).expect("a folder is made");
    fs::write(old.join("meta.json"), "{}").expect("a file is written");
    with_dune(&database, folder.path()).await;
    assert!(!old.exists());
}

async fn index_in_memory_is_used_while_another_process_has_the_folder(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    let mut first = start(&database, folder.path());
    first.import([book(1, "Dune", &["Frank Herbert"])]).await;
    let mut second = start(&database, folder.path());
    assert_eq!(found(&mut second, "dune").await, [1]);
    second.import([book(2, "Emma", &["Jane Austen"])]).await;
    assert_eq!(found(&mut second, "emma").await, [2]);
    assert_eq!(found(&mut first, "dune").await, [1]);
}

async fn index_in_memory_is_used_if_the_folder_cannot_be_made(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file is written");
    let mut service = start(&database, &file.join("search"));
    service.import([book(1, "Dune", &["Frank Herbert"])]).await;
    assert_eq!(found(&mut service, "dune").await, [1]);
}

async fn change_by_another_process_is_found_in_the_background(database: TestDb) {
    let mut first = TestInventory::open(&database);
    let mut second = TestInventory::open(&database);
    first.import([book(1, "Dune", &["Frank Herbert"])]).await;
    assert_eq!(found(&mut second, "dune").await, [1]);
    let _background_tasks = second.inventory.run_in_background();
    first.import([book(2, "Emma", &["Jane Austen"])]).await;
    let finds = async {
        while found(&mut second, "emma").await != [2] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), finds)
        .await
        .expect("the other process finds the book");
}

async fn first_search_of_a_process_waits_for_the_index(database: TestDb) {
    let service = TestInventory::open(&database);
    let imported = ImportedBook {
        book: Book {
            title: "Dune".to_owned(),
            ..Book::new(BookId(1), BookCategory::ScienceFiction)
        },
        on_hand: None,
    };
    let imported = service.inventory.import(vec![imported]).await;
    imported.expect("the book is imported");
    let mut other = TestInventory::open(&database);
    assert_eq!(found(&mut other, "dune").await, [1]);
}

/// Leaves an index of one of two books, as SIGKILL does while an index is made again.
async fn with_half_an_index(database: &TestDb, folder: &Path) {
    let mut service = TestInventory::open(database);
    service
        .import([
            book(1, "Dune", &["Frank Herbert"]),
            book(2, "Emma", &["Jane Austen"]),
        ])
        .await;
    let catalogue: Result<_, InventoryError> = store::read!(database.db(), connection => {
        crate::store::books::catalogue(connection).await
    });
    let catalogue = catalogue.expect("the catalogue is there");
    let mut writer = SearchIndex::default()
        .open(Some(folder), &catalogue)
        .expect("the index is made");
    let first: Result<_, InventoryError> = store::read!(database.db(), connection => {
        crate::store::books::changed_after(connection, Change::BEFORE_FIRST, 1).await
    });
    let first = first.expect("the books are read");
    let [(indexed, change)] = first.as_slice() else {
        panic!("{first:?}");
    };
    let added = writer.add([indexed].into_iter());
    added.expect("the book is indexed");
    let position = Position {
        book: *change,
        ..writer.position().clone()
    };
    writer.commit(position).expect("the half is stored");
}

async fn search_is_refused_until_a_killed_rebuild_is_completed(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    with_half_an_index(&database, folder.path()).await;
    let mut service = start_impatient(&database, folder.path());
    // The rebuild goes on, but needs longer than a search waits.
    let blocked = service.inventory.block_search_writer().await;
    let refused = try_search(&mut service, "emma").await;
    let (code, reason, _) = failure(refused.clone());
    assert_eq!(
        (code, reason.as_str()),
        (tonic::Code::Unavailable, "SEARCH_INDEX_NOT_READY")
    );
    let status = refused.expect_err("it is refused");
    assert!(status.get_details_retry_info().is_some());
    drop(blocked);
    let follow = service.inventory.follow_catalogue().await;
    follow.expect("the index is completed");
    assert_eq!(found(&mut service, "emma").await, [2]);
    assert_eq!(found(&mut service, "dune").await, [1]);
}

async fn search_is_refused_while_the_index_of_a_replaced_catalogue_is_made(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    let mut service = start_impatient(&database, folder.path());
    service
        .import([
            book(1, "Dune", &["Frank Herbert"]),
            book(2, "Emma", &["Jane Austen"]),
        ])
        .await;
    assert_eq!(found(&mut service, "emma").await, [2]);
    let other = TestInventory::open(&database);
    let removal = other.inventory.remove_all_but(&HashSet::from([2])).await;
    removal.expect("a book is removed");
    let blocked = service.inventory.open_index_only().await;
    let (code, ..) = failure(try_search(&mut service, "emma").await);
    assert_eq!(code, tonic::Code::Unavailable);
    drop(blocked);
    let follow = service.inventory.follow_catalogue().await;
    follow.expect("the index is completed");
    assert_eq!(found(&mut service, "emma").await, [2]);
}

async fn older_index_answers_while_it_is_brought_up_to_date(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    with_dune(&database, folder.path()).await;
    let mut other = TestInventory::open(&database);
    other.import([book(2, "Emma", &["Jane Austen"])]).await;
    let mut service = start(&database, folder.path());
    let blocked = service.inventory.open_index_only().await;
    assert_eq!(found(&mut service, "dune").await, [1]);
    assert!(found(&mut service, "emma").await.is_empty());
    drop(blocked);
    assert_eq!(found(&mut service, "emma").await, [2]);
}

fn request(text: &str) -> SearchRequest {
    SearchRequest {
        text: text.to_owned(),
        filters: Default::default(),
        order: Default::default(),
        offset: 0,
        limit: 10,
        with_facets: false,
    }
}

#[tokio::test]
async fn cancelled_search_stops() {
    let database = store::testing::sqlite(&crate::SCHEMA).await;
    let mut service = TestInventory::open(&database);
    service.import([book(1, "Dune", &["Frank Herbert"])]).await;
    let index = service.inventory.search_index();
    let cancellation = Cancellation::default();
    assert!(index.search(&request("dune"), &cancellation).is_ok());
    drop(cancellation.cancel_on_drop());
    let outcome = index.search(&request("dune"), &cancellation);
    assert!(matches!(outcome, Err(SearchError::Cancelled)));
}

#[test]
fn search_without_an_index_is_not_ready() {
    let outcome = SearchIndex::default().search(&request("dune"), &Cancellation::default());
    assert!(matches!(outcome, Err(SearchError::NotReady)));
    let status = Status::from(InventoryError::from(SearchError::NotReady));
    assert_eq!(status.code(), tonic::Code::Unavailable);
}
