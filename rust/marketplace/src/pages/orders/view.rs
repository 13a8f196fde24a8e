//! View models: an order and its lines in words.

use contract::bookstore::{
    accounts::v1::Address,
    cart::v1::{CartLine, Order, OrderFailure, OrderLine, OrderState},
    transactions::v1::DeclineReason,
    r#type::v1::Money,
};

use crate::{
    currency,
    pages::{account::date, cart},
};

/// Copies of one book, in a cart or an order.
pub(crate) struct Item {
    pub id: i32,
    pub title: String,
    pub quantity: i32,
    /// The price of one copy.
    pub price: Option<String>,
    /// The price of all copies.
    pub total: Option<String>,
    /// What is special about the stock.
    pub note: Option<String>,
}

impl Item {
    /// A line of a cart.
    pub fn of_cart(line: &CartLine) -> Self {
        Self {
            note: cart::note(line),
            ..Self::new(
                line.book_id,
                &line.title,
                line.quantity,
                line.unit_price.as_ref(),
            )
        }
    }

    fn of_order(line: &OrderLine) -> Self {
        Self::new(
            line.book_id,
            &line.title,
            line.quantity,
            line.unit_price.as_ref(),
        )
    }

    fn new(id: i32, title: &str, quantity: i32, price: Option<&Money>) -> Self {
        Self {
            id,
            title: title.to_owned(),
            quantity,
            price: price.and_then(currency::price),
            total: price.and_then(|price| cart::total(price, quantity)),
            note: None,
        }
    }
}

/// An order.
pub(crate) struct OrderView {
    pub id: String,
    /// The day on which it was placed.
    pub day: String,
    /// The state in one word.
    pub state: &'static str,
    /// What the state means for the buyer.
    pub meaning: String,
    pub items: Vec<Item>,
    /// The number of copies.
    pub copies: i32,
    pub total: String,
    pub payment: &'static str,
    pub refund: Option<String>,
    /// The lines of the label.
    pub address: Vec<String>,
    /// With which the parcel can be followed; may be empty.
    pub tracking_number: String,
    pub can_be_cancelled: bool,
    /// The id of the payment, if it has a receipt.
    pub receipt: Option<String>,
    /// After how many seconds a page without JavaScript loads again.
    pub refresh: Option<u32>,
    pub version: String,
}

impl OrderView {
    pub fn new(order: &Order) -> Self {
        let state = order.state();
        let price = |money: &Option<Money>| money.as_ref().and_then(currency::price);
        Self {
            id: order.order_id.clone(),
            day: date(order.create_time),
            state: state_word(state),
            meaning: meaning(order),
            items: order.lines.iter().map(Item::of_order).collect(),
            copies: order.lines.iter().map(|line| line.quantity).sum(),
            total: price(&order.total).unwrap_or_default(),
            payment: payment(order),
            refund: price(&order.refunded_amount),
            address: order
                .shipping_address
                .as_ref()
                .map(label)
                .unwrap_or_default(),
            receipt: has_receipt(order).then(|| order.transaction_id.clone()),
            tracking_number: order.tracking_number.clone(),
            can_be_cancelled: matches!(state, OrderState::Placed | OrderState::Paid),
            refresh: (state == OrderState::Placed || owes_refund(order)).then_some(3),
            version: version(order),
        }
    }

    /// Whether nothing changes any more.
    pub fn is_shipped(&self) -> bool {
        self.state == state_word(OrderState::Shipped)
    }
}

/// A text that changes whenever the order changes.
pub(super) fn version(order: &Order) -> String {
    let time = order.update_time.unwrap_or_default();
    let refunded = order.refunded_amount.is_some();
    let state = order.state;
    format!("{state}-{}-{}-{refunded}", time.seconds, time.nanos)
}

fn state_word(state: OrderState) -> &'static str {
    match state {
        OrderState::Paid => "Paid",
        OrderState::Shipped => "Shipped",
        OrderState::Cancelled => "Cancelled",
        OrderState::Failed => "Failed",
        OrderState::Placed | OrderState::Unspecified => "Placed",
    }
}

fn meaning(order: &Order) -> String {
    let text = match order.state() {
        OrderState::Placed | OrderState::Unspecified => {
            "The copies are reserved for you, and your payment is being processed."
        }
        OrderState::Paid => "Your payment has arrived. We pack your books and send them.",
        OrderState::Shipped => "The parcel has left our warehouse.",
        OrderState::Cancelled => "This order is cancelled.",
        OrderState::Failed => match order.failure() {
            OrderFailure::PaymentUnanswered => {
                "The payment provider did not answer in time. The books are back in your cart: \
                 please order again later."
            }
            OrderFailure::ReservationLost => {
                "The payment took so long that the copies were no longer reserved. The books are \
                 back in your cart, and what you paid is paid back."
            }
            OrderFailure::PaymentDeclined | OrderFailure::Unspecified => {
                let why = match order.decline_reason() {
                    DeclineReason::InsufficientFunds => "there is not enough money",
                    DeclineReason::MethodExpired => "the payment method has expired",
                    DeclineReason::MethodUnknown => "the payment method is unknown",
                    DeclineReason::Refused | DeclineReason::Unspecified => {
                        "the provider gave no reason"
                    }
                };
                return format!(
                    "The payment was declined: {why}. The books are back in your cart, so you \
                     can order them with another payment method."
                );
            }
        },
    };
    text.to_owned()
}

fn payment(order: &Order) -> &'static str {
    match order.state() {
        _ if order.decline_reason() != DeclineReason::Unspecified => "Declined",
        OrderState::Placed | OrderState::Unspecified => "Is being processed",
        _ if order.refunded_amount.is_some() => "Paid back",
        _ if owes_refund(order) => "Is being paid back",
        OrderState::Cancelled | OrderState::Failed => "Nothing was charged",
        OrderState::Paid | OrderState::Shipped => "Paid",
    }
}

/// Whether the order was paid, even if that was paid back.
fn has_receipt(order: &Order) -> bool {
    !order.transaction_id.is_empty() && order.decline_reason() == DeclineReason::Unspecified
}

/// Whether a payment still has to be paid back.
fn owes_refund(order: &Order) -> bool {
    matches!(order.state(), OrderState::Cancelled | OrderState::Failed)
        && has_receipt(order)
        && order.refunded_amount.is_none()
}

fn label(address: &Address) -> Vec<String> {
    let city = format!("{} {}", address.postal_code, address.city);
    let lines = std::iter::once(&address.recipient)
        .chain(&address.street_lines)
        .chain([&city, &address.region, &address.country_code]);
    lines
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}
