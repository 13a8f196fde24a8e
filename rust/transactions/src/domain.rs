//! The types of the domain: charges and their refunds.

mod payment;
mod resolution;

use std::fmt;

use jiff::Timestamp;
use service::{AccountId, Money};
use uuid::Uuid;

pub use self::{
    payment::{AccountPayment, ParkedRefund, Payment},
    resolution::{PaymentAction, PaymentResolution, ResolvePayment},
};

/// The id of a transaction, a UUIDv7. It is also the idempotency key of the charge at the
/// payment provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(pub Uuid);

impl fmt::Display for TransactionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The id of a refund, a UUIDv7. It is also its idempotency key at the payment provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefundId(pub Uuid);

impl fmt::Display for RefundId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A request to charge a payment method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRequest {
    /// Chosen by the caller. The same request with the same id gets the same response.
    pub request_id: Uuid,
    /// The amount; zero is refused.
    pub amount: Money,
    /// The token of the payment method.
    pub token: String,
    /// What is paid for: the id of an order.
    pub reference: String,
    /// The account that pays, if any.
    pub account_id: Option<AccountId>,
    /// Where the receipt is sent, if anywhere.
    pub receipt_email: Option<String>,
}

impl ChargeRequest {
    /// The request without its id, encoded: equal requests have equal bytes.
    pub(crate) fn idempotency_body(&self) -> Vec<u8> {
        let body = serde_json::json!([
            self.amount.currency_code,
            self.amount.amount_minor,
            self.token,
            self.reference,
            self.account_id.map(|account_id| account_id.to_string()),
            self.receipt_email,
        ]);
        body.to_string().into_bytes()
    }
}

/// A request to pay back a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// Chosen by the caller. The same request with the same id gets the same response.
    pub request_id: Uuid,
    /// The charge.
    pub transaction_id: TransactionId,
    /// The amount; `None` means all that is left of the charge.
    pub amount: Option<Money>,
    /// A text for the payer; may be empty.
    pub reason: String,
}

impl RefundRequest {
    /// The request without its id, encoded: equal requests have equal bytes.
    pub(crate) fn idempotency_body(&self) -> Vec<u8> {
        let amount = self.amount.as_ref();
        let body = serde_json::json!([
            self.transaction_id.to_string(),
            amount.map(|amount| (&amount.currency_code, amount.amount_minor)),
            self.reason,
        ]);
        body.to_string().into_bytes()
    }
}

/// Why a charge was declined. The numbers are those of the contract and of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclineReason {
    /// The provider gave no reason.
    Refused = 1,
    /// The payer does not have enough money.
    InsufficientFunds = 2,
    /// The payment method has expired.
    MethodExpired = 3,
    /// The provider does not know the token.
    MethodUnknown = 4,
}

impl DeclineReason {
    /// The reason with this number.
    pub(crate) fn from_number(number: i64) -> Option<Self> {
        let all = [
            Self::Refused,
            Self::InsufficientFunds,
            Self::MethodExpired,
            Self::MethodUnknown,
        ];
        all.into_iter().find(|reason| *reason as i64 == number)
    }
}

/// The state of a transaction that the provider has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionState {
    /// The whole amount was charged and nothing paid back.
    Charged,
    /// No money was taken.
    Declined(DeclineReason),
    /// A part was paid back.
    PartlyRefunded,
    /// Everything was paid back.
    Refunded,
}

impl TransactionState {
    /// Its name in the contract, for error details.
    pub fn as_str_name(self) -> &'static str {
        match self {
            Self::Charged => "TRANSACTION_STATE_CHARGED",
            Self::Declined(_) => "TRANSACTION_STATE_DECLINED",
            Self::PartlyRefunded => "TRANSACTION_STATE_PARTLY_REFUNDED",
            Self::Refunded => "TRANSACTION_STATE_REFUNDED",
        }
    }
}

/// A charge that the provider has accepted or declined, and its refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The id of the transaction.
    pub transaction_id: TransactionId,
    /// The account that paid, if any.
    pub account_id: Option<AccountId>,
    /// What was paid for.
    pub reference: String,
    /// The amount that was charged or, if it was declined, requested.
    pub amount: Money,
    /// Why it was declined; `None` if it was charged.
    pub decline_reason: Option<DeclineReason>,
    /// A description of the payment method for its owner.
    pub method_label: String,
    /// Where the receipt is sent, if anywhere.
    pub receipt_email: Option<String>,
    /// The refunds that were paid back, oldest first.
    pub refunds: Vec<Refund>,
    /// When the provider charged or declined.
    pub create_time: Timestamp,
}

impl Transaction {
    /// The sum of the refunds in minor units.
    pub fn refunded_minor(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount_minor).sum()
    }

    /// The state after all refunds.
    pub fn state(&self) -> TransactionState {
        match (self.decline_reason, self.refunded_minor()) {
            (Some(reason), _) => TransactionState::Declined(reason),
            (None, 0) => TransactionState::Charged,
            (None, refunded) if refunded < self.amount.amount_minor => {
                TransactionState::PartlyRefunded
            }
            (None, _) => TransactionState::Refunded,
        }
    }
}

/// An amount that was paid back, in the currency of the charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The id of the refund.
    pub refund_id: RefundId,
    /// The amount, greater than zero.
    pub amount_minor: i64,
    /// A text for the payer; may be empty.
    pub reason: String,
    /// When it was paid back.
    pub create_time: Timestamp,
}

/// The account of the ledger that an entry changes. The sum of an account is what the
/// bookstore has (positive) or owes or has earned (negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerAccount {
    /// What the payment provider holds for the bookstore.
    ProviderBalance,
    /// What buyers paid.
    Sales,
    /// What was paid back to buyers.
    Refunds,
    /// What the payment provider keeps.
    Fees,
}

impl LedgerAccount {
    /// Its name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ProviderBalance => "provider_balance",
            Self::Sales => "sales",
            Self::Refunds => "refunds",
            Self::Fees => "fees",
        }
    }

    /// The account with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::ProviderBalance,
            Self::Sales,
            Self::Refunds,
            Self::Fees,
        ];
        all.into_iter().find(|account| account.name() == name)
    }
}

/// The sums of the ledger, over all postings of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerBalance {
    /// The currency code of ISO 4217.
    pub currency_code: String,
    /// The sum of all entries, which is zero.
    pub sum_minor: i64,
    /// What the payment provider holds for the bookstore.
    pub provider_balance_minor: i64,
}
