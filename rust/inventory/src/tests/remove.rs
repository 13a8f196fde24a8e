//! Tests of the removal of books.

use std::{collections::HashSet, time::Duration};

use contract::bookstore::inventory::v1::{
    GetBookRequest, ListCategoriesRequest, SearchBooksRequest,
};
use store::testing::TestDb;
use tempfile::TempDir;

use super::{TestInventory, book, counts};
use crate::{Options, Removal};

store::both_engines! {
    crate::SCHEMA =>
    only_kept_books_are_left_and_found,
    ordered_book_stays_without_available_copies,
    other_process_finds_that_books_are_gone,
}

async fn found(service: &mut TestInventory, query: &str) -> i32 {
    let request = SearchBooksRequest {
        query: query.to_owned(),
        ..SearchBooksRequest::default()
    };
    let response = service.client.search_books(request).await;
    response
        .expect("the search succeeds")
        .into_inner()
        .total_count
}

async fn revision(service: &mut TestInventory) -> i64 {
    let response = service.client.list_categories(ListCategoriesRequest {});
    let response = response.await.expect("the categories are listed");
    response.into_inner().catalogue_revision
}

async fn only_kept_books_are_left_and_found(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    let options = Options {
        search_folder: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let mut service = TestInventory::with_options(database.db().clone(), options);
    let books = (1..=700).map(|id| book(id, &format!("Volume {id}"), &["Author"]));
    service.import(books).await;
    assert_eq!(found(&mut service, "volume").await, 700);
    let before = revision(&mut service).await;

    let kept = HashSet::from([7, 699, 10_000]);
    let removal = service.inventory.remove_all_but(&kept).await;
    assert_eq!(
        removal.expect("books are removed"),
        Removal {
            removed: 698,
            ordered: 0
        }
    );
    assert!(revision(&mut service).await > before);
    let follow = service.inventory.follow_catalogue().await;
    follow.expect("the index is made again");
    assert_eq!(found(&mut service, "volume").await, 2);
    let gone = service.client.get_book(GetBookRequest { book_id: 8 });
    assert_eq!(
        gone.await.expect_err("it is gone").code(),
        tonic::Code::NotFound
    );
    // A removed book can come back.
    service.import([book(8, "Volume 8", &["Author"])]).await;
    assert_eq!(found(&mut service, "volume").await, 3);

    let kept = HashSet::from([7, 8, 699]);
    let again = service.inventory.remove_all_but(&kept).await;
    assert_eq!(again.expect("nothing is left to do"), Removal::default());
}

async fn ordered_book_stays_without_available_copies(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 3, 10).await;
    service.reserve(&[(2, 4)]).await.expect("copies are held");
    let removal = service.inventory.remove_all_but(&HashSet::new()).await;
    assert_eq!(
        removal.expect("books are removed"),
        Removal {
            removed: 2,
            ordered: 1
        }
    );
    assert_eq!(counts(service.level(2).await), (4, 4, 0));
}

async fn other_process_finds_that_books_are_gone(database: TestDb) {
    let mut here = TestInventory::with_stock(&database, 3, 1).await;
    let mut other = TestInventory::open(&database);
    assert_eq!(found(&mut other, "book").await, 3);
    let _background = other.inventory.run_in_background();
    let kept = HashSet::from([1]);
    let removal = here.inventory.remove_all_but(&kept).await;
    removal.expect("books are removed");
    let is_found = async {
        while found(&mut other, "book").await != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let limit = Duration::from_secs(20);
    let in_time = tokio::time::timeout(limit, is_found).await;
    in_time.expect("the other process makes its index again");
    assert_eq!(found(&mut here, "book").await, 1);
}
