//! Concurrent calls: stock never becomes negative, and no reservation is lost or made twice.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use contract::bookstore::inventory::v1::{
    BatchGetStockRequest, CommitReservationRequest, GetReservationRequest, ImportBooksRequest,
    ReleaseReservationRequest, Reservation, ReservationState,
};
use rand::{Rng, RngExt as _, SeedableRng, rngs::StdRng};
use store::testing::TestDb;
use tokio::task::JoinSet;
use tonic::Code;
use uuid::Uuid;

use super::{Client, TestInventory, book, reservation_request};

store::both_engines! {
    crate::SCHEMA =>
    concurrent_reservations_neither_oversell_nor_lose_copies,
    concurrent_retries_make_one_reservation,
    concurrent_commit_and_release_have_one_winner,
    concurrent_imports_and_reservations_succeed,
}

const TASKS: u64 = 50;
const RESERVATIONS: usize = 20;
const BOOKS: i32 = 5;
const ON_HAND: i32 = 200;

fn random_lines(rng: &mut impl Rng) -> Vec<(i32, i32)> {
    (0..rng.random_range(1..=3))
        .map(|_| (rng.random_range(1..=BOOKS), rng.random_range(1..=3)))
        .collect()
}

/// Makes random reservations and commits, releases or abandons them. Returns their ids.
async fn buyer(mut client: Client, seed: u64) -> Vec<String> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut ids = Vec::new();
    for _ in 0..RESERVATIONS {
        let request = reservation_request(
            Uuid::new_v4(),
            &random_lines(&mut rng),
            Some(rng.random_range(1..=4)),
        );
        let id = match client.reserve_stock(request).await {
            Ok(response) => {
                response
                    .into_inner()
                    .reservation
                    .expect("it is there")
                    .reservation_id
            }
            Err(status) => {
                assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
                continue;
            }
        };
        ids.push(id.clone());
        let outcome = match rng.random_range(0..4) {
            0 => client.commit_reservation(commit(&id)).await.map(|_| ()),
            1 | 2 => client.release_reservation(release(&id)).await.map(|_| ()),
            _ => Ok(()),
        };
        if let Err(status) = outcome {
            assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
        }
    }
    ids
}

fn commit(id: &str) -> CommitReservationRequest {
    CommitReservationRequest {
        reservation_id: id.to_owned(),
    }
}

fn release(id: &str) -> ReleaseReservationRequest {
    ReleaseReservationRequest {
        reservation_id: id.to_owned(),
    }
}

/// Reads the stock until `done` is set. The codec validates each level by the contract: no
/// negative numbers.
async fn observer(mut client: Client, done: Arc<AtomicBool>) -> usize {
    let mut reads = 0;
    while !done.load(Ordering::Relaxed) {
        let request = BatchGetStockRequest {
            book_ids: (1..=BOOKS).collect(),
        };
        let response = client
            .batch_get_stock(request)
            .await
            .expect("the stock is read");
        for level in response.into_inner().levels {
            assert!(level.reserved <= level.on_hand, "{level:?}");
            assert_eq!(level.available, level.on_hand - level.reserved);
        }
        reads += 1;
        tokio::task::yield_now().await;
    }
    reads
}

async fn read(client: &mut Client, id: &str) -> Reservation {
    let request = GetReservationRequest {
        reservation_id: id.to_owned(),
    };
    let response = client
        .get_reservation(request)
        .await
        .expect("no reservation is lost");
    response.into_inner().reservation.expect("it is there")
}

async fn concurrent_reservations_neither_oversell_nor_lose_copies(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, BOOKS, ON_HAND).await;
    let _background_task = service.inventory.run_in_background();
    let done = Arc::new(AtomicBool::new(false));
    let observing = tokio::spawn(observer(service.client.clone(), Arc::clone(&done)));
    let mut buyers = JoinSet::new();
    for seed in 0..TASKS {
        buyers.spawn(buyer(service.cart.clone(), seed));
    }
    let mut ids = Vec::new();
    while let Some(bought) = buyers.join_next().await {
        ids.extend(bought.expect("no buyer fails"));
        // Some reservations expire while other buyers are active.
        service.clock.advance(Duration::from_millis(100));
    }
    done.store(true, Ordering::Relaxed);
    assert!(observing.await.expect("the stock is never wrong") > 0);

    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "no reservation is made twice");
    let mut held: HashMap<i32, i32> = HashMap::new();
    let mut committed: HashMap<i32, i32> = HashMap::new();
    let mut ends: HashMap<ReservationState, usize> = HashMap::new();
    for id in &ids {
        let reservation = read(&mut service.client, id).await;
        *ends.entry(reservation.state()).or_default() += 1;
        let sums = match reservation.state() {
            ReservationState::Held => &mut held,
            ReservationState::Committed => &mut committed,
            _ => continue,
        };
        for line in reservation.lines {
            *sums.entry(line.book_id).or_default() += line.quantity;
        }
    }
    for state in [
        ReservationState::Committed,
        ReservationState::Released,
        ReservationState::Expired,
    ] {
        assert!(ends.get(&state).is_some_and(|count| *count > 0), "{ends:?}");
    }
    for book_id in 1..=BOOKS {
        let level = service.level(book_id).await;
        let sum_of = |sums: &HashMap<i32, i32>| sums.get(&book_id).copied().unwrap_or_default();
        assert_eq!(
            level.on_hand,
            ON_HAND - sum_of(&committed),
            "book {book_id}"
        );
        assert_eq!(level.reserved, sum_of(&held), "book {book_id}");
    }
}

async fn concurrent_retries_make_one_reservation(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    for round in 1..=5 {
        let request = reservation_request(Uuid::new_v4(), &[(1, 2)], None);
        let mut calls = JoinSet::new();
        for _ in 0..20 {
            let mut client = service.client.clone();
            let request = request.clone();
            calls.spawn(async move { client.reserve_stock(request).await });
        }
        let mut responses = Vec::new();
        while let Some(response) = calls.join_next().await {
            let response = response
                .expect("no call panics")
                .expect("every retry succeeds");
            responses.push(response.into_inner());
        }
        responses.dedup();
        assert_eq!(responses.len(), 1);
        assert_eq!(service.level(1).await.reserved, 2 * round);
    }
}

async fn concurrent_commit_and_release_have_one_winner(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 1000).await;
    let mut on_hand = 1000;
    for _ in 0..20 {
        let id = service
            .reserve(&[(1, 3)])
            .await
            .expect("copies are held")
            .reservation_id;
        let mut calls = JoinSet::new();
        for _ in 0..5 {
            let (mut one, mut other) = (service.cart.clone(), service.cart.clone());
            let (commit, release) = (commit(&id), release(&id));
            calls.spawn(async move { one.commit_reservation(commit).await.is_ok() });
            calls.spawn(async move { other.release_reservation(release).await.is_ok() });
        }
        let won = calls
            .join_all()
            .await
            .into_iter()
            .filter(|won| *won)
            .count();
        assert_eq!(won, 5, "either all commits or all releases succeed");
        if read(&mut service.client, &id).await.state() == ReservationState::Committed {
            on_hand -= 3;
        }
        let level = service.level(1).await;
        assert_eq!((level.on_hand, level.reserved), (on_hand, 0));
    }
}

async fn concurrent_imports_and_reservations_succeed(database: TestDb) {
    let service = TestInventory::with_stock(&database, BOOKS, ON_HAND).await;
    let mut tasks = JoinSet::new();
    for seed in 0..10 {
        let buying = buyer(service.cart.clone(), seed);
        tasks.spawn(async move { drop(buying.await) });
        let mut client = service.client.clone();
        tasks.spawn(async move {
            for round in 0..10 {
                let books = (1..=BOOKS + 20).rev().map(|id| {
                    let mut import = book(id, &format!("Round {round} of {seed}"), &["Author"]);
                    import.on_hand = Some(ON_HAND + round);
                    import
                });
                let message = ImportBooksRequest {
                    books: books.collect(),
                };
                let response = client.import_books(futures::stream::iter([message])).await;
                let response = response.expect("the import succeeds").into_inner();
                let sum = response.created + response.updated + response.unchanged;
                assert_eq!(sum, i64::from(BOOKS) + 20);
            }
        });
    }
    tasks.join_all().await;
}
