use std::time::Duration;

use contract::bookstore::inventory::v1::{
    SetStockRequest, StockLevel, WatchStockRequest, WatchStockResponse,
};
use store::testing::TestDb;
use tonic::{Code, Streaming};

use super::{Shop, failure, metadata};

store::both_engines! {
    crate::SCHEMA =>
    the_levels_come_first_and_then_every_change,
    a_slow_reader_gets_the_newest_level,
    a_watch_of_an_unknown_book_is_refused,
    an_expiry_is_told,
    a_change_by_another_process_is_told,
    who_hangs_up_is_forgotten,
}

const PATIENCE: Duration = Duration::from_secs(10);

async fn watch(shop: &mut Shop, book_ids: &[i32]) -> Streaming<WatchStockResponse> {
    let request = WatchStockRequest {
        book_ids: book_ids.to_vec(),
    };
    shop.client
        .watch_stock(request)
        .await
        .expect("the books exist")
        .into_inner()
}

async fn next(stream: &mut Streaming<WatchStockResponse>) -> StockLevel {
    let message = tokio::time::timeout(PATIENCE, stream.message()).await;
    let message = message
        .expect("a change is told in time")
        .expect("the stream goes on");
    message
        .expect("the stream has no end")
        .level
        .expect("the message has a level")
}

async fn set(shop: &mut Shop, book_id: i32, on_hand: i32) {
    let request = SetStockRequest {
        book_id,
        on_hand: Some(on_hand),
    };
    shop.client
        .set_stock(request)
        .await
        .expect("the stock is set");
}

async fn the_levels_come_first_and_then_every_change(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 3, 10).await;
    let mut stream = watch(&mut shop, &[3, 1]).await;
    for book_id in [3, 1] {
        let level = next(&mut stream).await;
        assert_eq!((level.book_id, level.available), (book_id, 10));
    }
    set(&mut shop, 2, 7).await;
    let held = shop
        .reserve(&[(1, 4), (2, 1)])
        .await
        .expect("copies are held");
    let level = next(&mut stream).await;
    assert_eq!((level.book_id, level.on_hand, level.reserved), (1, 10, 4));
    shop.commit(&held.reservation_id).await.expect("it is held");
    let level = next(&mut stream).await;
    assert_eq!((level.book_id, level.on_hand, level.reserved), (1, 6, 0));
    set(&mut shop, 3, 99).await;
    assert_eq!(next(&mut stream).await.on_hand, 99);
}

async fn a_slow_reader_gets_the_newest_level(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 0).await;
    let mut stream = watch(&mut shop, &[1]).await;
    assert_eq!(next(&mut stream).await.on_hand, 0);
    for on_hand in 1..=300 {
        set(&mut shop, 1, on_hand).await;
    }
    let mut told = 0;
    while next(&mut stream).await.on_hand != 300 {
        told += 1;
    }
    assert!(told < 250, "{told} levels between");
}

async fn a_watch_of_an_unknown_book_is_refused(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let request = WatchStockRequest {
        book_ids: vec![1, 9],
    };
    assert_eq!(
        failure(shop.client.watch_stock(request).await),
        (
            Code::NotFound,
            "BOOK_NOT_FOUND".to_owned(),
            metadata(&[("book_id", "9")])
        )
    );
}

async fn an_expiry_is_told(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let _sweeper = shop.inventory.run_in_background();
    shop.reserve(&[(1, 4)]).await.expect("copies are held");
    let mut stream = watch(&mut shop, &[1]).await;
    assert_eq!(next(&mut stream).await.available, 6);
    shop.clock.advance(Duration::from_secs(900));
    assert_eq!(next(&mut stream).await.available, 10);
}

async fn a_change_by_another_process_is_told(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let _sweeper = shop.inventory.run_in_background();
    let mut stream = watch(&mut shop, &[1]).await;
    assert_eq!(next(&mut stream).await.on_hand, 10);
    let mut elsewhere = Shop::open(&database);
    for on_hand in [5, 6] {
        set(&mut elsewhere, 1, on_hand).await;
        assert_eq!(next(&mut stream).await.on_hand, on_hand);
    }
}

async fn who_hangs_up_is_forgotten(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 2, 10).await;
    let streams = [
        watch(&mut shop, &[1, 2]).await,
        watch(&mut shop, &[2]).await,
    ];
    assert_eq!(shop.inventory.watched_books(), 2);
    drop(streams);
    // The server notices a moment later.
    let forgotten = async {
        while shop.inventory.watched_books() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, forgotten)
        .await
        .expect("nobody watches any more");
}
