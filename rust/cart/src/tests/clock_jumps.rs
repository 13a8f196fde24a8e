//! The clock jumps by hours while an order is placed, paid or cancelled, and the provider of
//! payments is down for an hour.

use std::{sync::Arc, time::Duration};

use contract::bookstore::cart::v1::{Order, OrderState};
use fakes::Fault;
use jiff::SignedDuration;
use service::{Clock as _, CrashPoints};
use store::testing::TestDb;

use super::{
    scenarios::{SCENARIOS, Scenario},
    shop::TestShop,
};
use crate::{CheckoutOptions, OrderFailure};

store::both_engines! {
    crate::SCHEMA =>
    order_ends_soon_whenever_the_clock_jumps,
    orders_end_when_payments_are_down_for_an_hour,
}

const MINUTE: Duration = Duration::from_secs(60);

async fn order_ends_soon_whenever_the_clock_jumps(database: TestDb) {
    for hours in [3, -3] {
        for scenario in SCENARIOS {
            let mut number = 0;
            while jump_at(&database, scenario, number, hours).await {
                number += 1;
            }
        }
    }
}

/// Kills the process at a crash point; the clock jumps, and the process starts again. `false` if
/// the scenario has fewer points.
async fn jump_at(database: &TestDb, scenario: Scenario, number: usize, hours: i64) -> bool {
    let shop = TestShop::open(database);
    let crash_points = Arc::new(CrashPoints::stop_at(number));
    let options = CheckoutOptions {
        crash_points: Arc::clone(&crash_points),
        ..shop.options()
    };
    let crashing = shop.restarted(database.db(), options);
    let buyer = crashing.buyer();
    let request = buyer.request(&[(3, 2)], scenario.token()).await;
    let crashed = tokio::select! {
        finished = scenario.run(&crashing, &buyer, &request) => {
            finished.expect("the services answer");
            false
        }
        () = crash_points.stopped() => true,
    };
    drop(crashing);
    shop.clock
        .set(shop.clock.now() + SignedDuration::from_hours(hours));
    shop.advance(Duration::ZERO);
    let what = format!("{scenario:?}, point {number}, {hours} hours");

    shop.finish(5).await;
    let buyer = shop.buyer_with(buyer.account_id);
    let order = buyer.place(&request).await;
    let order = order.unwrap_or_else(|status| panic!("{what}: {status}"));
    shop.finish(5).await;
    assert_ended(&shop, &buyer.read(&order).await, &what).await;
    crashed
}

/// The buyer has paid for what they get, or nothing, and no copies are held.
async fn assert_ended(shop: &TestShop, order: &Order, what: &str) {
    let stored = shop.stored(order).await;
    assert_eq!(
        (stored.next_step(), &stored.parked_reason),
        (None, &None),
        "{what}"
    );
    let (paid, refunded) = shop.transactions.paid_and_refunded(&order.order_id);
    let (free, held, sold) = shop.copies(3);
    assert_eq!((held, free + sold), (0, 10), "{what}");
    if order.state() == OrderState::Paid {
        assert_eq!((paid, refunded), (2004, 0), "{what}");
        assert!(sold >= 2, "{what}");
    } else {
        assert!(
            matches!(order.state(), OrderState::Failed | OrderState::Cancelled),
            "{what}"
        );
        assert_eq!(paid, refunded, "{what}");
    }
}

async fn orders_end_when_payments_are_down_for_an_hour(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let paid = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.work().await;
    let mut orders = vec![buyer.order(&[(4, 1)], "tok_visa").await];
    for method in ["charge", "refund"] {
        shop.transactions.faults.set(method, Fault::Down);
    }
    buyer.cancel(&paid).await.expect("it is paid");
    for minute in 0..60 {
        if minute == 20 || minute == 50 {
            let buyer = shop.buyer();
            orders.push(buyer.order(&[(5, 1)], "tok_visa").await);
        }
        shop.work().await;
        shop.advance(MINUTE);
    }
    // Nobody waits longer than copies are held.
    let mut ends = Vec::new();
    for order in &orders {
        ends.push(shop.stored(order).await.failure);
    }
    let unanswered = Some(OrderFailure::PaymentUnanswered);
    assert_eq!(ends, [unanswered, unanswered, None]);
    let calls = shop.transactions.faults.calls("charge");
    assert!(calls < 300, "{calls} attempts within an hour");

    shop.transactions.faults.clear();
    shop.finish(5).await;
    for (order, failure) in orders.iter().zip(ends) {
        let stored = shop.stored(order).await;
        assert_eq!(
            (stored.next_step(), stored.parked_reason.clone()),
            (None, None)
        );
        assert_eq!(stored.failure, failure);
        let (paid, refunded) = shop.transactions.paid_and_refunded(&order.order_id);
        assert_eq!(paid == refunded, failure.is_some(), "{paid}, {refunded}");
    }
    assert_eq!(
        shop.transactions.paid_and_refunded(&paid.order_id),
        (2004, 2004)
    );
    assert_eq!((shop.copies(4).1, shop.copies(5).1), (0, 0));
}
