//! Charges: stored as pending, then decided by the provider.

use service::Money;
use store::idempotency;
use uuid::Uuid;

use super::{background::PendingPayment, claim_request, receipt};
use crate::{
    ChargeOutcome, ChargeRequest, LedgerAccount, ProviderCharge, ProviderError, Transaction,
    TransactionId, Transactions, TransactionsError, money, store as rows,
    store::charges::StoredCharge,
};

/// The method name that is stored with the request id.
const METHOD: &str = "Charge";

impl Transactions {
    /// Charges a payment method. A declined charge is a transaction, too.
    ///
    /// The charge is committed as pending before the provider is called, and the provider gets
    /// its id as the idempotency key. So whatever crashes, a retry or the background task
    /// finishes this charge, and never makes a second one.
    ///
    /// # Errors
    /// [`TransactionsError::ProviderUnavailable`] if the provider did not answer: the same
    /// request then continues this charge. Other errors change nothing.
    pub async fn charge(&self, request: &ChargeRequest) -> Result<Transaction, TransactionsError> {
        let body = request.idempotency_body();
        service::crash_point!(self.inner.options.crash_points);
        let transaction_id = store::write!(self.db(), transaction => {
            self.begin_charge(transaction, request, &body).await
        })?;
        self.resolve_charge(transaction_id).await
    }

    /// Stores a pending charge, or returns the one that an earlier call with the same request
    /// id stored.
    async fn begin_charge(
        &self,
        transaction: &mut store::Transaction,
        request: &ChargeRequest,
        body: &[u8],
    ) -> Result<TransactionId, TransactionsError> {
        let now = self.now();
        let request_id = request.request_id;
        let earlier = claim_request(transaction, request_id, METHOD, body, now).await?;
        if let Some(response) = earlier {
            return saved_id(&response).map(TransactionId);
        }
        check_amount(&request.amount)?;
        // An order that was parked repeats its request after the key was deleted.
        let transaction_id = match rows::charges::with_request_id(transaction, request_id).await? {
            Some(made) if made.reference == request.reference && made.amount == request.amount => {
                made.transaction_id
            }
            Some(_) => return Err(TransactionsError::RequestIdReused(request_id)),
            None => {
                let transaction_id = TransactionId(self.inner.options.ids.next_id());
                rows::charges::insert(transaction, transaction_id, request, now).await?;
                let pending = PendingPayment::Charge(transaction_id);
                self.enqueue_resume(transaction, pending).await?;
                transaction_id
            }
        };
        let response = transaction_id.0.as_bytes();
        idempotency::save_response(transaction, &request_id.to_string(), response).await?;
        Ok(transaction_id)
    }

    /// Asks the provider to decide a charge, if it has not. The transaction is returned without
    /// refunds, as it is after the decision.
    pub(super) async fn resolve_charge(
        &self,
        transaction_id: TransactionId,
    ) -> Result<Transaction, TransactionsError> {
        let stored = store::read!(self.db(), connection => {
            rows::charges::get(connection, transaction_id).await
        })?;
        let stored = stored.ok_or(TransactionsError::NotFound(transaction_id))?;
        if let Some(decided) = stored.decided {
            return Ok(decided);
        }
        if stored.parked_reason.is_some() {
            return Err(TransactionsError::Parked);
        }
        if self.is_too_old(stored.requested_at) {
            let reason = "the payment provider did not answer in time";
            return self.park_charge(transaction_id, reason).await;
        }
        let charge = ProviderCharge {
            transaction_id,
            token: stored.token.clone(),
            amount: stored.amount.clone(),
            reference: stored.reference.clone(),
        };
        service::crash_point!(self.inner.options.crash_points);
        let answer = self.inner.provider.charge(&charge).await;
        service::crash_point!(self.inner.options.crash_points);
        match answer {
            Ok(outcome) => self.record_outcome(&stored, &outcome).await,
            Err(ProviderError::Unavailable(cause)) => {
                tracing::warn!(%transaction_id, cause, "a charge is not decided yet");
                Err(TransactionsError::ProviderUnavailable)
            }
            Err(error @ ProviderError::Refused(_)) => {
                self.park_charge(transaction_id, &error.to_string()).await
            }
        }
    }

    /// Stores the decision of the provider together with its entries in the ledger.
    async fn record_outcome(
        &self,
        charge: &StoredCharge,
        outcome: &ChargeOutcome,
    ) -> Result<Transaction, TransactionsError> {
        let transaction_id = charge.transaction_id;
        let entries = match ledger_entries(&charge.amount, outcome) {
            Ok(entries) => entries,
            Err(reason) => return self.park_charge(transaction_id, &reason).await,
        };
        let now = self.now();
        let stored = store::write!(self.db(), transaction => {
            if rows::charges::decide(transaction, transaction_id, outcome, now).await? {
                let pending = PendingPayment::Charge(transaction_id);
                self.withdraw_resume(transaction, pending).await?;
                if !entries.is_empty() {
                    let posting = format!("charge {transaction_id}");
                    let currency = &charge.amount.currency_code;
                    rows::ledger::post(transaction, &posting, currency, &entries, now).await?;
                }
                let stored = rows::charges::get(transaction, transaction_id).await?;
                if let Some(decided) = stored.as_ref().and_then(|stored| stored.decided.as_ref()) {
                    receipt::enqueue_first(transaction, decided, now).await?;
                }
                return Ok(stored);
            }
            let stored = rows::charges::get(transaction, transaction_id).await?;
            if let Some(stored) = &stored && contradicts(stored, outcome) {
                let reason = format!("the payment provider changed its decision to {outcome:?}");
                tracing::error!(%transaction_id, reason, "a charge is parked");
                rows::charges::park(transaction, transaction_id, &reason).await?;
            }
            Ok::<_, TransactionsError>(stored)
        })?;
        service::crash_point!(self.inner.options.crash_points);
        stored
            .and_then(|stored| stored.decided)
            .ok_or(TransactionsError::NotFound(transaction_id))
    }

    async fn park_charge(
        &self,
        transaction_id: TransactionId,
        reason: &str,
    ) -> Result<Transaction, TransactionsError> {
        tracing::error!(%transaction_id, reason, "a charge is parked");
        store::write!(self.db(), transaction => {
            rows::charges::park(transaction, transaction_id, reason).await
        })?;
        Err(TransactionsError::Parked)
    }
}

/// Whether an amount can be charged. A request id that was used before with another body is
/// reported first.
fn check_amount(amount: &Money) -> Result<(), TransactionsError> {
    if amount.amount_minor <= 0 {
        return Err(TransactionsError::AmountNotPositive(amount.amount_minor));
    }
    if !money::is_payment_currency(&amount.currency_code) {
        let currency_code = amount.currency_code.clone();
        return Err(TransactionsError::CurrencyUnknown(currency_code));
    }
    Ok(())
}

/// The entries of a decision; none if no money was taken. Fails with the reason for the
/// operator if the fee is impossible.
pub(super) fn ledger_entries(
    amount: &Money,
    outcome: &ChargeOutcome,
) -> Result<Vec<(LedgerAccount, i64)>, String> {
    let amount_minor = amount.amount_minor;
    match outcome {
        ChargeOutcome::Declined { .. } => Ok(Vec::new()),
        ChargeOutcome::Charged { fee_minor, .. } if (0..=amount_minor).contains(fee_minor) => {
            Ok(vec![
                (LedgerAccount::ProviderBalance, amount_minor - fee_minor),
                (LedgerAccount::Fees, *fee_minor),
                (LedgerAccount::Sales, -amount_minor),
            ])
        }
        ChargeOutcome::Charged { fee_minor, .. } => Err(format!(
            "the payment provider took {fee_minor} of {amount_minor} as its fee"
        )),
    }
}

/// Whether the provider told something else before.
fn contradicts(stored: &StoredCharge, outcome: &ChargeOutcome) -> bool {
    match outcome {
        ChargeOutcome::Charged {
            provider_charge_id, ..
        } => stored.provider_charge_id.as_ref() != Some(provider_charge_id),
        ChargeOutcome::Declined { reason, .. } => {
            let decided = stored.decided.as_ref();
            decided.and_then(|decided| decided.decline_reason) != Some(*reason)
        }
    }
}

/// The id in a saved response.
pub(super) fn saved_id(response: &[u8]) -> Result<Uuid, TransactionsError> {
    Uuid::from_slice(response)
        .map_err(|_| TransactionsError::Corrupt("a saved response that is no id".to_owned()))
}
