//! Refunds: stored as pending, then paid back by the provider.

use store::idempotency;

use super::{MAX_PARTIAL_REFUNDS, background::PendingPayment, charge::saved_id, claim_request};
use crate::{
    LedgerAccount, ProviderError, ProviderRefund, Refund, RefundId, RefundRequest, Transaction,
    TransactionState, Transactions, TransactionsError, store as rows,
    store::{charges::StoredCharge, refunds::StoredRefund},
};

/// The method name that is stored with the request id.
const METHOD: &str = "Refund";

impl Transactions {
    /// Pays back a charge, in whole or in part. Returns the refund, and the transaction as it
    /// was after it.
    ///
    /// The refund is committed as pending, and its amount set aside, before the provider is
    /// called. As with charges, a retry or the background task finishes it exactly once.
    ///
    /// # Errors
    /// [`TransactionsError::ProviderUnavailable`] if the provider did not answer: the same
    /// request then continues this refund. Other errors change nothing.
    pub async fn refund(
        &self,
        request: &RefundRequest,
    ) -> Result<(Refund, Transaction), TransactionsError> {
        let body = request.idempotency_body();
        service::crash_point!(self.inner.options.crash_points);
        let refund_id = store::write!(self.db(), transaction => {
            self.begin_refund(transaction, request, &body).await
        })?;
        self.resolve_refund(refund_id).await
    }

    /// Stores a pending refund, or returns the one that an earlier call with the same request
    /// id stored.
    async fn begin_refund(
        &self,
        transaction: &mut store::Transaction,
        request: &RefundRequest,
        body: &[u8],
    ) -> Result<RefundId, TransactionsError> {
        let now = self.now();
        let request_id = request.request_id;
        let earlier = claim_request(transaction, request_id, METHOD, body, now).await?;
        let failed = match earlier {
            None => None,
            Some(response) => {
                rows::charges::lock(transaction, request.transaction_id).await?;
                let first = RefundId(saved_id(&response)?);
                match last_of_request(transaction, first).await? {
                    (last, false) => return Ok(last),
                    // The operator has found out that it was not paid back.
                    (last, true) => Some(last),
                }
            }
        };
        // A request id that was used before with another body is reported first.
        if let Some(amount) = &request.amount
            && amount.amount_minor <= 0
        {
            return Err(TransactionsError::AmountNotPositive(amount.amount_minor));
        }
        let transaction_id = request.transaction_id;
        rows::charges::lock(transaction, transaction_id).await?;
        let charge = rows::charges::get(transaction, transaction_id).await?;
        let charge = charge.ok_or(TransactionsError::NotFound(transaction_id))?;
        let amount_minor = refund_amount(&charge, request)?;
        if !rows::charges::reserve_refund(transaction, transaction_id, amount_minor).await? {
            let what = format!("a refund of {amount_minor} of {charge:?}");
            return Err(TransactionsError::Corrupt(what));
        }
        let refund_id = RefundId(self.inner.options.ids.next_id());
        let reason = &request.reason;
        rows::refunds::insert(
            transaction,
            refund_id,
            transaction_id,
            amount_minor,
            reason,
            now,
        )
        .await?;
        let pending = PendingPayment::Refund(refund_id);
        self.enqueue_resume(transaction, pending).await?;
        match failed {
            Some(failed) => {
                rows::settlement::replace_refund(transaction, failed, refund_id).await?;
            }
            None => {
                let (key, response) = (request_id.to_string(), refund_id.0.as_bytes());
                idempotency::save_response(transaction, &key, response).await?;
            }
        }
        Ok(refund_id)
    }

    /// Asks the provider to pay back a refund, if it has not.
    pub(super) async fn resolve_refund(
        &self,
        refund_id: RefundId,
    ) -> Result<(Refund, Transaction), TransactionsError> {
        let unknown = || TransactionsError::Corrupt(format!("the refund {refund_id}"));
        let (refund, charge) = store::read!(self.db(), connection => {
            let refund = rows::refunds::get(connection, refund_id).await?.ok_or_else(unknown)?;
            let charge = rows::charges::get(connection, refund.transaction_id).await?;
            Ok::<_, TransactionsError>((refund, charge.ok_or_else(unknown)?))
        })?;
        if refund.position.is_some() {
            return self.paid_refund(refund_id, &refund).await;
        }
        if refund.parked_reason.is_some() || refund.has_failed {
            return Err(TransactionsError::Parked);
        }
        if self.is_too_old(refund.requested_at) {
            let reason = "the payment provider did not answer in time";
            return self.park_refund(refund_id, reason).await;
        }
        let provider_refund = ProviderRefund {
            refund_id,
            provider_charge_id: charge.provider_charge_id.clone().ok_or_else(unknown)?,
            amount_minor: refund.amount_minor,
        };
        service::crash_point!(self.inner.options.crash_points);
        let answer = self.inner.provider.refund(&provider_refund).await;
        service::crash_point!(self.inner.options.crash_points);
        match answer {
            Ok(()) => self.record_paid(refund_id, &refund, &charge).await,
            Err(ProviderError::Unavailable(cause)) => {
                tracing::warn!(%refund_id, cause, "a refund is not paid back yet");
                Err(TransactionsError::ProviderUnavailable)
            }
            Err(error @ ProviderError::Refused(_)) => {
                self.park_refund(refund_id, &error.to_string()).await
            }
        }
    }

    /// Stores that a refund was paid back, together with its entries in the ledger.
    async fn record_paid(
        &self,
        refund_id: RefundId,
        refund: &StoredRefund,
        charge: &StoredCharge,
    ) -> Result<(Refund, Transaction), TransactionsError> {
        let (now, transaction_id) = (self.now(), refund.transaction_id);
        let entries = paid_entries(refund);
        let paid = store::write!(self.db(), transaction => {
            rows::charges::lock(transaction, transaction_id).await?;
            if rows::refunds::mark_paid(transaction, refund_id, transaction_id, now).await? {
                let pending = PendingPayment::Refund(refund_id);
                self.withdraw_resume(transaction, pending).await?;
                let posting = format!("refund {refund_id}");
                let currency = &charge.amount.currency_code;
                rows::ledger::post(transaction, &posting, currency, &entries, now).await?;
            }
            rows::refunds::get(transaction, refund_id).await
        })?;
        service::crash_point!(self.inner.options.crash_points);
        self.paid_refund(refund_id, &paid.unwrap_or_else(|| refund.clone()))
            .await
    }

    /// The response about a refund: the transaction without the later refunds.
    async fn paid_refund(
        &self,
        refund_id: RefundId,
        refund: &StoredRefund,
    ) -> Result<(Refund, Transaction), TransactionsError> {
        let mut transaction = self.transaction(refund.transaction_id, None).await?;
        transaction.refunds.truncate(refund.position.unwrap_or(0));
        match transaction.refunds.last() {
            Some(last) if last.refund_id == refund_id => Ok((last.clone(), transaction)),
            _ => Err(TransactionsError::Corrupt(format!(
                "the refund {refund_id}"
            ))),
        }
    }

    async fn park_refund(
        &self,
        refund_id: RefundId,
        reason: &str,
    ) -> Result<(Refund, Transaction), TransactionsError> {
        tracing::error!(%refund_id, reason, "a refund is parked");
        store::write!(self.db(), transaction => {
            rows::refunds::park(transaction, refund_id, reason).await
        })?;
        Err(TransactionsError::Parked)
    }
}

/// The entries of a refund that was paid back.
pub(super) fn paid_entries(refund: &StoredRefund) -> [(LedgerAccount, i64); 2] {
    [
        (LedgerAccount::Refunds, refund.amount_minor),
        (LedgerAccount::ProviderBalance, -refund.amount_minor),
    ]
}

/// The last refund of a request whose first one this is, and whether it has failed.
async fn last_of_request(
    connection: &mut store::Connection,
    first: RefundId,
) -> Result<(RefundId, bool), TransactionsError> {
    let mut last = first;
    loop {
        let refund = rows::refunds::get(connection, last).await?;
        let refund =
            refund.ok_or_else(|| TransactionsError::Corrupt(format!("the refund {last}")))?;
        match refund.replaced_by {
            Some(next) => last = next,
            None => return Ok((last, refund.has_failed)),
        }
    }
}

/// The amount to pay back, if the charge allows it.
fn refund_amount(charge: &StoredCharge, request: &RefundRequest) -> Result<i64, TransactionsError> {
    let Some(decided) = &charge.decided else {
        return Err(TransactionsError::NotFound(charge.transaction_id));
    };
    if let Some(reason) = decided.decline_reason {
        let state = TransactionState::Declined(reason);
        return Err(TransactionsError::NotRefundable(state));
    }
    let refundable_minor = charge.amount.amount_minor - charge.refund_minor;
    if refundable_minor == 0 {
        return Err(TransactionsError::NotRefundable(TransactionState::Refunded));
    }
    let amount_minor = match &request.amount {
        None => refundable_minor,
        Some(amount) if amount.currency_code != charge.amount.currency_code => {
            return Err(TransactionsError::CurrencyDiffers {
                currency_code: charge.amount.currency_code.clone(),
            });
        }
        Some(amount) => amount.amount_minor,
    };
    if amount_minor > refundable_minor {
        return Err(TransactionsError::RefundTooLarge { refundable_minor });
    }
    if amount_minor < refundable_minor && charge.refund_count >= MAX_PARTIAL_REFUNDS {
        return Err(TransactionsError::TooManyRefunds);
    }
    Ok(amount_minor)
}
