//! What was acknowledged is there after the process was killed in the middle of it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use contract::bookstore::inventory::v1::{
    BatchGetStockRequest, GetReservationRequest, ReservationLine, ReservationState,
    ReserveStockRequest, SetStockRequest, StockLevel,
};

use crate::test_process::{Folder, TestProcess, eventually};

/// The books whose stock is set again and again, each by a client of its own.
const SET: [i32; 3] = [1, 2, 3];

/// The book of which one copy after the other is reserved.
const RESERVED: i32 = 4;

/// After so many acknowledged writes the process is killed.
const ENOUGH: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_sigkill() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let plenty = SetStockRequest {
        book_id: RESERVED,
        on_hand: Some(1_000_000),
    };
    process
        .operator()
        .set_stock(plenty)
        .await
        .expect("it is set");

    let acknowledged = Arc::new(AtomicUsize::new(0));
    let setting = SET.map(|book_id| {
        let (client, acknowledged) = (process.operator(), Arc::clone(&acknowledged));
        tokio::spawn(set_until_it_fails(client, book_id, acknowledged))
    });
    let reserving = tokio::spawn(reserve_until_it_fails(
        process.operator(),
        Arc::clone(&acknowledged),
    ));
    eventually("a number of writes", async || {
        (acknowledged.load(Ordering::Relaxed) >= ENOUGH).then_some(())
    })
    .await;
    process.kill().await;

    let process = TestProcess::up(&folder);
    for (book_id, last) in SET.into_iter().zip(setting) {
        let last = last.await.expect("no panic");
        let level = level(&process, book_id).await;
        // The one on its way when the process died may be there or not.
        assert!(
            level.on_hand == last || level.on_hand == last + 1,
            "book {book_id}: {last} was acknowledged, {level:?} is there"
        );
    }
    let reservations = reserving.await.expect("no panic");
    assert!(!reservations.is_empty());
    let level = level(&process, RESERVED).await;
    let extra = usize::try_from(level.reserved).expect("not negative") - reservations.len();
    assert!(extra <= 1, "{} are held of {level:?}", reservations.len());
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

/// Counts up the stock of a book; gives the last that was acknowledged.
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
        };
        if client.set_stock(request).await.is_err() {
            return last;
        }
        last += 1;
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reserves copies; gives the ids of all that were acknowledged.
async fn reserve_until_it_fails(mut client: Client, acknowledged: Arc<AtomicUsize>) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let request = ReserveStockRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            lines: vec![ReservationLine {
                book_id: RESERVED,
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
