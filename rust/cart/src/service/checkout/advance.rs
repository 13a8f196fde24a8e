//! The background task: does the next steps of an order until there are none.
//!
//! A message of the outbox stands for an order that has a next step. It is written by the
//! transaction that gives the order that step, and deleted only when nothing is left to do; so
//! after a crash at any point the steps are done again, and each of them has an effect once.

use std::sync::Arc;

use jiff::SignedDuration;
use service::{DeliveryError, OutboxHandler, OutboxView};
use store::outbox::Message;
use uuid::Uuid;

use super::{Checkout, TOPIC, order_events};
use crate::{CartError, Event, Order, OrderId, Step, payments::PaymentAnswer, stock::HoldAnswer};

/// A charge must be answered this long before the reservation expires: longer than the charge
/// and the commit take, so that an order that is paid keeps its copies.
const COMMIT_TIME: SignedDuration = SignedDuration::from_secs(60);

/// More than the steps of any order: a step that changes nothing would be repeated for ever.
const MAX_STEPS: u32 = 20;

/// Does the next steps of orders.
#[derive(Debug)]
pub(crate) struct Advance(pub(super) Checkout);

impl OutboxHandler for Advance {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let order_id = Uuid::parse_str(&message.key).map_err(|_| {
            DeliveryError::Permanent("the key is not the id of an order".to_owned())
        })?;
        self.0.advance(OrderId(order_id)).await
    }
}

/// Says in words what a message does.
fn summarize(topic: &str, message: &Message) -> String {
    if topic == order_events::TOPIC {
        return order_events::summarize(message);
    }
    format!("The next step of the order {}", message.key)
}

impl Checkout {
    /// The orders that have a next step, and the events of orders that are not published yet.
    pub(crate) fn outbox(&self) -> OutboxView {
        let clock = Arc::clone(&self.inner.options.clock);
        OutboxView::new(
            self.db().clone(),
            clock,
            &[TOPIC, order_events::TOPIC],
            summarize,
        )
    }

    async fn advance(&self, order_id: OrderId) -> Result<(), DeliveryError> {
        let failed = |error: CartError| DeliveryError::Temporary(error.to_string());
        let mut order = self.any_order(order_id).await.map_err(failed)?;
        for _ in 0..MAX_STEPS {
            let Some(step) = order.next_step() else {
                return Ok(());
            };
            let event = self.perform(&order, step).await?;
            service::crash_point!(self.inner.options.crash_points);
            order = self.record(order_id, &event).await.map_err(failed)?;
            service::crash_point!(self.inner.options.crash_points);
        }
        Err(DeliveryError::Temporary(
            "the order does not advance".to_owned(),
        ))
    }

    /// Does a step, and returns what has happened.
    async fn perform(&self, order: &Order, step: Step) -> Result<Event, DeliveryError> {
        let is_late = self.now() + COMMIT_TIME >= order.hold_until;
        match step {
            Step::RequestCharge | Step::Charge if is_late => Ok(Event::Unanswered),
            Step::RequestCharge => Ok(Event::ChargeRequested),
            Step::Charge => match self.inner.payments.charge(order).await {
                PaymentAnswer::Happened(event) => Ok(event),
                // It is repeated until it is late.
                PaymentAnswer::Unknown(cause) => Err(DeliveryError::Temporary(cause)),
            },
            Step::Settle => {
                let answer = self.inner.payments.charge(order).await;
                self.payment_event(order, answer)
            }
            Step::Refund => {
                let unknown = || DeliveryError::Permanent("the charge has no id".to_owned());
                let transaction_id = order.transaction_id.ok_or_else(unknown)?;
                let answer = self.inner.payments.refund(order, transaction_id).await;
                self.payment_event(order, answer)
            }
            Step::Commit => match self.inner.stock.commit(order.reservation_id).await {
                HoldAnswer::Done => Ok(Event::Committed),
                HoldAnswer::Ended => Ok(Event::ReservationLost),
                HoldAnswer::Unknown(cause) => self.wait(order, &cause),
            },
            Step::Release => match self.inner.stock.release(order.reservation_id).await {
                HoldAnswer::Done => Ok(Event::Released),
                // The commit of a placed order succeeded, but its buyer had cancelled.
                HoldAnswer::Ended => Ok(Event::Committed),
                HoldAnswer::Unknown(cause) => self.wait(order, &cause),
            },
        }
    }

    fn payment_event(&self, order: &Order, answer: PaymentAnswer) -> Result<Event, DeliveryError> {
        match answer {
            PaymentAnswer::Happened(event) => Ok(event),
            PaymentAnswer::Unknown(cause) => self.wait(order, &cause),
        }
    }

    /// Lets the worker repeat a step that was not answered, or parks the order after
    /// [`CheckoutOptions::park_after`](super::CheckoutOptions::park_after).
    fn wait(&self, order: &Order, cause: &str) -> Result<Event, DeliveryError> {
        let park_after = self.inner.options.park_after;
        let limit = SignedDuration::try_from(park_after).unwrap_or(SignedDuration::MAX);
        if self.now().duration_since(order.waiting_since) > limit {
            let step = order.next_step();
            let reason = format!(
                "no answer for {} s to {step:?}: {cause}",
                park_after.as_secs()
            );
            return Ok(Event::Parked { reason });
        }
        Err(DeliveryError::Temporary(cause.to_owned()))
    }
}
