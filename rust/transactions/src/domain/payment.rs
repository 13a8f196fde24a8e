//! Payments, as the operator and as their payers see them.

use jiff::Timestamp;
use service::Money;

use super::{PaymentResolution, RefundId, Transaction, TransactionId};

/// A payment as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The id of the transaction.
    pub transaction_id: TransactionId,
    /// What is paid for.
    pub reference: String,
    /// The amount that was requested.
    pub amount: Money,
    /// The transaction; `None` until the provider has decided.
    pub transaction: Option<Transaction>,
    /// Why the operator has to look at the charge or at one of its refunds.
    pub parked_reason: Option<String>,
    /// The refund that the reason is about; `None` if it is about the charge.
    pub parked_refund: Option<ParkedRefund>,
    /// The last decisions of operators, oldest first.
    pub resolutions: Vec<PaymentResolution>,
}

/// A refund that waits for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRefund {
    /// The id of the refund.
    pub refund_id: RefundId,
    /// The amount, in the currency of the charge.
    pub amount_minor: i64,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// Why it waits.
    pub parked_reason: String,
}

/// A payment as its payer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPayment {
    /// The id of the transaction.
    pub transaction_id: TransactionId,
    /// What is paid for.
    pub reference: String,
    /// The amount that was requested.
    pub amount: Money,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// Where the receipt is sent, if anywhere.
    pub receipt_email: Option<String>,
    /// The transaction; `None` until the provider has decided.
    pub transaction: Option<Transaction>,
    /// When the receipt was last requested again, oldest first.
    pub resent_at: Vec<Timestamp>,
}

impl AccountPayment {
    /// The number of refunds that were paid back.
    pub(crate) fn refund_count(&self) -> usize {
        let transaction = self.transaction.as_ref();
        transaction.map_or(0, |transaction| transaction.refunds.len())
    }
}
