//! A crash at each point before or after a commit or a remote call.

use std::sync::Arc;

use contract::bookstore::cart::v1::{Order, OrderState, PlaceOrderRequest};
use service::CrashPoints;
use store::testing::TestDb;
use tonic::Status;
use uuid::Uuid;

use super::{
    get, quantities,
    shop::{Buyer, TestShop},
};
use crate::CheckoutOptions;

store::both_engines! { crate::SCHEMA => order_is_finished_once_whatever_crashes }

/// How an order ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Story {
    Paid,
    Declined,
    CancelledWhenPaid,
    CancelledAtOnce,
}

const STORIES: [Story; 4] = [
    Story::Paid,
    Story::Declined,
    Story::CancelledWhenPaid,
    Story::CancelledAtOnce,
];

impl Story {
    fn token(self) -> &'static str {
        match self {
            Self::Declined => "tok_insufficient_funds",
            _ => "tok_visa",
        }
    }

    /// Three points of PlaceOrder, two of CancelOrder, and two of each step of the worker.
    fn points(self) -> usize {
        match self {
            Self::Paid | Self::Declined => 3 + 3 * 2,
            Self::CancelledWhenPaid => 3 + 3 * 2 + 2 + 2,
            Self::CancelledAtOnce => 3 + 2 + 2,
        }
    }

    /// What the buyer and the worker do. A client that gets no answer does the same again.
    async fn run(
        self,
        shop: &TestShop,
        buyer: &Buyer,
        request: &PlaceOrderRequest,
    ) -> Result<Order, Status> {
        let order = buyer.place(request).await?;
        if self != Self::CancelledAtOnce {
            shop.work().await;
        }
        if matches!(self, Self::CancelledAtOnce | Self::CancelledWhenPaid) {
            buyer.cancel(&order).await?;
            shop.work().await;
        }
        buyer.get(&order).await
    }
}

async fn order_is_finished_once_whatever_crashes(database: TestDb) {
    for story in STORIES {
        for number in 0.. {
            if !crash_at(&database, story, number).await {
                assert_eq!(number, story.points(), "the points of {story:?}");
                break;
            }
        }
    }
}

/// Runs a story up to a crash point, restarts, and checks the result. `false` if the story has
/// fewer points.
async fn crash_at(database: &TestDb, story: Story, number: usize) -> bool {
    let shop = TestShop::open(database);
    let crash_points = Arc::new(CrashPoints::stop_at(number));
    let options = CheckoutOptions {
        crash_points: Arc::clone(&crash_points),
        ..shop.options()
    };
    let crashing = shop.restarted(database.db(), options);
    let buyer = crashing.buyer_with(Uuid::new_v4());
    let request = buyer.request(&[(3, 2)], story.token()).await;
    let crashed = tokio::select! {
        finished = story.run(&crashing, &buyer, &request) => {
            finished.expect("the services answer");
            false
        }
        () = crash_points.stopped() => true,
    };
    drop(crashing);
    let what = format!("{story:?}, point {number}");

    // After the restart, what was acknowledged is finished without the client.
    shop.finish(5).await;
    let buyer = shop.buyer_with(buyer.account_id);
    // A client that retries gets the same order.
    let order = story.run(&shop, &buyer, &request).await;
    let order = order.unwrap_or_else(|status| panic!("{what}: {status}"));
    shop.finish(5).await;
    let order = buyer.read(&order).await;
    assert_eq!(
        buyer.place(&request).await.expect("a retry").order_id,
        order.order_id,
        "{what}"
    );

    let money = shop.transactions.paid_and_refunded(&order.order_id);
    let total = 2004;
    let (state, copies) = (order.state(), shop.copies(3));
    let cart = quantities(&get(&buyer.cart, "").await.expect("read"));
    match story {
        Story::Paid => {
            assert_eq!(
                (state, money, copies),
                (OrderState::Paid, (total, 0), (8, 0, 2)),
                "{what}"
            );
        }
        Story::Declined => {
            assert_eq!(
                (state, money, copies),
                (OrderState::Failed, (0, 0), (10, 0, 0)),
                "{what}"
            );
            assert_eq!(cart, [(3, 2)], "{what}");
        }
        Story::CancelledWhenPaid | Story::CancelledAtOnce => {
            assert_eq!((state, money.0), (OrderState::Cancelled, money.1), "{what}");
            assert_eq!((copies.1, copies.0 + copies.2), (0, 10), "{what}");
        }
    }
    if story != Story::Declined {
        assert_eq!(cart, [], "{what}");
    }
    assert!(shop.transactions.transactions().len() <= 1, "{what}");
    crashed
}
