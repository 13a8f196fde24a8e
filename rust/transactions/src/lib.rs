//! Transactions: payments for orders.
//!
//! - [`PaymentGateway`] charges an [`Amount`] for an order.
//! - [`legacy()`] serves the second tutorial's `/payment.PaymentService/ProcessPayment`.
//!   That contract has no validation rules, so `legacy` refuses the values that the
//!   original accepts by mistake: -5, NaN, no order.
//!
//! [`StubGateway`] is a stub until `bookstore.transactions.v1` exists: it accepts every
//! payment, moves no money and stores nothing.

mod error;
mod legacy;
mod money;
mod service;

#[cfg(test)]
mod tests;

pub use self::service::{
    ChargeError, ChargeReceipt, OrderId, Payment, PaymentGateway, StubGateway, UserId,
};
pub use error::InvalidPayment;
pub use legacy::{Legacy, READY, legacy};
pub use money::{Amount, MAX_MINOR};
