//! Guest carts are deleted after some time, and early if there are too many.

use std::time::Duration;

use service::PeriodicTask;
use store::testing::TestDb;

use super::{TestCarts, get, guest_cart_id, put, quantities};
use crate::{GUEST_CART_RETENTION, service::PruneGuestCarts};

store::both_engines! {
    crate::SCHEMA =>
    guest_cart_expires_after_its_last_change,
    clock_that_was_ahead_keeps_no_cart_for_ever,
    oldest_guest_carts_are_deleted_when_there_are_too_many,
}

impl TestCarts {
    async fn prune(&self) {
        let pruned = PruneGuestCarts(self.carts.clone()).run().await;
        pruned.expect("the database answers");
    }
}

const MINUTE: Duration = Duration::from_secs(60);

async fn guest_cart_expires_after_its_last_change(database: TestDb) {
    let service = TestCarts::open(&database);
    let (abandoned, used) = (guest_cart_id(), guest_cart_id());
    put(&service.account, "", 1, 1).await.expect("added");
    for cart_id in [&abandoned, &used] {
        put(&service.guest, cart_id, 1, 1).await.expect("added");
    }
    service.clock.advance(GUEST_CART_RETENTION - MINUTE);
    put(&service.guest, &used, 1, 2).await.expect("changed");
    // Reading a cart does not prolong it.
    get(&service.guest, &abandoned).await.expect("read");
    service.prune().await;
    assert!(service.is_stored(&abandoned).await);
    service.clock.advance(2 * MINUTE);
    service.prune().await;
    assert!(!service.is_stored(&abandoned).await);
    assert!(service.is_stored(&used).await);
    service.clock.advance(GUEST_CART_RETENTION);
    service.prune().await;
    assert!(!service.is_stored(&used).await);
    let own = get(&service.account, "").await.expect("read");
    assert_eq!(quantities(&own), [(1, 1)]);
}

async fn clock_that_was_ahead_keeps_no_cart_for_ever(database: TestDb) {
    let service = TestCarts::open(&database);
    let cart_id = guest_cart_id();
    let correct = "2026-02-03T04:05:06Z".parse().expect("the time parses");
    service.clock.advance(2 * GUEST_CART_RETENTION);
    put(&service.guest, &cart_id, 1, 1).await.expect("added");
    service.clock.set(correct);
    service.prune().await;
    assert!(!service.is_stored(&cart_id).await);
}

async fn oldest_guest_carts_are_deleted_when_there_are_too_many(database: TestDb) {
    let service = TestCarts::with_max_guest_carts(&database, 3);
    let mut cart_ids = Vec::new();
    for _ in 0..5 {
        let cart_id = guest_cart_id();
        put(&service.guest, &cart_id, 1, 1).await.expect("added");
        service.clock.advance(MINUTE);
        cart_ids.push(cart_id);
    }
    service.prune().await;
    for (position, cart_id) in cart_ids.iter().enumerate() {
        assert_eq!(service.is_stored(cart_id).await, position >= 2);
    }
}
