use contract::bookstore::inventory::v1::{BatchGetStockRequest, SetStockRequest, StockLevel};
use store::testing::TestDb;
use tonic::{Code, Status};

use super::{Shop, failure, levels, metadata};

store::both_engines! {
    crate::SCHEMA =>
    levels_come_in_the_order_asked_without_unknown_books,
    stock_is_set,
    stock_is_not_set_below_what_is_reserved,
    stock_of_an_unknown_book_is_not_set,
}

async fn set(shop: &mut Shop, book_id: i32, on_hand: i32) -> Result<StockLevel, Status> {
    let request = SetStockRequest {
        book_id,
        on_hand: Some(on_hand),
    };
    let answer = shop.client.set_stock(request).await?;
    Ok(answer.into_inner().level.expect("the answer has a level"))
}

async fn levels_come_in_the_order_asked_without_unknown_books(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 3, 7).await;
    let request = BatchGetStockRequest {
        book_ids: vec![3, 9, 1],
    };
    let answer = shop
        .client
        .batch_get_stock(request)
        .await
        .expect("the stock is read");
    let found: Vec<_> = answer
        .into_inner()
        .levels
        .iter()
        .map(|level| (level.book_id, level.on_hand))
        .collect();
    assert_eq!(found, [(3, 7), (1, 7)]);
}

async fn stock_is_set(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 7).await;
    for on_hand in [0, 1_000_000, 3, 3] {
        let level = set(&mut shop, 1, on_hand).await.expect("the stock is set");
        assert_eq!(levels(level), (on_hand, 0, on_hand));
        assert_eq!(shop.level(1).await, level);
    }
}

async fn stock_is_not_set_below_what_is_reserved(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 7).await;
    shop.reserve(&[(1, 5)]).await.expect("copies are held");
    assert_eq!(
        failure(set(&mut shop, 1, 4).await),
        (
            Code::FailedPrecondition,
            "STOCK_BELOW_RESERVED".to_owned(),
            metadata(&[("book_id", "1"), ("reserved", "5")])
        )
    );
    let level = set(&mut shop, 1, 5).await.expect("the stock is set");
    assert_eq!(levels(level), (5, 5, 0));
}

async fn stock_of_an_unknown_book_is_not_set(database: TestDb) {
    let mut shop = Shop::open(&database);
    assert_eq!(
        failure(set(&mut shop, 5, 4).await),
        (
            Code::NotFound,
            "BOOK_NOT_FOUND".to_owned(),
            metadata(&[("book_id", "5")])
        )
    );
}
