//! What operators decide about parked charges and refunds.

use jiff::Timestamp;
use uuid::Uuid;

use super::{RefundId, TransactionId};

/// What to do about a parked charge or refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentAction {
    /// The provider is asked again.
    Retry,
    /// The provider has moved the money.
    MarkSucceeded,
    /// The provider has not moved the money, and never will.
    MarkFailed,
}

impl PaymentAction {
    /// Its number in the contract and in the database.
    pub fn number(self) -> i64 {
        match self {
            Self::Retry => 1,
            Self::MarkSucceeded => 2,
            Self::MarkFailed => 3,
        }
    }

    /// The action with this number.
    pub fn from_number(number: i64) -> Option<Self> {
        let all = [Self::Retry, Self::MarkSucceeded, Self::MarkFailed];
        all.into_iter().find(|action| action.number() == number)
    }
}

/// A decision about a parked charge or refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvePayment {
    /// Chosen by the caller. The same request with the same id gets the same decision.
    pub request_id: Uuid,
    /// The transaction.
    pub transaction_id: TransactionId,
    /// The refund; `None` if the decision is about the charge.
    pub refund_id: Option<RefundId>,
    /// What to do.
    pub action: PaymentAction,
    /// What the provider calls a charge that was successful.
    pub provider_charge_id: Option<String>,
    /// What the provider has kept of it.
    pub fee_minor: i64,
    /// Who decides.
    pub operator_name: String,
    /// Why.
    pub note: String,
}

impl ResolvePayment {
    /// The request without its id, encoded: equal requests have equal bytes.
    pub(crate) fn idempotency_body(&self) -> Vec<u8> {
        let body = serde_json::json!([
            self.transaction_id.to_string(),
            self.refund_id.map(|id| id.to_string()),
            self.action.number(),
            self.provider_charge_id,
            self.fee_minor,
            self.operator_name,
            self.note,
        ]);
        body.to_string().into_bytes()
    }
}

/// A recorded decision. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentResolution {
    /// Its id, a UUIDv7.
    pub resolution_id: Uuid,
    /// The transaction.
    pub transaction_id: TransactionId,
    /// The refund; `None` if it was about the charge.
    pub refund_id: Option<RefundId>,
    /// What was decided.
    pub action: PaymentAction,
    /// Who has decided.
    pub operator_name: String,
    /// Why.
    pub note: String,
    /// Why the charge or the refund was parked.
    pub parked_reason: String,
    /// When it was decided.
    pub resolved_at: Timestamp,
}
