//! The mark of a verified purchase.

use fakes::Fault;
use service::PeriodicTask;
use store::testing::TestDb;

use super::TestReviews;
use crate::service::CheckPurchases;

store::both_engines! {
    crate::SCHEMA =>
    review_of_a_buyer_has_the_mark,
    mark_follows_at_the_next_write,
    mark_follows_when_checkout_responds_again,
    earlier_mark_stays_while_checkout_is_down,
    checkout_that_fails_does_not_stop_reviews,
}

impl TestReviews {
    async fn check_purchases(&self) {
        let checked = CheckPurchases(self.reviews.clone()).run().await;
        checked.expect("the database answers");
    }
}

async fn review_of_a_buyer_has_the_mark(database: TestDb) {
    let service = TestReviews::open(&database);
    let (buyer, other) = (service.reader(), service.reader());
    service.checkout.buy(&buyer.account_id, 1);
    assert!(buyer.put(1, 5).await.expect("written").verified_purchase);
    assert!(buyer.get(1).await.expect("read").verified_purchase);
    assert!(!buyer.put(2, 5).await.expect("written").verified_purchase);
    assert!(!other.put(1, 5).await.expect("written").verified_purchase);
}

async fn mark_follows_at_the_next_write(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    let before = reader.put(1, 5).await.expect("written");
    service.checkout.buy(&reader.account_id, 1);
    service.clock.advance(std::time::Duration::from_secs(1));
    // Checkout has responded, so only the reader can cause a new check.
    service.check_purchases().await;
    assert!(!reader.get(1).await.expect("read").verified_purchase);
    let after = reader.put(1, 5).await.expect("written");
    assert!(after.verified_purchase);
    assert_eq!(after.update_time, before.update_time);
}

async fn mark_follows_when_checkout_responds_again(database: TestDb) {
    let service = TestReviews::open(&database);
    let (one, other) = (service.reader(), service.reader());
    service.checkout.set_down(true);
    for reader in [&one, &other] {
        service.checkout.buy(&reader.account_id, 2);
        for book_id in 1..=3 {
            let written = reader.put(book_id, 5).await.expect("written");
            assert!(!written.verified_purchase);
        }
    }
    service.check_purchases().await;
    assert!(!one.get(2).await.expect("read").verified_purchase);
    service.checkout.set_down(false);
    service.check_purchases().await;
    for reader in [&one, &other] {
        for book_id in 1..=3 {
            let review = reader.get(book_id).await.expect("read");
            assert_eq!(review.verified_purchase, book_id == 2);
        }
    }
    // Nothing is left to ask.
    let calls = service.checkout.faults.calls("check_purchases");
    service.check_purchases().await;
    assert_eq!(service.checkout.faults.calls("check_purchases"), calls);
}

async fn earlier_mark_stays_while_checkout_is_down(database: TestDb) {
    let service = TestReviews::open(&database);
    let reader = service.reader();
    service.checkout.buy(&reader.account_id, 1);
    reader.put(1, 5).await.expect("written");
    service.checkout.set_down(true);
    let changed = reader.put(1, 4).await.expect("changed");
    assert!(changed.verified_purchase);
}

async fn checkout_that_fails_does_not_stop_reviews(database: TestDb) {
    let service = TestReviews::open(&database);
    service
        .checkout
        .faults
        .set("check_purchases", Fault::Failing);
    let review = service.reader().put(1, 5).await.expect("written");
    assert!(!review.verified_purchase);
}
