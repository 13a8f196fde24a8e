//! The metrics of the orders: how many have entered each state, how many have a next step, and
//! how many wait for the operator.

use std::time::Duration;

use metrics::{counter, gauge};
use service::PeriodicTask;

use super::{Checkout, TOPIC};
use crate::{CartError, Order, OrderState, store as rows};

const STATES: [OrderState; 5] = [
    OrderState::Placed,
    OrderState::Paid,
    OrderState::Shipped,
    OrderState::Cancelled,
    OrderState::Failed,
];

fn label(state: OrderState) -> &'static str {
    match state {
        OrderState::Placed => "placed",
        OrderState::Paid => "paid",
        OrderState::Shipped => "shipped",
        OrderState::Cancelled => "cancelled",
        OrderState::Failed => "failed",
    }
}

/// Counts in `cart_orders_total` that an order has entered its state. `before` is the state that
/// it had, or `None` if it is new.
pub(super) fn count(before: Option<OrderState>, order: &Order) {
    if before != Some(order.state) {
        counter!("cart_orders_total", "state" => label(order.state)).increment(1);
    }
}

/// The task that publishes the gauges `cart_orders_in_progress`, by state, and
/// `cart_orders_parked`. They count the orders of the database: processes that share one
/// publish the same numbers.
pub(crate) struct CountOrders(pub(crate) Checkout);

impl CountOrders {
    /// How often the task runs.
    pub(crate) const INTERVAL: Duration = Duration::from_secs(10);

    /// Makes the counters appear before the first order.
    pub(crate) fn new(checkout: Checkout) -> Self {
        for state in STATES {
            counter!("cart_orders_total", "state" => label(state)).increment(0);
        }
        Self(checkout)
    }
}

impl PeriodicTask for CountOrders {
    const NAME: &'static str = "count the orders";

    type Error = CartError;

    async fn run(&mut self) -> Result<(), CartError> {
        let (in_progress, parked) = store::read!(self.0.db(), connection => {
            let in_progress = rows::orders::count_in_progress(connection, TOPIC).await?;
            let parked = rows::orders::count_parked(connection).await?;
            Ok::<_, CartError>((in_progress, parked))
        })?;
        for state in STATES {
            let counted = in_progress.iter().find(|(counted, _)| *counted == state);
            let orders = counted.map_or(0, |(_, orders)| *orders);
            gauge!("cart_orders_in_progress", "state" => label(state)).set(orders as f64);
        }
        gauge!("cart_orders_parked").set(parked as f64);
        Ok(())
    }
}
