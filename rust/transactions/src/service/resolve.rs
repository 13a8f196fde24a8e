//! What the operator decides about parked charges and refunds.

use store::{
    idempotency::{self, RequestState},
    outbox,
};
use uuid::Uuid;

use super::{
    background::{PendingPayment, TOPIC},
    charge::{ledger_entries, saved_id},
    receipt,
    refund::paid_entries,
};
use crate::{
    ChargeOutcome, LedgerAccount, PaymentAction, PaymentResolution, RefundId, ResolvePayment,
    Transactions, TransactionsError, store as rows,
    store::{charges::StoredCharge, refunds::StoredRefund},
};

/// The method name that is stored with the request id.
const METHOD: &str = "ResolveParkedPayment";

impl Transactions {
    /// Records what has happened to a parked charge or refund, or lets the provider be asked
    /// again. The entries in the ledger are stored in the same transaction.
    ///
    /// # Errors
    /// [`TransactionsError::NotFound`], [`TransactionsError::NotParked`],
    /// [`TransactionsError::ResolutionNotPossible`], the charge at the provider is missing or its
    /// fee is too large, or the database does not answer. Then nothing has changed.
    pub async fn resolve_parked(
        &self,
        request: &ResolvePayment,
    ) -> Result<PaymentResolution, TransactionsError> {
        let body = request.idempotency_body();
        let (key, now) = (request.request_id.to_string(), self.now());
        let resolution_id = self.inner.options.ids.next_id();
        let decision = store::write!(self.db(), transaction => {
            let at = now.as_microsecond();
            match idempotency::claim(transaction, &key, METHOD, &body, at).await? {
                RequestState::New => {}
                RequestState::Completed(saved) => return earlier(transaction, &saved).await,
                RequestState::Conflict => {
                    return Err(TransactionsError::RequestIdReused(request.request_id));
                }
            }
            let not_found = TransactionsError::NotFound(request.transaction_id);
            rows::charges::lock(transaction, request.transaction_id).await?;
            let charge = rows::charges::get(transaction, request.transaction_id).await?;
            let charge = charge.ok_or(not_found)?;
            let parked_reason = match request.refund_id {
                None => self.resolve_parked_charge(transaction, request, &charge, resolution_id).await?,
                Some(id) => self.resolve_parked_refund(transaction, request, &charge, id).await?,
            };
            let decision = PaymentResolution {
                resolution_id,
                transaction_id: request.transaction_id,
                refund_id: request.refund_id,
                action: request.action,
                operator_name: request.operator_name.clone(),
                note: request.note.clone(),
                parked_reason,
                resolved_at: now,
            };
            rows::resolutions::insert(transaction, &decision).await?;
            idempotency::save_response(transaction, &key, resolution_id.as_bytes()).await?;
            Ok::<_, TransactionsError>(decision)
        })?;
        let PaymentResolution {
            transaction_id,
            action,
            operator_name,
            ..
        } = &decision;
        tracing::info!(%transaction_id, ?action, operator_name, "a parked payment goes on");
        Ok(decision)
    }

    /// Returns why the charge was parked.
    async fn resolve_parked_charge(
        &self,
        transaction: &mut store::Transaction,
        request: &ResolvePayment,
        charge: &StoredCharge,
        resolution_id: Uuid,
    ) -> Result<String, TransactionsError> {
        let (id, now) = (charge.transaction_id, self.now());
        let parked_reason = charge.parked_reason.clone();
        let parked_reason = parked_reason.ok_or(TransactionsError::NotParked)?;
        let decided = charge.decided.as_ref();
        let succeeded = decided.map(|decided| decided.decline_reason.is_none());
        match (request.action, succeeded) {
            (PaymentAction::Retry, None) if !self.is_too_old(charge.requested_at) => {
                rows::settlement::unpark_charge(transaction, id).await?;
                self.ask_again(transaction, PendingPayment::Charge(id))
                    .await?;
            }
            (PaymentAction::MarkSucceeded, Some(true))
            | (PaymentAction::MarkFailed, Some(false)) => {
                rows::settlement::unpark_charge(transaction, id).await?;
            }
            (PaymentAction::MarkSucceeded, _) => {
                let (provider_charge_id, entries) = charged_entries(request, charge)?;
                rows::settlement::settle_as_charged(transaction, id, &provider_charge_id, now)
                    .await?;
                self.post_resolution(transaction, charge, &entries, resolution_id)
                    .await?;
                let stored = rows::charges::get(transaction, id).await?;
                if let Some(charged) = stored.and_then(|stored| stored.decided) {
                    receipt::enqueue_first(transaction, &charged, now).await?;
                }
            }
            (PaymentAction::MarkFailed, _) if charge.refund_count == 0 => {
                let taken = rows::ledger::sums_of(transaction, &charge_posting(charge)).await?;
                let reversed: Vec<_> = taken
                    .into_iter()
                    .map(|(account, minor)| (account, -minor))
                    .collect();
                rows::settlement::settle_as_declined(transaction, id, now).await?;
                self.post_resolution(transaction, charge, &reversed, resolution_id)
                    .await?;
            }
            (PaymentAction::Retry | PaymentAction::MarkFailed, _) => {
                return Err(TransactionsError::ResolutionNotPossible);
            }
        }
        if request.action != PaymentAction::Retry {
            self.withdraw_resume(transaction, PendingPayment::Charge(id))
                .await?;
        }
        Ok(parked_reason)
    }

    /// Returns why the refund was parked.
    async fn resolve_parked_refund(
        &self,
        transaction: &mut store::Transaction,
        request: &ResolvePayment,
        charge: &StoredCharge,
        refund_id: RefundId,
    ) -> Result<String, TransactionsError> {
        let (transaction_id, now) = (charge.transaction_id, self.now());
        let found = rows::refunds::get(transaction, refund_id).await?;
        let refund = found.filter(|refund| refund.transaction_id == transaction_id);
        let refund = refund.ok_or(TransactionsError::NotFound(transaction_id))?;
        let parked_reason = refund.parked_reason.clone();
        let parked_reason = parked_reason.ok_or(TransactionsError::NotParked)?;
        let pending = PendingPayment::Refund(refund_id);
        match request.action {
            PaymentAction::Retry if self.is_too_old(refund.requested_at) => {
                return Err(TransactionsError::ResolutionNotPossible);
            }
            PaymentAction::Retry => {
                rows::settlement::unpark_refund(transaction, refund_id).await?;
                return self
                    .ask_again(transaction, pending)
                    .await
                    .map(|()| parked_reason);
            }
            PaymentAction::MarkSucceeded => {
                rows::settlement::unpark_refund(transaction, refund_id).await?;
                if rows::refunds::mark_paid(transaction, refund_id, transaction_id, now).await? {
                    let posting = format!("refund {refund_id}");
                    let (currency, entries) = (&charge.amount.currency_code, paid_entries(&refund));
                    rows::ledger::post(transaction, &posting, currency, &entries, now).await?;
                }
            }
            PaymentAction::MarkFailed => fail(transaction, refund_id, &refund, now).await?,
        }
        self.withdraw_resume(transaction, pending).await?;
        Ok(parked_reason)
    }

    /// Lets the background task ask the provider now.
    async fn ask_again(
        &self,
        transaction: &mut store::Transaction,
        payment: PendingPayment,
    ) -> Result<(), TransactionsError> {
        // One message is enough.
        self.withdraw_resume(transaction, payment).await?;
        let ((key, payload), now) = (payment.message(), self.now().as_microsecond());
        outbox::enqueue(transaction, TOPIC, &key, payload.as_bytes(), now).await?;
        Ok(())
    }

    /// Posts what a decision about a charge means for the money, if it means anything.
    async fn post_resolution(
        &self,
        transaction: &mut store::Transaction,
        charge: &StoredCharge,
        entries: &[(LedgerAccount, i64)],
        resolution_id: Uuid,
    ) -> Result<(), TransactionsError> {
        if entries.iter().all(|(_, minor)| *minor == 0) {
            return Ok(());
        }
        let posting = format!("{} resolution {resolution_id}", charge_posting(charge));
        let (currency, now) = (&charge.amount.currency_code, self.now());
        rows::ledger::post(transaction, &posting, currency, entries, now).await
    }
}

/// The name of the posting of a charge. Later ones begin with it and a space.
fn charge_posting(charge: &StoredCharge) -> String {
    format!("charge {}", charge.transaction_id)
}

/// The id at the provider and the entries of a charge that was successful after all.
fn charged_entries(
    request: &ResolvePayment,
    charge: &StoredCharge,
) -> Result<(String, Vec<(LedgerAccount, i64)>), TransactionsError> {
    let provider_charge_id = request.provider_charge_id.clone();
    let provider_charge_id =
        provider_charge_id.ok_or(TransactionsError::ProviderChargeIdMissing)?;
    let outcome = ChargeOutcome::Charged {
        provider_charge_id: provider_charge_id.clone(),
        method_label: String::new(),
        fee_minor: request.fee_minor,
    };
    let entries = ledger_entries(&charge.amount, &outcome);
    let entries = entries.map_err(|_| TransactionsError::FeeTooLarge(request.fee_minor))?;
    Ok((provider_charge_id, entries))
}

async fn fail(
    transaction: &mut store::Transaction,
    refund_id: RefundId,
    refund: &StoredRefund,
    now: jiff::Timestamp,
) -> Result<(), TransactionsError> {
    let (transaction_id, amount_minor) = (refund.transaction_id, refund.amount_minor);
    rows::settlement::fail_refund(transaction, refund_id, transaction_id, amount_minor, now).await
}

/// The decision that an earlier call with the same request id has made.
async fn earlier(
    connection: &mut store::Connection,
    saved: &[u8],
) -> Result<PaymentResolution, TransactionsError> {
    let found = rows::resolutions::get(connection, saved_id(saved)?).await?;
    let missing = || TransactionsError::Corrupt("no decision for a saved response".to_owned());
    found.ok_or_else(missing)
}
