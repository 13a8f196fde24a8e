//! Streams of the changes of an order.
//!
//! A stream reads the order when its client is ready for more, so a slow client gets only the
//! newest state: see [`Watchers`](service::Watchers).

use std::time::Duration;

use futures::{Stream, stream};
use service::{AccountId, Subscription};
use tokio::time::timeout;
use uuid::Uuid;

use super::Checkout;
use crate::{CartError, Order, OrderId};

/// How late a stream finds a change whose notification was lost.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// The state of one stream.
struct WatchState {
    checkout: Checkout,
    subscription: Subscription<Uuid>,
    order_id: OrderId,
    last_sent: Option<Order>,
}

impl Checkout {
    /// A stream of an order of an account: first as it is, then every change. It ends when the
    /// order can no longer change.
    ///
    /// # Errors
    /// [`CartError::OrderNotFound`], or an error of the database.
    pub async fn watch(
        &self,
        order_id: OrderId,
        account_id: AccountId,
    ) -> Result<impl Stream<Item = Result<Order, CartError>> + Send + use<>, CartError> {
        // Subscribe before reading the order, so that no change in between is missed.
        let subscription = self.inner.watchers.subscribe(&[order_id.0]);
        let order = self.order(order_id, account_id).await?;
        let watch = WatchState {
            checkout: self.clone(),
            subscription,
            order_id,
            last_sent: None,
        };
        Ok(stream::try_unfold(
            (watch, Some(order)),
            |(mut watch, first)| async {
                let next = match first {
                    Some(order) => Some(order),
                    None => watch.next().await?,
                };
                Ok(next.map(|order| {
                    watch.last_sent = Some(order.clone());
                    (order, (watch, None))
                }))
            },
        ))
    }
}

impl WatchState {
    /// The next change; `None` if there will be none.
    async fn next(&mut self) -> Result<Option<Order>, CartError> {
        loop {
            if self.last_sent.as_ref().is_some_and(Order::is_final) {
                return Ok(None);
            }
            // After a timeout the order is read as well.
            let _ = timeout(POLL_INTERVAL, self.subscription.next_changes()).await;
            let order = self.checkout.any_order(self.order_id).await?;
            // Not every step is visible to the buyer.
            let seen = |order: &Order| {
                let progress = (order.state, order.failure, order.is_final());
                (progress, order.transaction_id, order.refunded_minor)
            };
            if self.last_sent.as_ref().map(seen) != Some(seen(&order)) {
                return Ok(Some(order));
            }
        }
    }
}
