//! Acknowledged writes are still there after SIGKILL during a stream of writes.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use contract::bookstore::inventory::v1::{
    BatchGetStockRequest, GetReservationRequest, ReservationLine, ReservationState,
    ReserveStockRequest, SetStockRequest, StockLevel,
};

use tokio::task::JoinSet;

use crate::test_process::{Folder, TestProcess, eventually};

/// The books whose stock is set repeatedly, each by its own client.
const SET_BOOKS: [i32; 3] = [1, 2, 3];

/// The book whose copies are reserved one by one.
const RESERVED_BOOK: i32 = 4;

/// The callers that reserve copies concurrently, so that their transactions share commits.
const RESERVING_CALLERS: usize = 64;

/// The number of acknowledged writes after which the process is killed.
const WRITES_BEFORE_KILL: usize = 600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_sigkill() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let plenty = SetStockRequest {
        book_id: RESERVED_BOOK,
        on_hand: Some(1_000_000),
        expected_on_hand: None,
    };
    process
        .operator()
        .set_stock(plenty)
        .await
        .expect("it is set");

    let acknowledged = Arc::new(AtomicUsize::new(0));
    let setting = SET_BOOKS.map(|book_id| {
        let (client, acknowledged) = (process.operator(), Arc::clone(&acknowledged));
        tokio::spawn(set_until_it_fails(client, book_id, acknowledged))
    });
    let mut reserving = JoinSet::new();
    for _ in 0..RESERVING_CALLERS {
        let acknowledged = Arc::clone(&acknowledged);
        reserving.spawn(reserve_until_it_fails(process.operator(), acknowledged));
    }
    eventually("a number of writes", async || {
        (acknowledged.load(Ordering::Relaxed) >= WRITES_BEFORE_KILL).then_some(())
    })
    .await;
    process.kill().await;

    let process = TestProcess::up(&folder);
    for (book_id, last) in SET_BOOKS.into_iter().zip(setting) {
        let last = last.await.expect("no panic");
        let level = level(&process, book_id).await;
        // The write in flight when the process died may or may not be stored.
        assert!(
            level.on_hand == last || level.on_hand == last + 1,
            "book {book_id}: {last} was acknowledged, but the stock is {level:?}"
        );
    }
    let reservations = reserving.join_all().await.concat();
    assert!(!reservations.is_empty());
    let level = level(&process, RESERVED_BOOK).await;
    let extra = usize::try_from(level.reserved).expect("not negative") - reservations.len();
    assert!(
        extra <= RESERVING_CALLERS,
        "{} reservations were acknowledged, but the stock is {level:?}",
        reservations.len()
    );
    for reservation_id in reservations {
        let request = GetReservationRequest { reservation_id };
        let answer = process.operator().get_reservation(request).await;
        let reservation = answer
            .expect("it was acknowledged")
            .into_inner()
            .reservation;
        let state = reservation.expect("required").state();
        assert_eq!(state, ReservationState::Held);
    }
}

type Client = contract::bookstore::inventory::v1::inventory_service_client::InventoryServiceClient<
    rpc::Channel,
>;

/// Increments the stock of a book; returns the last acknowledged value.
async fn set_until_it_fails(
    mut client: Client,
    book_id: i32,
    acknowledged: Arc<AtomicUsize>,
) -> i32 {
    let mut last = 0;
    loop {
        let request = SetStockRequest {
            book_id,
            on_hand: Some(last + 1),
            expected_on_hand: None,
        };
        if client.set_stock(request).await.is_err() {
            return last;
        }
        last += 1;
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reserves copies; returns the ids of all acknowledged reservations.
async fn reserve_until_it_fails(mut client: Client, acknowledged: Arc<AtomicUsize>) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let request = ReserveStockRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            lines: vec![ReservationLine {
                book_id: RESERVED_BOOK,
                quantity: 1,
            }],
            hold: None,
        };
        let Ok(answer) = client.reserve_stock(request).await else {
            return ids;
        };
        let reservation = answer.into_inner().reservation.expect("required");
        ids.push(reservation.reservation_id);
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

async fn level(process: &TestProcess, book_id: i32) -> StockLevel {
    let request = BatchGetStockRequest {
        book_ids: vec![book_id],
    };
    let answer = process.inventory().batch_get_stock(request).await;
    answer.expect("the book is there").into_inner().levels[0]
}
