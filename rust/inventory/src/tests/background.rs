use std::time::Duration;

use store::testing::TestDb;
use uuid::Uuid;

use super::{Shop, failure};

store::both_engines! {
    crate::SCHEMA =>
    copies_come_back_without_anybody_asking,
    old_answers_are_forgotten,
}

/// What the table says, without any call of the service.
async fn reserved(shop: &Shop) -> i32 {
    let level = store::read!(shop.inventory.db(), connection => {
        crate::store::stock::level(connection, crate::BookId(1)).await
    });
    level
        .expect("the stock is read")
        .expect("the book exists")
        .reserved
}

async fn copies_come_back_without_anybody_asking(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 500).await;
    // More than one transaction of the sweep takes.
    for _ in 0..250 {
        shop.reserve(&[(1, 1)]).await.expect("copies are held");
    }
    shop.clock.advance(Duration::from_secs(900));
    assert_eq!(reserved(&shop).await, 250);
    let _sweeper = shop.inventory.run_in_background();
    let freed = async {
        while reserved(&shop).await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), freed)
        .await
        .expect("the copies come back");
}

async fn old_answers_are_forgotten(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let request_id = Uuid::new_v4();
    shop.reserve_as(request_id, &[(1, 1)], None)
        .await
        .expect("copies are held");
    let other = shop.reserve_as(request_id, &[(1, 2)], None).await;
    assert_eq!(failure(other).1, "REQUEST_ID_REUSED");
    shop.clock.advance(Duration::from_secs(25 * 3600));
    let _sweeper = shop.inventory.run_in_background();
    let forgotten = async {
        while shop.holds_two(request_id).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), forgotten)
        .await
        .expect("it is forgotten");
}

impl Shop {
    /// Uses the request id with another body than before.
    async fn holds_two(&self, request_id: Uuid) -> Result<(), tonic::Status> {
        let request = super::hold(request_id, &[(1, 2)], None);
        self.client.clone().reserve_stock(request).await.map(|_| ())
    }
}
