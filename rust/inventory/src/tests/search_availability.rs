//! Searches for books that can be bought: the index follows the stock.

use std::{collections::HashSet, path::Path, time::Duration};

use contract::bookstore::inventory::v1::{
    CommitReservationRequest, ReleaseReservationRequest, SearchBooksRequest, SearchBooksResponse,
    SetStockRequest,
};
use store::testing::TestDb;
use tempfile::TempDir;
use uuid::Uuid;

use super::{TestInventory, book};
use crate::Options;

store::both_engines! {
    crate::SCHEMA =>
    sold_out_books_are_filtered_and_counted,
    every_change_of_the_stock_is_followed,
    change_of_the_stock_by_another_process_is_followed_in_the_background,
    changes_of_the_stock_between_two_starts_are_followed,
    sold_out_book_that_stays_when_others_are_removed_is_not_in_stock,
    concurrent_changes_of_the_stock_are_all_followed,
}

async fn search(service: &mut TestInventory) -> SearchBooksResponse {
    let request = SearchBooksRequest {
        query: "book".to_owned(),
        in_stock_only: true,
        with_facets: true,
        page_size: 200,
        ..SearchBooksRequest::default()
    };
    let response = service.client.search_books(request).await;
    response.expect("the search succeeds").into_inner()
}

/// The ids of the found books in stock, in ascending order.
async fn in_stock(service: &mut TestInventory) -> Vec<i32> {
    let found = search(service).await;
    let mut ids: Vec<_> = found.books.iter().map(|book| book.book_id).collect();
    ids.sort_unstable();
    assert_eq!(found.total_count as usize, ids.len());
    let facets = found.facets.expect("facets were asked for");
    assert_eq!(facets.in_stock_count as usize, ids.len());
    ids
}

/// The same after the index has followed all changes.
async fn in_stock_now(service: &mut TestInventory) -> Vec<i32> {
    let follow = service.inventory.follow_catalogue().await;
    follow.expect("the index is written");
    in_stock(service).await
}

async fn set_stock(service: &TestInventory, book_id: i32, on_hand: i32) {
    let request = SetStockRequest {
        book_id,
        on_hand: Some(on_hand),
        expected_on_hand: None,
    };
    let set = service.client.clone().set_stock(request).await;
    set.expect("the stock is set");
}

async fn sold_out_books_are_filtered_and_counted(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let books = [(1, 3), (2, 0), (3, 1)].map(|(id, on_hand)| {
        let mut import = book(id, &format!("Book {id}"), &["Author"]);
        import.on_hand = Some(on_hand);
        import
    });
    service.import(books).await;
    assert_eq!(in_stock(&mut service).await, [1, 3]);
    let request = SearchBooksRequest {
        query: "book".to_owned(),
        with_facets: true,
        ..SearchBooksRequest::default()
    };
    let all = service.client.search_books(request).await;
    let all = all.expect("the search succeeds").into_inner();
    let facets = all.facets.expect("facets were asked for");
    assert_eq!((all.total_count, facets.in_stock_count), (3, 2));
}

async fn every_change_of_the_stock_is_followed(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 3, 2).await;
    assert_eq!(in_stock(&mut service).await, [1, 2, 3]);

    let held = service.reserve(&[(1, 2), (2, 1)]).await;
    let released = held.expect("the copies are there").reservation_id;
    assert_eq!(in_stock_now(&mut service).await, [2, 3]);
    let held = service.reserve(&[(2, 1)]).await;
    let committed = held.expect("a copy is left").reservation_id;
    assert_eq!(in_stock_now(&mut service).await, [3]);

    let request = ReleaseReservationRequest {
        reservation_id: released,
    };
    let release = service.cart.release_reservation(request).await;
    release.expect("it is held");
    assert_eq!(in_stock_now(&mut service).await, [1, 2, 3]);

    let request = CommitReservationRequest {
        reservation_id: committed,
    };
    let commit = service.cart.commit_reservation(request).await;
    commit.expect("it is held");
    assert_eq!(in_stock_now(&mut service).await, [1, 2, 3]);

    set_stock(&service, 3, 0).await;
    assert_eq!(in_stock_now(&mut service).await, [1, 2]);
    set_stock(&service, 3, 5).await;
    assert_eq!(in_stock_now(&mut service).await, [1, 2, 3]);

    let held = service
        .reserve_as(Uuid::new_v4(), &[(3, 5)], Some(60))
        .await;
    held.expect("the copies are there");
    assert_eq!(in_stock_now(&mut service).await, [1, 2]);
    service.clock.advance(Duration::from_secs(61));
    service.inventory.sweep().await.expect("it expires");
    assert_eq!(in_stock_now(&mut service).await, [1, 2, 3]);

    let mut sold_out = book(1, "Book 1", &["Author"]);
    sold_out.on_hand = Some(0);
    service.import([sold_out]).await;
    assert_eq!(in_stock(&mut service).await, [2, 3]);
    // The import changes the book, and its stock is as before.
    service.import([book(1, "Another book", &["Author"])]).await;
    assert_eq!(in_stock(&mut service).await, [2, 3]);
}

async fn change_of_the_stock_by_another_process_is_followed_in_the_background(database: TestDb) {
    let mut first = TestInventory::with_stock(&database, 2, 1).await;
    let mut second = TestInventory::open(&database);
    assert_eq!(in_stock(&mut second).await, [1, 2]);
    let _background_tasks = second.inventory.run_in_background();
    first.reserve(&[(1, 1)]).await.expect("the copy is there");
    let follows = async {
        while in_stock(&mut second).await != [2] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), follows)
        .await
        .expect("the other process finds that the book is sold out");
}

fn start(database: &TestDb, folder: &Path) -> TestInventory {
    let options = Options {
        search_folder: Some(folder.to_owned()),
        ..Options::default()
    };
    TestInventory::with_options(database.db().clone(), options)
}

async fn changes_of_the_stock_between_two_starts_are_followed(database: TestDb) {
    let folder = TempDir::new().expect("a folder is made");
    let mut other = TestInventory::with_stock(&database, 3, 1).await;
    let mut service = start(&database, folder.path());
    assert_eq!(in_stock(&mut service).await, [1, 2, 3]);
    drop(service);
    other.reserve(&[(2, 1)]).await.expect("the copy is there");
    let mut service = start(&database, folder.path());
    assert_eq!(in_stock(&mut service).await, [1, 3]);
}

async fn sold_out_book_that_stays_when_others_are_removed_is_not_in_stock(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 3, 5).await;
    service.reserve(&[(1, 1)]).await.expect("copies are there");
    let kept = HashSet::from([3]);
    let removal = service.inventory.remove_all_but(&kept).await;
    assert_eq!(removal.expect("a book is removed").ordered, 1);
    assert_eq!(in_stock_now(&mut service).await, [3]);
}

async fn concurrent_changes_of_the_stock_are_all_followed(database: TestDb) {
    const BOOKS: i32 = 24;
    let mut service = TestInventory::with_stock(&database, BOOKS, 1).await;
    let _background_tasks = service.inventory.run_in_background();
    // Two books each, in both orders.
    let sales = (1..=BOOKS).map(|id| {
        let mut client = service.client.clone();
        let other = BOOKS + 1 - id;
        let lines = [(id, 1), (other, 1)];
        let request = super::reservation_request(Uuid::new_v4(), &lines, None);
        async move { client.reserve_stock(request).await.is_ok() }
    });
    let sold = futures::future::join_all(sales).await;
    assert_eq!(sold.iter().filter(|sold| **sold).count(), 12);
    assert_eq!(in_stock_now(&mut service).await, [0; 0]);
    let restock = (1..=BOOKS).map(|id| set_stock(&service, id, 2));
    futures::future::join_all(restock).await;
    assert_eq!(in_stock_now(&mut service).await.len(), BOOKS as usize);
}
