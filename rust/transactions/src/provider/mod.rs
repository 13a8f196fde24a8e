//! The interface to the payment provider. To add a provider, implement [`PaymentProvider`].

mod http_client;
mod webhook;

use std::fmt;

use futures::future::BoxFuture;
use jiff::Timestamp;
use service::Money;

#[cfg(test)]
pub(crate) use self::webhook::TOLERANCE_SECONDS;
pub use self::{
    http_client::{HttpProvider, InvalidProviderUrl},
    webhook::{InvalidWebhook, Webhook, WebhookSubject},
};
use crate::{DeclineReason, RefundId, TransactionId};

/// A payment provider.
///
/// Both calls are repeated with the same id until the provider answers, by this process or
/// after a restart by another one, for up to [`MAX_PENDING`](crate::MAX_PENDING). So an
/// implementation must send the id as the idempotency key, and the provider must keep keys for
/// at least that time.
pub trait PaymentProvider: fmt::Debug + Send + Sync + 'static {
    /// Charges a payment method.
    fn charge<'a>(
        &'a self,
        charge: &'a ProviderCharge,
    ) -> BoxFuture<'a, Result<ChargeOutcome, ProviderError>>;

    /// Pays back a part of a charge.
    fn refund<'a>(&'a self, refund: &'a ProviderRefund)
    -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Verifies the signature and the time of a webhook, and tells which charge or refund it is
    /// about: that whose id was the idempotency key. Without an implementation, webhooks are
    /// refused, and the background task alone finishes what is pending.
    ///
    /// # Errors
    /// [`InvalidWebhook`] if the provider did not sign it now, or if it cannot be read.
    fn read_webhook(
        &self,
        webhook: &Webhook<'_>,
        now: Timestamp,
    ) -> Result<WebhookSubject, InvalidWebhook> {
        let _ = (webhook, now);
        Err(InvalidWebhook::NotConfigured)
    }
}

/// What to charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderCharge {
    /// The idempotency key.
    pub transaction_id: TransactionId,
    /// The token of the payment method.
    pub token: String,
    /// The amount, greater than zero.
    pub amount: Money,
    /// What is paid for.
    pub reference: String,
}

/// What to pay back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRefund {
    /// The idempotency key.
    pub refund_id: RefundId,
    /// The charge, as [`ChargeOutcome::Charged`] named it.
    pub provider_charge_id: String,
    /// The amount in minor units of the currency of the charge, greater than zero.
    pub amount_minor: i64,
}

/// The decision of the provider about a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeOutcome {
    /// The money was taken.
    Charged {
        /// The id of the charge at the provider.
        provider_charge_id: String,
        /// What the provider keeps of the amount, in minor units.
        fee_minor: i64,
        /// A description of the payment method for its owner.
        method_label: String,
    },
    /// No money was taken.
    Declined {
        /// The reason.
        reason: DeclineReason,
        /// A description of the payment method for its owner.
        method_label: String,
    },
}

/// Why there is no decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider did not answer, or with an error of its own. It is unknown whether it did
    /// what it was asked.
    #[error("the payment provider does not answer: {0}")]
    Unavailable(String),
    /// The provider refuses a request that should be valid: it believes something else than
    /// the bookstore. The charge or refund is parked for the operator.
    #[error("the payment provider refuses the request: {0}")]
    Refused(String),
}
