use contract::bookstore::inventory::v1::{BatchGetStockRequest, SetStockRequest, StockLevel};
use store::testing::TestDb;
use tonic::{Code, Status};

use super::{TestInventory, counts, failure, metadata};

store::both_engines! {
    crate::SCHEMA =>
    levels_are_in_the_requested_order_without_unknown_books,
    stock_is_set,
    stock_below_the_reserved_copies_is_refused,
    stock_of_an_unknown_book_is_refused,
    stock_that_has_changed_is_not_set,
}

async fn set(
    service: &mut TestInventory,
    book_id: i32,
    on_hand: i32,
) -> Result<StockLevel, Status> {
    let request = SetStockRequest {
        book_id,
        on_hand: Some(on_hand),
        expected_on_hand: None,
    };
    let response = service.client.set_stock(request).await?;
    Ok(response
        .into_inner()
        .level
        .expect("the response has a level"))
}

/// Sets the stock if it is `expected`.
async fn set_if(
    service: &TestInventory,
    expected: i32,
    on_hand: i32,
) -> Result<StockLevel, Status> {
    let request = SetStockRequest {
        book_id: 1,
        on_hand: Some(on_hand),
        expected_on_hand: Some(expected),
    };
    let response = service.client.clone().set_stock(request).await?;
    Ok(response.into_inner().level.expect("required"))
}

async fn stock_that_has_changed_is_not_set(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 7).await;
    for _ in 0..2 {
        // The answer of the first call may be lost.
        let level = set_if(&service, 7, 9).await.expect("the stock is set");
        assert_eq!(counts(level), (9, 0, 9));
    }
    let changed = (
        Code::FailedPrecondition,
        "STOCK_CHANGED".to_owned(),
        metadata(&[("book_id", "1"), ("on_hand", "9")]),
    );
    assert_eq!(failure(set_if(&service, 7, 8).await), changed);
    assert_eq!(failure(set_if(&service, 0, 0).await), changed);
    service.reserve(&[(1, 5)]).await.expect("copies are held");
    // A reservation changes nothing in the warehouse.
    let level = set_if(&service, 9, 6).await.expect("the stock is set");
    assert_eq!(counts(level), (6, 5, 1));
    let refused = failure(set_if(&service, 6, 4).await);
    assert_eq!(refused.1, "STOCK_BELOW_RESERVED");
    assert_eq!(counts(service.level(1).await), (6, 5, 1));
}

async fn levels_are_in_the_requested_order_without_unknown_books(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 3, 7).await;
    let request = BatchGetStockRequest {
        book_ids: vec![3, 9, 1],
    };
    let response = service
        .client
        .batch_get_stock(request)
        .await
        .expect("the stock is read");
    let found: Vec<_> = response
        .into_inner()
        .levels
        .iter()
        .map(|level| (level.book_id, level.on_hand))
        .collect();
    assert_eq!(found, [(3, 7), (1, 7)]);
}

async fn stock_is_set(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 7).await;
    for on_hand in [0, 1_000_000, 3, 3] {
        let level = set(&mut service, 1, on_hand)
            .await
            .expect("the stock is set");
        assert_eq!(counts(level), (on_hand, 0, on_hand));
        assert_eq!(service.level(1).await, level);
    }
}

async fn stock_below_the_reserved_copies_is_refused(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 7).await;
    service.reserve(&[(1, 5)]).await.expect("copies are held");
    assert_eq!(
        failure(set(&mut service, 1, 4).await),
        (
            Code::FailedPrecondition,
            "STOCK_BELOW_RESERVED".to_owned(),
            metadata(&[("book_id", "1"), ("reserved", "5")])
        )
    );
    let level = set(&mut service, 1, 5).await.expect("the stock is set");
    assert_eq!(counts(level), (5, 5, 0));
}

async fn stock_of_an_unknown_book_is_refused(database: TestDb) {
    let mut service = TestInventory::open(&database);
    assert_eq!(
        failure(set(&mut service, 5, 4).await),
        (
            Code::NotFound,
            "BOOK_NOT_FOUND".to_owned(),
            metadata(&[("book_id", "5")])
        )
    );
}
