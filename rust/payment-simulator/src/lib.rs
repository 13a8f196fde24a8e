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
//! # Webhooks
//! With [`Options::webhooks`], an [`Event`] is sent for each request to charge, each decision
//! about it and each refund: `POST` with the event as JSON, and with the header
//! `Bindery-Signature: t=SECONDS,v1=HEX`, whose signature is the HMAC-SHA256 of the seconds, a
//! dot and the body with the secret that both sides have. A response other than 2xx, or none
//! within 10 seconds, repeats it after a backoff of up to five minutes for about a day. The events
//! of one charge are sent in their order, each after the earlier ones were accepted, unless the
//! token asks for something else.
//!
//! # Test tokens
//! [`TestToken`] lists them. The provider declines every other token as unknown.
//!
//! # Durability
//! Charges, refunds and responses are rows of [`store`]: a response that was sent survives
//! SIGKILL. `answer lost` means that the change is committed and the connection then breaks.

#![forbid(unsafe_code)]

mod events;
mod http;
mod simulator;
mod store_rows;
#[cfg(test)]
mod tests;
mod token;
mod webhook;

pub use events::{Event, EventKind};
pub use simulator::{Charge, ChargeBody, Options, Refund, RefundBody, Simulator, SimulatorError};
pub use store_rows::SCHEMA;
pub use token::TestToken;
pub use webhook::{InvalidWebhookUrl, SIGNATURE_HEADER, WebhookTarget};
