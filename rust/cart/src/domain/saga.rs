//! The state machine of an order.
//!
//! | state | what is known | next step |
//! | --- | --- | --- |
//! | placed | nothing was charged | record that the charge is requested, then charge |
//! | placed | charged, or nothing to pay | commit the reservation |
//! | failed, cancelled | the copies may be held | release the reservation |
//! | failed, cancelled | the charge was requested | find out whether it was charged |
//! | failed, cancelled | charged | refund |
//!
//! The request of a charge is recorded before the charge is made. So whoever cancels an order
//! knows whether there may be a charge, and nothing is ever charged only to be paid back.

use jiff::Timestamp;
use uuid::Uuid;

use super::{ChargeState, DeclineReason, HoldState, Order, OrderFailure, OrderState};

/// What has to be done next for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Record that the charge is requested.
    RequestCharge,
    /// Charge the payment method.
    Charge,
    /// Commit the reservation.
    Commit,
    /// Release the reservation.
    Release,
    /// Repeat the charge of an order that is cancelled or has failed, to learn its result.
    Settle,
    /// Pay the charge back.
    Refund,
}

/// What has happened to an order. The same event may be applied several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The charge will be requested.
    ChargeRequested,
    /// The buyer has paid.
    Charged {
        /// The charge at Transactions.
        transaction_id: Uuid,
    },
    /// The buyer has not paid.
    Declined {
        /// The charge at Transactions, if it made one.
        transaction_id: Option<Uuid>,
        /// Why.
        reason: DeclineReason,
    },
    /// There was no answer about the charge in time.
    Unanswered,
    /// The reservation is committed.
    Committed,
    /// The reservation can neither be committed nor released.
    ReservationLost,
    /// The reservation is released, or has expired.
    Released,
    /// The charge was paid back.
    Refunded {
        /// How much, in minor units.
        amount_minor: i64,
    },
    /// The order cannot be finished automatically.
    Parked {
        /// Why, for the operator.
        reason: String,
    },
}

/// Whether the lines of the order have to be put back into the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct LinesBack(pub bool);

impl Order {
    /// What has to be done for the order; `None` if nothing, or if it waits for the operator.
    pub fn next_step(&self) -> Option<Step> {
        if self.parked_reason.is_some() {
            return None;
        }
        match self.state {
            OrderState::Placed if self.total.amount_minor == 0 => Some(Step::Commit),
            OrderState::Placed => match self.charge {
                ChargeState::None => Some(Step::RequestCharge),
                ChargeState::Requested => Some(Step::Charge),
                ChargeState::Charged => Some(Step::Commit),
                ChargeState::Declined => None,
            },
            OrderState::Paid | OrderState::Shipped => None,
            OrderState::Cancelled | OrderState::Failed if self.hold == HoldState::Held => {
                Some(Step::Release)
            }
            OrderState::Cancelled | OrderState::Failed => match self.charge {
                ChargeState::Requested => Some(Step::Settle),
                ChargeState::Charged if self.refunded_minor.is_none() => Some(Step::Refund),
                _ => None,
            },
        }
    }

    /// Whether the buyer will see no further change.
    pub fn is_final(&self) -> bool {
        match self.state {
            OrderState::Placed | OrderState::Paid => false,
            OrderState::Shipped => true,
            OrderState::Cancelled | OrderState::Failed => match self.charge {
                ChargeState::None | ChargeState::Declined => true,
                ChargeState::Requested => false,
                ChargeState::Charged => self.refunded_minor.is_some(),
            },
        }
    }

    /// Applies an event. An event that does not fit, because the order has changed meanwhile,
    /// changes nothing; one that contradicts what is known parks the order.
    pub fn apply(&mut self, event: &Event, now: Timestamp) -> LinesBack {
        let before = self.clone();
        match event {
            Event::ChargeRequested => {
                if (self.state, self.charge) == (OrderState::Placed, ChargeState::None) {
                    self.charge = ChargeState::Requested;
                }
            }
            Event::Charged { transaction_id } => match self.charge {
                ChargeState::Requested => {
                    self.charge = ChargeState::Charged;
                    self.transaction_id = Some(*transaction_id);
                    self.updated_at = now;
                }
                ChargeState::Charged if self.transaction_id == Some(*transaction_id) => {}
                known => self.park(format!("charged as {transaction_id}, but it was {known:?}")),
            },
            Event::Declined {
                transaction_id,
                reason,
            } => match self.charge {
                ChargeState::Requested => {
                    self.charge = ChargeState::Declined;
                    self.transaction_id = *transaction_id;
                    self.decline_reason = Some(*reason);
                    self.updated_at = now;
                    self.fail(OrderFailure::PaymentDeclined, now);
                }
                ChargeState::Declined => {}
                known => self.park(format!("declined as {reason:?}, but it was {known:?}")),
            },
            Event::Unanswered => {
                if matches!(self.charge, ChargeState::None | ChargeState::Requested) {
                    self.fail(OrderFailure::PaymentUnanswered, now);
                }
            }
            Event::Committed => match self.hold {
                HoldState::Held => {
                    self.hold = HoldState::Committed;
                    if self.state == OrderState::Placed {
                        self.state = OrderState::Paid;
                        self.updated_at = now;
                    }
                }
                HoldState::Committed => {}
                HoldState::Released => self.park("committed, but it was released".to_owned()),
            },
            Event::ReservationLost => {
                if self.hold == HoldState::Held {
                    self.hold = HoldState::Released;
                    self.fail(OrderFailure::ReservationLost, now);
                }
            }
            Event::Released => {
                if self.hold == HoldState::Held {
                    self.hold = HoldState::Released;
                }
            }
            Event::Refunded { amount_minor } => {
                if self.charge == ChargeState::Charged && self.refunded_minor.is_none() {
                    self.refunded_minor = Some(*amount_minor);
                    self.updated_at = now;
                }
            }
            Event::Parked { reason } => self.park(reason.clone()),
        }
        if *self != before {
            self.waiting_since = now;
        }
        let fails = self.state == OrderState::Failed && before.state != OrderState::Failed;
        LinesBack(fails)
    }

    /// Cancels the order. A cancelled order stays as it is.
    ///
    /// # Errors
    /// The state, if the order is shipped or has failed.
    pub fn cancel(&mut self, now: Timestamp) -> Result<(), OrderState> {
        self.become_state(
            OrderState::Cancelled,
            &[OrderState::Placed, OrderState::Paid],
            now,
        )
    }

    /// Ships the order, with the number with which its parcel can be followed, if there is one. A
    /// shipped order stays as it is.
    ///
    /// # Errors
    /// The state, if the order is not paid.
    pub fn ship(&mut self, tracking: Option<&str>, now: Timestamp) -> Result<(), OrderState> {
        if self.state == OrderState::Paid {
            self.tracking_number = tracking.map(str::to_owned);
        }
        self.become_state(OrderState::Shipped, &[OrderState::Paid], now)
    }

    fn become_state(
        &mut self,
        state: OrderState,
        from: &[OrderState],
        now: Timestamp,
    ) -> Result<(), OrderState> {
        if self.state == state {
            return Ok(());
        }
        if !from.contains(&self.state) {
            return Err(self.state);
        }
        self.state = state;
        self.updated_at = now;
        self.waiting_since = now;
        Ok(())
    }

    /// A placed order fails; one that is cancelled or has failed stays so.
    pub(super) fn fail(&mut self, failure: OrderFailure, now: Timestamp) {
        if self.state == OrderState::Placed {
            self.state = OrderState::Failed;
            self.failure = Some(failure);
            self.updated_at = now;
        }
    }

    /// The first reason stays.
    fn park(&mut self, reason: String) {
        self.parked_reason.get_or_insert(reason);
    }
}
