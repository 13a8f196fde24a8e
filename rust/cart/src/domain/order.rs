//! Orders.

use std::fmt;

use jiff::Timestamp;
use service::{AccountId, Address, Money};
use uuid::Uuid;

use super::{CartItem, CartItems};

/// The id of an order, a UUIDv7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub Uuid);

impl fmt::Display for OrderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Declares an enum whose numbers are stored in the database.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $number,)+
        }

        impl $name {
            /// The variant with this number.
            pub fn from_number(number: i64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

numbered! {
    /// The state of an order, as the buyer sees it. The numbers are those of the contract.
    OrderState {
        /// The copies are reserved and the payment is being processed.
        Placed = 1,
        /// It is paid, and the copies belong to the buyer.
        Paid = 2,
        /// The parcel has left the warehouse.
        Shipped = 3,
        /// The buyer cancelled it.
        Cancelled = 4,
        /// The shop could not fulfil it.
        Failed = 5,
    }
}

impl OrderState {
    /// Its name in the contract, for error details.
    pub fn as_str_name(self) -> &'static str {
        match self {
            Self::Placed => "ORDER_STATE_PLACED",
            Self::Paid => "ORDER_STATE_PAID",
            Self::Shipped => "ORDER_STATE_SHIPPED",
            Self::Cancelled => "ORDER_STATE_CANCELLED",
            Self::Failed => "ORDER_STATE_FAILED",
        }
    }
}

numbered! {
    /// Why an order failed. The numbers are those of the contract.
    OrderFailure {
        /// The payment was declined.
        PaymentDeclined = 1,
        /// The payment provider did not answer before the reservation expired.
        PaymentUnanswered = 2,
        /// The reservation had expired when the payment succeeded.
        ReservationLost = 3,
    }
}

numbered! {
    /// Why a charge was declined. The numbers are those of the contract.
    DeclineReason {
        /// The provider gave no reason.
        Refused = 1,
        /// The payer does not have enough money.
        InsufficientFunds = 2,
        /// The payment method has expired.
        MethodExpired = 3,
        /// The provider does not know the token.
        MethodUnknown = 4,
    }
}

numbered! {
    /// What is known about the charge.
    ChargeState {
        /// It was not requested.
        None = 0,
        /// It was or will be requested, and the answer is not known.
        Requested = 1,
        /// The buyer has paid.
        Charged = 2,
        /// The buyer has not paid.
        Declined = 3,
    }
}

numbered! {
    /// What is known about the reservation.
    HoldState {
        /// It holds the copies, unless it has expired.
        Held = 1,
        /// The copies have left the stock.
        Committed = 2,
        /// The copies can be sold again.
        Released = 3,
    }
}

/// A number of copies of one book, with the title and the price at the time of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// The book and how many copies.
    pub item: CartItem,
    /// The title of the book.
    pub title: String,
    /// The price of one copy.
    pub unit_price: Money,
}

/// An order. [`Order::apply`](Order::apply) changes it, and
/// [`Order::next_step`](Order::next_step) tells what has to be done for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub order_id: OrderId,
    /// Who placed it.
    pub account_id: AccountId,
    /// The books.
    pub lines: Vec<OrderLine>,
    /// The amount to pay.
    pub total: Money,
    /// Where the books are sent.
    pub address: Address,
    /// The token of the payment method.
    pub payment_token: String,
    /// Where the receipt is sent.
    pub receipt_email: String,
    /// What the buyer sees of the progress.
    pub state: OrderState,
    /// Why it failed.
    pub failure: Option<OrderFailure>,
    /// Why the charge was declined.
    pub decline_reason: Option<DeclineReason>,
    /// The reservation of the copies at Inventory.
    pub reservation_id: Uuid,
    /// When the reservation expires if it is not committed.
    pub hold_until: Timestamp,
    /// What is known about the reservation.
    pub hold: HoldState,
    /// What is known about the charge.
    pub charge: ChargeState,
    /// The charge at Transactions, once it is decided.
    pub transaction_id: Option<Uuid>,
    /// What was paid back, once that has happened.
    pub refunded_minor: Option<i64>,
    /// Why the order waits for the operator, if it does.
    pub parked_reason: Option<String>,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When what the buyer sees last changed.
    pub updated_at: Timestamp,
    /// When anything last changed: since then it waits for its next step.
    pub waiting_since: Timestamp,
    /// The number with which the buyer can follow the parcel, if there is one.
    pub tracking_number: Option<String>,
}

impl Order {
    /// The books as items of a cart.
    pub fn items(&self) -> CartItems {
        self.lines.iter().map(|line| line.item).collect()
    }

    /// What has happened to the order since it was `before`, in this sequence.
    pub fn changes_since(&self, before: Option<&Self>) -> Vec<OrderChange> {
        let new_state = before.is_none_or(|before| before.state != self.state);
        let state = new_state.then_some(match self.state {
            OrderState::Placed => OrderChange::Placed,
            OrderState::Paid => OrderChange::Paid,
            OrderState::Shipped => OrderChange::Shipped,
            OrderState::Cancelled => OrderChange::Cancelled,
            OrderState::Failed => OrderChange::Failed,
        });
        let was_refunded = before.is_some_and(|before| before.refunded_minor.is_some());
        let is_refunded = self.refunded_minor.is_some() && !was_refunded;
        let refund = is_refunded.then_some(OrderChange::Refunded);
        state.into_iter().chain(refund).collect()
    }

    /// The order as it was when it was placed.
    #[must_use]
    pub fn as_placed(self) -> Self {
        Self {
            state: OrderState::Placed,
            failure: None,
            decline_reason: None,
            hold: HoldState::Held,
            charge: ChargeState::None,
            transaction_id: None,
            refunded_minor: None,
            parked_reason: None,
            updated_at: self.created_at,
            waiting_since: self.created_at,
            tracking_number: None,
            ..self
        }
    }
}

/// A change of an order that other systems are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderChange {
    /// It was placed.
    Placed,
    /// It was paid.
    Paid,
    /// Its parcel has left.
    Shipped,
    /// It was cancelled.
    Cancelled,
    /// It has failed.
    Failed,
    /// Its charge was paid back.
    Refunded,
}

/// Which orders the operator wants to see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only orders in this state.
    pub state: Option<OrderState>,
    /// Only orders that wait for the operator.
    pub parked_only: bool,
}
