//! Transactions: taking the money for an order.
//!
//! - [`Charge`] is the domain: charge an [`Amount`] for an order, once.
//! - [`legacy()`] serves the second tutorial's
//!   `/payment.PaymentService/ProcessPayment` over it. That contract has no
//!   rules, so that what the original let pass (-5, NaN, no order) is refused
//!   there.
//!
//! [`StubCharges`] stands where the payments of `bookstore.transactions.v1` will:
//! it accepts every payment, moves no money and remembers nothing.

mod error;
mod legacy;
mod money;
mod service;

#[cfg(test)]
mod tests;

pub use error::Invalid;
pub use legacy::{Legacy, READY, legacy};
pub use money::{Amount, MAX_MINOR};
pub use service::{Charge, Charged, NotCharged, OrderId, Payment, StubCharges, UserId};
