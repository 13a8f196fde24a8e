use std::time::Duration;

use service::{BookId, Clock};
use store::testing::TestDb;
use uuid::Uuid;

use super::{TestInventory, failure};

store::both_engines! {
    crate::SCHEMA =>
    copies_of_expired_reservations_are_released_in_the_background,
    old_requests_are_pruned_in_the_background,
    reservations_of_a_clock_that_was_far_ahead_do_not_hold_for_ever,
    clock_before_1970_is_accepted,
}

/// The reserved copies in the table. A call of the service would expire reservations.
async fn reserved(service: &TestInventory) -> i32 {
    let level = store::read!(service.inventory.db(), connection => {
        crate::store::stock::level(connection, BookId(1)).await
    });
    level
        .expect("the stock is read")
        .expect("the book exists")
        .reserved
}

async fn copies_of_expired_reservations_are_released_in_the_background(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 500).await;
    // More than one transaction of the background task expires.
    for _ in 0..250 {
        service.reserve(&[(1, 1)]).await.expect("copies are held");
    }
    service.clock.advance(Duration::from_secs(900));
    assert_eq!(reserved(&service).await, 250);
    let changes = service.inventory.watchers().subscribe(&[BookId(1)]);
    let _background_task = service.inventory.run_in_background();
    let released = async {
        while reserved(&service).await > 0 {
            changes.next_changes().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), released)
        .await
        .expect("the copies are released");
}

async fn old_requests_are_pruned_in_the_background(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let request_id = Uuid::new_v4();
    service
        .reserve_as(request_id, &[(1, 1)], None)
        .await
        .expect("copies are held");
    let other = service.reserve_as(request_id, &[(1, 2)], None).await;
    assert_eq!(failure(other).1, "REQUEST_ID_REUSED");
    service.clock.advance(Duration::from_secs(25 * 3600));
    let _background_task = service.inventory.run_in_background();
    let pruned = async {
        while service.reserve_two(request_id).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), pruned)
        .await
        .expect("the request is pruned");
}

async fn reservations_of_a_clock_that_was_far_ahead_do_not_hold_for_ever(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let now = service.clock.now();
    let ten_years = Duration::from_secs(10 * 365 * 24 * 3600);
    service.clock.advance(ten_years);
    service.reserve(&[(1, 4)]).await.expect("copies are held");
    service.clock.set(now);
    let longest = service
        .reserve_as(Uuid::new_v4(), &[(1, 1)], Some(3600))
        .await;
    let longest = longest.expect("copies are held").reservation_id;
    service.sweep().await;
    service.clock.advance(Duration::from_secs(3599));
    service.sweep().await;
    assert_eq!(reserved(&service).await, 5, "they hold for an hour");
    service.commit(&longest).await.expect("it is held");
    service.clock.advance(Duration::from_secs(1));
    service.sweep().await;
    assert_eq!(reserved(&service).await, 0);
}

async fn clock_before_1970_is_accepted(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let long_ago = "1901-02-03T04:05:06Z".parse().expect("the time parses");
    service.clock.set(long_ago);
    let held = service.reserve(&[(1, 4)]).await.expect("copies are held");
    let expire_time = held.expire_time.expect("the response has it");
    assert!(expire_time.seconds < 0, "{expire_time:?}");
    service.sweep().await;
    assert_eq!(reserved(&service).await, 4);
    service.clock.advance(Duration::from_secs(900));
    service.sweep().await;
    assert_eq!(reserved(&service).await, 0);
}

impl TestInventory {
    /// What the background task does at each interval.
    async fn sweep(&self) {
        let swept = self.inventory.sweep().await;
        swept.expect("the database answers");
    }

    /// Reserves two copies: a different body for a request id that was used for one copy.
    async fn reserve_two(&self, request_id: Uuid) -> Result<(), tonic::Status> {
        let request = super::reservation_request(request_id, &[(1, 2)], None);
        self.client.clone().reserve_stock(request).await.map(|_| ())
    }
}
