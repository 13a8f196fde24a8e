//! Transactions: charges, refunds and the ledger.
//!
//! - [`Transactions`] has the use cases. It uses neither tonic nor SQL text.
//! - [`PaymentProvider`] is the interface to the payment provider, and [`HttpProvider`] its
//!   implementation for the crate `payment-simulator`.
//! - [`Transactions::server`] serves `bookstore.transactions.v1`.
//! - [`Transactions::legacy_server`] serves the second tutorial's
//!   `/payment.PaymentService/ProcessPayment`. That contract has no validation rules, so the
//!   module `legacy` refuses the values that the original accepts by mistake: -5, NaN, no order.
//!
//! # No double charge, no lost charge
//! A charge is committed as pending, together with a message of the outbox, before the provider
//! is called with the id of the charge as its idempotency key. The decision is committed
//! together with its entries in the ledger. If the process dies or the provider does not answer
//! in between, the same call is repeated: by a retry with the same request id, or by the
//! background task. Refunds work alike; their amount is set aside first, so that concurrent
//! refunds never pay back more than was charged.
//!
//! A charge is *parked* when the provider refuses what it should accept, changes its decision,
//! or does not answer for [`MAX_PENDING`]. Nothing is guessed then: the row has the reason, the
//! log an error, and callers get PROVIDER_UNAVAILABLE. The operator finds out what has happened and
//! says so by ResolveParkedPayment: each decision is kept in `payment_resolutions` with who made it
//! and why, and what it means for the money is one more posting in the ledger.
//!
//! # Webhooks
//! A signed webhook of the provider is a reason to ask it about a pending charge or refund now,
//! instead of when the background task does. Nothing that it says is used.
//!
//! # Receipts
//! A charge with an address for the receipt commits a message of the outbox together with the
//! decision. The mail is written when it is sent, so it shows the refunds until then.
//!
//! # Ledger
//! Each movement of money is one posting: a set of entries whose sum is zero, inserted by one
//! statement that inserts nothing if it is not. Triggers refuse changes of entries.

mod domain;
mod error;
mod grpc;
mod legacy;
mod money;
mod provider;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod webhooks;

pub use self::service::{MAX_PARTIAL_REFUNDS, MAX_PENDING, Options, Transactions};
pub use domain::{
    AccountPayment, ChargeRequest, DeclineReason, LedgerAccount, LedgerBalance, ParkedRefund,
    Payment, PaymentAction, PaymentResolution, Refund, RefundId, RefundRequest, ResolvePayment,
    Transaction, TransactionId, TransactionState,
};
pub use error::{InvalidPayment, TransactionsError};
pub use grpc::Grpc;
pub use legacy::{Legacy, READY};
pub use money::{Amount, MAX_MINOR};
pub use provider::{
    ChargeOutcome, HttpProvider, InvalidProviderUrl, InvalidWebhook, PaymentProvider,
    ProviderCharge, ProviderError, ProviderRefund, Webhook, WebhookSubject,
};
pub use store::SCHEMA;
