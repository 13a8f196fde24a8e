//! The background tasks: finish what the provider has not decided, send the receipts, and prune
//! old requests.

use std::sync::Arc;

use service::{
    DeliveryError, OutboxHandler, OutboxOptions, OutboxView, OutboxWorker, PruneIdempotencyKeys,
};
use store::outbox::{self, Message};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{receipt::RECEIPTS, receipt_mail::SendReceipts};
use crate::{RefundId, TransactionId, Transactions, TransactionsError};

/// The topic of the outbox.
pub(super) const TOPIC: &str = "pending-payments";

/// After so many attempts a message would be dead. With the longest backoff that is later than
/// [`MAX_PENDING`](crate::MAX_PENDING), when the payment is parked.
const MAX_ATTEMPTS: u32 = 1000;

/// After so many attempts a receipt is dead: with the longest backoff of five minutes, about a
/// day after it was requested.
const MAX_RECEIPT_ATTEMPTS: u32 = 300;

/// A message of the outbox: a charge or a refund that may not be decided yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PendingPayment {
    Charge(TransactionId),
    Refund(RefundId),
}

impl PendingPayment {
    /// The key and the payload of the message.
    pub(super) fn message(self) -> (String, String) {
        match self {
            Self::Charge(id) => (id.to_string(), format!("charge {id}")),
            Self::Refund(id) => (id.to_string(), format!("refund {id}")),
        }
    }

    fn parse(payload: &[u8]) -> Option<Self> {
        let (kind, id) = str::from_utf8(payload).ok()?.split_once(' ')?;
        let id = Uuid::parse_str(id).ok()?;
        match kind {
            "charge" => Some(Self::Charge(TransactionId(id))),
            "refund" => Some(Self::Refund(RefundId(id))),
            _ => None,
        }
    }
}

/// Says in words what a message does.
fn summarize(topic: &str, message: &Message) -> String {
    let payload = &message.payload;
    if topic == RECEIPTS {
        return match Uuid::from_slice(payload) {
            Ok(transaction_id) => format!("Mail with the receipt of the charge {transaction_id}"),
            Err(_) => "An unknown payload".to_owned(),
        };
    }
    match PendingPayment::parse(payload) {
        Some(PendingPayment::Charge(id)) => format!("Finish the charge {id}"),
        Some(PendingPayment::Refund(id)) => format!("Finish the refund {id}"),
        None => "An unknown payload".to_owned(),
    }
}

/// Finishes pending payments.
pub(crate) struct Resume(pub(crate) Transactions);

impl OutboxHandler for Resume {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let outcome = match PendingPayment::parse(&message.payload) {
            Some(PendingPayment::Charge(id)) => self.0.resolve_charge(id).await.map(drop),
            Some(PendingPayment::Refund(id)) => self.0.resolve_refund(id).await.map(drop),
            None => return Err(DeliveryError::Permanent("an unknown payload".to_owned())),
        };
        match outcome {
            // What is parked waits for the operator, not for the provider.
            Ok(()) | Err(TransactionsError::Parked) => Ok(()),
            Err(error) => Err(DeliveryError::Temporary(error.to_string())),
        }
    }
}

impl Transactions {
    /// Starts the tasks that finish pending charges and refunds, send the receipts, and delete
    /// the responses of old requests. They end when the handle is dropped. Must be called within a tokio runtime.
    #[must_use = "the tasks end when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        let options = &self.inner.options;
        let prune = PruneIdempotencyKeys::new(self.db().clone(), Arc::clone(&options.clock));
        service::run_together([
            service::run_periodically(OutboxWorker::<Resume>::INTERVAL, self.worker()),
            service::run_periodically(
                OutboxWorker::<SendReceipts>::INTERVAL,
                self.receipt_worker(),
            ),
            service::run_periodically(PruneIdempotencyKeys::INTERVAL, prune),
        ])
    }

    /// Lets the background task finish a payment that the present call does not finish.
    pub(super) async fn enqueue_resume(
        &self,
        transaction: &mut store::Transaction,
        payment: PendingPayment,
    ) -> Result<(), TransactionsError> {
        let (key, payload) = payment.message();
        let due = self.resume_at();
        outbox::schedule(transaction, TOPIC, &key, payload.as_bytes(), due).await?;
        Ok(())
    }

    /// Takes the message back in the transaction that finishes the payment.
    pub(super) async fn withdraw_resume(
        &self,
        transaction: &mut store::Transaction,
        payment: PendingPayment,
    ) -> Result<(), TransactionsError> {
        let (key, _) = payment.message();
        Ok(outbox::withdraw(transaction, TOPIC, &key).await?)
    }

    /// What is not finished or sent yet.
    pub(crate) fn outbox(&self) -> OutboxView {
        let clock = Arc::clone(&self.inner.options.clock);
        OutboxView::new(self.db().clone(), clock, &[RECEIPTS, TOPIC], summarize)
    }

    /// The task that finishes pending charges and refunds.
    pub(crate) fn worker(&self) -> OutboxWorker<Resume> {
        let options = self.outbox_options(MAX_ATTEMPTS);
        OutboxWorker::new(self.db().clone(), TOPIC, Resume(self.clone()), options)
    }

    /// The task that sends the receipts.
    pub(crate) fn receipt_worker(&self) -> OutboxWorker<SendReceipts> {
        let options = self.outbox_options(MAX_RECEIPT_ATTEMPTS);
        let handler = SendReceipts(self.clone());
        OutboxWorker::new(self.db().clone(), RECEIPTS, handler, options)
    }

    fn outbox_options(&self, max_attempts: u32) -> OutboxOptions {
        let options = &self.inner.options;
        OutboxOptions {
            max_attempts,
            clock: Arc::clone(&options.clock),
            ids: Arc::clone(&options.ids),
            ..OutboxOptions::default()
        }
    }
}
