//! Orders of each kind, and how they have to end whatever goes wrong.

use contract::bookstore::cart::v1::{Order, OrderState, PlaceOrderRequest};
use tonic::Status;

use super::{
    get, quantities,
    shop::{Buyer, TestShop},
};

/// How an order ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scenario {
    Paid,
    Declined,
    CancelledWhenPaid,
    CancelledAtOnce,
}

pub(super) const SCENARIOS: [Scenario; 4] = [
    Scenario::Paid,
    Scenario::Declined,
    Scenario::CancelledWhenPaid,
    Scenario::CancelledAtOnce,
];

impl Scenario {
    pub(super) fn token(self) -> &'static str {
        match self {
            Self::Declined => "tok_insufficient_funds",
            _ => "tok_visa",
        }
    }

    /// What the buyer and the worker do. A client that gets no answer does the same again.
    pub(super) async fn run(
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

    /// Finishes what was acknowledged without the client, then repeats what it did, and checks
    /// the result.
    pub(super) async fn finish_and_check(
        self,
        shop: &TestShop,
        buyer: &Buyer,
        request: &PlaceOrderRequest,
        what: &str,
    ) {
        shop.finish(5).await;
        // A client that retries gets the same order.
        let order = self.run(shop, buyer, request).await;
        let order = order.unwrap_or_else(|status| panic!("{what}: {status}"));
        shop.finish(5).await;
        let order = buyer.read(&order).await;
        assert_eq!(
            buyer.place(request).await.expect("a retry").order_id,
            order.order_id,
            "{what}"
        );

        let money = shop.transactions.paid_and_refunded(&order.order_id);
        let total = 2004;
        let (state, copies) = (order.state(), shop.copies(3));
        let cart = quantities(&get(&buyer.cart, "").await.expect("read"));
        match self {
            Scenario::Paid => {
                assert_eq!(
                    (state, money, copies),
                    (OrderState::Paid, (total, 0), (8, 0, 2)),
                    "{what}"
                );
            }
            Scenario::Declined => {
                assert_eq!(
                    (state, money, copies),
                    (OrderState::Failed, (0, 0), (10, 0, 0)),
                    "{what}"
                );
                assert_eq!(cart, [(3, 2)], "{what}");
            }
            Scenario::CancelledWhenPaid | Scenario::CancelledAtOnce => {
                assert_eq!((state, money.0), (OrderState::Cancelled, money.1), "{what}");
                assert_eq!((copies.1, copies.0 + copies.2), (0, 10), "{what}");
            }
        }
        if self != Scenario::Declined {
            assert_eq!(cart, [], "{what}");
        }
        assert!(shop.transactions.transactions().len() <= 1, "{what}");
    }
}
