//! A stateful test double of a payment provider, reached over HTTP like a real one. It moves
//! no money.
//!
//! # API
//! Bodies are JSON. Amounts are in the smallest unit of their currency. Every `POST` needs a
//! header `Idempotency-Key`: the same key with the same body gets the same response for
//! [`store::idempotency::RETENTION`], and with another body the status 409.
//!
//! - `POST /v1/charges` with `{"token", "amount_minor", "currency_code", "reference"}` returns
//!   [`Charge`]. A declined charge is a response with the status 200.
//! - `POST /v1/charges/{charge_id}/refunds` with `{"amount_minor"}` returns [`Refund`]; 404 if
//!   no such charge was made, 422 if the amount is more than what is left of it.
//!
//! # Test tokens
//! [`TestToken`] lists them. The provider declines every other token as unknown.
//!
//! # Durability
//! Charges, refunds and responses are rows of [`store`]: a response that was sent survives
//! SIGKILL. `answer lost` means that the change is committed and the connection then breaks.

#![forbid(unsafe_code)]

mod http;
mod simulator;
mod store_rows;
#[cfg(test)]
mod tests;
mod token;

pub use simulator::{Charge, ChargeBody, Options, Refund, RefundBody, Simulator, SimulatorError};
pub use store_rows::SCHEMA;
pub use token::TestToken;
