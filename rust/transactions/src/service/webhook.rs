//! Webhooks of the provider: a reason to ask it about a pending charge or refund now.

use crate::{
    InvalidWebhook, Transactions, TransactionsError, Webhook, WebhookSubject, store as rows,
};

/// Why a webhook was not processed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebhookError {
    /// The provider must not send it again.
    #[error(transparent)]
    Invalid(#[from] InvalidWebhook),
    /// The provider or the database did not answer: the provider should send it again.
    #[error(transparent)]
    Failed(#[from] TransactionsError),
}

impl Transactions {
    /// Finishes the charge or refund that a webhook is about, if it is pending: the provider is
    /// asked, with the idempotency key of the first request. What the webhook says is not used,
    /// so it may arrive late, repeatedly, out of order, and after everything is paid back.
    pub(crate) async fn receive_webhook(&self, webhook: &Webhook<'_>) -> Result<(), WebhookError> {
        let subject = self.inner.provider.read_webhook(webhook, self.now())?;
        let resolved = match subject {
            WebhookSubject::Charge(id) => self.resolve_charge(id).await.map(drop),
            WebhookSubject::Refund(id) => {
                let refund = store::read!(self.db(), connection => {
                    rows::refunds::get(connection, id).await
                })?;
                match refund {
                    Some(_) => self.resolve_refund(id).await.map(drop),
                    None => Ok(()),
                }
            }
            WebhookSubject::Unknown => Ok(()),
        };
        match resolved {
            // Another program uses the same account of the provider, or the operator has to
            // look at the payment: the provider can do nothing about either.
            Ok(()) | Err(TransactionsError::NotFound(_) | TransactionsError::Parked) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
