//! Receipts: messages of the outbox, which a worker mails.

use std::time::Duration;

use jiff::Timestamp;
use service::AccountId;
use store::{idempotency, outbox};
use uuid::Uuid;

use super::claim_request;
use crate::{Transaction, TransactionId, Transactions, TransactionsError, store as rows};

/// The method name that is stored with the request id.
const METHOD: &str = "ResendReceipt";

/// The topic of the outbox. The payload is the id of the transaction. Each mail has a key of its
/// own, so that one that cannot be sent holds back no other: that of the first mail is the id of
/// the transaction, and that of a later one the id of its request.
pub(crate) const RECEIPTS: &str = "receipts";

/// How many mails of one receipt may be requested within [`LIMIT_PERIOD`].
const MAX_MAILS: usize = 5;

const LIMIT_PERIOD: Duration = Duration::from_secs(60 * 60);

impl Transactions {
    /// Mails a receipt again, and returns the address. `account_id` is the account that may
    /// read the transaction; `None` may read all.
    ///
    /// # Errors
    /// [`TransactionsError::NotFound`], [`TransactionsError::ReceiptNone`], or
    /// [`TransactionsError::TooManyReceipts`] after five mails within an hour.
    pub async fn resend_receipt(
        &self,
        request_id: Uuid,
        transaction_id: TransactionId,
        account_id: Option<AccountId>,
    ) -> Result<String, TransactionsError> {
        let found = self.transaction(transaction_id, account_id).await?;
        let address = match (&found.receipt_email, found.decline_reason) {
            (Some(address), None) => address.clone(),
            _ => return Err(TransactionsError::ReceiptNone),
        };
        let now = self.now();
        store::write!(self.db(), transaction => {
            let body = transaction_id.0.as_bytes();
            if claim_request(transaction, request_id, METHOD, body, now).await?.is_some() {
                return Ok(());
            }
            // The lock makes concurrent requests count each other's mails.
            rows::charges::lock(transaction, transaction_id).await?;
            let since = now - LIMIT_PERIOD;
            let mails = rows::receipts::since(transaction, transaction_id, since).await?;
            if let Some(oldest) = mails.first() && mails.len() >= MAX_MAILS {
                let retry_after = oldest.duration_since(since).unsigned_abs();
                return Err(TransactionsError::TooManyReceipts { retry_after });
            }
            rows::receipts::insert(transaction, request_id, transaction_id, now).await?;
            enqueue(transaction, request_id, transaction_id, now).await?;
            idempotency::save_response(transaction, &request_id.to_string(), &[]).await?;
            Ok(())
        })?;
        Ok(address)
    }
}

/// Enqueues the first mail of a receipt, if the charge has one.
pub(super) async fn enqueue_first(
    transaction: &mut store::Transaction,
    charged: &Transaction,
    now: Timestamp,
) -> Result<(), TransactionsError> {
    if charged.receipt_email.is_some() && charged.decline_reason.is_none() {
        let transaction_id = charged.transaction_id;
        enqueue(transaction, transaction_id.0, transaction_id, now).await?;
    }
    Ok(())
}

async fn enqueue(
    transaction: &mut store::Transaction,
    key: Uuid,
    transaction_id: TransactionId,
    now: Timestamp,
) -> Result<(), TransactionsError> {
    let (key, payload) = (key.to_string(), transaction_id.0.as_bytes());
    let now = now.as_microsecond();
    outbox::enqueue(transaction, RECEIPTS, &key, payload, now).await?;
    Ok(())
}
