use std::time::Duration;

use contract::bookstore::inventory::v1::{
    SetStockRequest, StockLevel, WatchStockRequest, WatchStockResponse,
};
use store::{Db, testing::TestDb};
use tonic::{Code, Streaming};

use super::{TestInventory, failure, metadata};

store::both_engines! {
    crate::SCHEMA =>
    stream_starts_with_the_levels_and_then_sends_changes,
    slow_client_skips_intermediate_levels,
    watch_of_an_unknown_book_is_refused,
    expiry_is_sent,
    change_by_another_process_is_sent,
    subscription_ends_when_the_client_disconnects,
}

const TIMEOUT: Duration = Duration::from_secs(10);

async fn watch(service: &mut TestInventory, book_ids: &[i32]) -> Streaming<WatchStockResponse> {
    let request = WatchStockRequest {
        book_ids: book_ids.to_vec(),
    };
    service
        .client
        .watch_stock(request)
        .await
        .expect("the books exist")
        .into_inner()
}

async fn next(stream: &mut Streaming<WatchStockResponse>) -> StockLevel {
    let message = tokio::time::timeout(TIMEOUT, stream.message()).await;
    let message = message
        .expect("a change arrives in time")
        .expect("the stream goes on");
    message
        .expect("the stream has no end")
        .level
        .expect("the message has a level")
}

async fn set(service: &mut TestInventory, book_id: i32, on_hand: i32) {
    let request = SetStockRequest {
        book_id,
        on_hand: Some(on_hand),
        expected_on_hand: None,
    };
    service
        .client
        .set_stock(request)
        .await
        .expect("the stock is set");
}

async fn stream_starts_with_the_levels_and_then_sends_changes(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 3, 10).await;
    let mut stream = watch(&mut service, &[3, 1]).await;
    for book_id in [3, 1] {
        let level = next(&mut stream).await;
        assert_eq!((level.book_id, level.available), (book_id, 10));
    }
    set(&mut service, 2, 7).await;
    let held = service
        .reserve(&[(1, 4), (2, 1)])
        .await
        .expect("copies are held");
    let level = next(&mut stream).await;
    assert_eq!((level.book_id, level.on_hand, level.reserved), (1, 10, 4));
    service
        .commit(&held.reservation_id)
        .await
        .expect("it is held");
    let level = next(&mut stream).await;
    assert_eq!((level.book_id, level.on_hand, level.reserved), (1, 6, 0));
    set(&mut service, 3, 99).await;
    assert_eq!(next(&mut stream).await.on_hand, 99);
}

async fn slow_client_skips_intermediate_levels(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 0).await;
    let mut stream = watch(&mut service, &[1]).await;
    assert_eq!(next(&mut stream).await.on_hand, 0);
    for on_hand in 1..=300 {
        set(&mut service, 1, on_hand).await;
    }
    let mut received = 0;
    while next(&mut stream).await.on_hand != 300 {
        received += 1;
    }
    assert!(received < 250, "{received} intermediate levels");
}

async fn watch_of_an_unknown_book_is_refused(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let request = WatchStockRequest {
        book_ids: vec![1, 9],
    };
    assert_eq!(
        failure(service.client.watch_stock(request).await),
        (
            Code::NotFound,
            "BOOK_NOT_FOUND".to_owned(),
            metadata(&[("book_id", "9")])
        )
    );
}

async fn expiry_is_sent(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let _background_task = service.inventory.run_in_background();
    service.reserve(&[(1, 4)]).await.expect("copies are held");
    let mut stream = watch(&mut service, &[1]).await;
    assert_eq!(next(&mut stream).await.available, 6);
    service.clock.advance(Duration::from_secs(900));
    assert_eq!(next(&mut stream).await.available, 10);
}

async fn change_by_another_process_is_sent(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let _background_task = service.inventory.run_in_background();
    let mut stream = watch(&mut service, &[1]).await;
    assert_eq!(next(&mut stream).await.on_hand, 10);
    let mut other_process = TestInventory::open(&database);
    for on_hand in [5, 6] {
        set(&mut other_process, 1, on_hand).await;
        assert_eq!(next(&mut stream).await.on_hand, on_hand);
    }
}

/// Two processes on one PostgreSQL database see each other's changes without polling.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn change_by_another_process_is_sent_at_once_on_postgres() {
    let database = store::testing::postgres(&crate::SCHEMA).await;
    let mut one = TestInventory::with_stock(&database, 1, 10).await;
    let db = Db::open(database.location(), &crate::SCHEMA).await;
    let mut other = TestInventory::with_db(db.expect("the database is open"));
    let mut streams = Vec::new();
    let mut background = Vec::new();
    for service in [&mut one, &mut other] {
        background.push(service.inventory.forward_in_background());
        let mut stream = watch(service, &[1]).await;
        assert_eq!(next(&mut stream).await.on_hand, 10);
        streams.push(stream);
    }
    for on_hand in 20..25 {
        let service = if on_hand % 2 == 0 {
            &mut one
        } else {
            &mut other
        };
        set(service, 1, on_hand).await;
        for stream in &mut streams {
            assert_eq!(next(stream).await.on_hand, on_hand);
        }
    }
}

async fn subscription_ends_when_the_client_disconnects(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 2, 10).await;
    let streams = [
        watch(&mut service, &[1, 2]).await,
        watch(&mut service, &[2]).await,
    ];
    let watchers = service.inventory.watchers();
    assert_eq!(watchers.watched().len(), 2);
    drop(streams);
    // The server notices the disconnect a moment later.
    let unsubscribed = async {
        while !watchers.watched().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, unsubscribed)
        .await
        .expect("all subscriptions end");
}
