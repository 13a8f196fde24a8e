//! What operators decide about parked orders.

use jiff::Timestamp;
use uuid::Uuid;

use super::{ChargeState, DeclineReason, LinesBack, Order, OrderFailure, OrderId, OrderState};

/// How a parked order goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Its next step is done again.
    Retry,
    /// It is cancelled.
    Cancel,
    /// The buyer has paid with a charge, which was checked to be one of the order.
    MarkPaid {
        /// The charge at Transactions.
        transaction_id: Uuid,
    },
    /// The buyer has not paid.
    MarkNotPaid,
}

impl Resolution {
    /// Its number in the contract and in the database.
    pub fn number(self) -> i64 {
        match self {
            Self::Retry => 1,
            Self::Cancel => 2,
            Self::MarkPaid { .. } => 3,
            Self::MarkNotPaid => 4,
        }
    }

    /// The charge that it names.
    pub fn transaction_id(self) -> Option<Uuid> {
        match self {
            Self::MarkPaid { transaction_id } => Some(transaction_id),
            _ => None,
        }
    }

    /// The resolution with this number and charge; `None` if the number is unknown, or needs a
    /// charge that is not there.
    pub fn from_parts(number: i64, transaction_id: Option<Uuid>) -> Option<Self> {
        match number {
            1 => Some(Self::Retry),
            2 => Some(Self::Cancel),
            3 => transaction_id.map(|transaction_id| Self::MarkPaid { transaction_id }),
            4 => Some(Self::MarkNotPaid),
            _ => None,
        }
    }
}

/// A recorded decision. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderResolution {
    /// Its id, a UUIDv7.
    pub resolution_id: Uuid,
    /// The order.
    pub order_id: OrderId,
    /// How the order went on.
    pub resolution: Resolution,
    /// Who has decided.
    pub operator_name: String,
    /// Why.
    pub note: String,
    /// Why the order was parked.
    pub parked_reason: String,
    /// When it was decided.
    pub resolved_at: Timestamp,
}

/// An order as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorOrder {
    /// The order.
    pub order: Order,
    /// The last decisions about it, oldest first.
    pub resolutions: Vec<OrderResolution>,
}

/// Why a parked order cannot go on in this way. The order is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolveError {
    /// It is not parked.
    NotParked,
    /// Its state does not allow it.
    NotPossible(OrderState),
}

impl Order {
    /// Lets a parked order go on. What follows is its [`next_step`](Order::next_step).
    ///
    /// # Errors
    /// [`ResolveError`] if the order is not parked, or cannot go on in this way.
    pub fn resolve(
        &mut self,
        resolution: Resolution,
        now: Timestamp,
    ) -> Result<LinesBack, ResolveError> {
        if self.parked_reason.is_none() {
            return Err(ResolveError::NotParked);
        }
        let state = self.state;
        let is_sold = matches!(state, OrderState::Paid | OrderState::Shipped);
        match resolution {
            Resolution::Retry => {}
            Resolution::Cancel => self.cancel(now).map_err(ResolveError::NotPossible)?,
            Resolution::MarkPaid { .. } | Resolution::MarkNotPaid
                if self.refunded_minor.is_some() || self.total.amount_minor == 0 =>
            {
                return Err(ResolveError::NotPossible(state));
            }
            Resolution::MarkPaid { transaction_id } => {
                self.charge = ChargeState::Charged;
                self.transaction_id = Some(transaction_id);
                self.decline_reason = None;
                self.updated_at = now;
            }
            Resolution::MarkNotPaid if is_sold => return Err(ResolveError::NotPossible(state)),
            Resolution::MarkNotPaid => {
                self.charge = ChargeState::Declined;
                self.transaction_id = None;
                self.decline_reason = Some(DeclineReason::Refused);
                self.updated_at = now;
                self.fail(OrderFailure::PaymentDeclined, now);
            }
        }
        self.parked_reason = None;
        self.waiting_since = now;
        Ok(LinesBack(
            self.state == OrderState::Failed && state != OrderState::Failed,
        ))
    }
}
