use std::time::Duration;

use store::testing::TestDb;
use uuid::Uuid;

use super::{TestInventory, failure};

store::both_engines! {
    crate::SCHEMA =>
    copies_of_expired_reservations_are_released_in_the_background,
    old_requests_are_pruned_in_the_background,
}

/// The reserved copies in the table. A call of the service would expire reservations.
async fn reserved(service: &TestInventory) -> i32 {
    let level = store::read!(service.inventory.db(), connection => {
        crate::store::stock::level(connection, service::BookId(1)).await
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
    let _background_task = service.inventory.run_in_background();
    let released = async {
        while reserved(&service).await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
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
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), pruned)
        .await
        .expect("the request is pruned");
}

impl TestInventory {
    /// Reserves two copies: a different body for a request id that was used for one copy.
    async fn reserve_two(&self, request_id: Uuid) -> Result<(), tonic::Status> {
        let request = super::reservation_request(request_id, &[(1, 2)], None);
        self.client.clone().reserve_stock(request).await.map(|_| ())
    }
}
