//! The errors of the service and their gRPC statuses. The contract declares every status
//! that is returned here.

use std::time::Duration;

use contract::{
    DeclaredError,
    errors::{legacy as errors, transactions as v1},
};
use service::{ConversionError, InvalidPageToken};
use tonic::Status;
use uuid::Uuid;

use crate::{MAX_PARTIAL_REFUNDS, TransactionId, TransactionState, money::MAX_MINOR};

/// The `RetryInfo` delay while the provider does not answer.
const PROVIDER_RETRY: Duration = Duration::from_secs(1);

/// A field of a request of the second tutorial that is invalid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidPayment {
    /// The order id is empty or blank.
    #[error("order_id is unset: name the order that is paid")]
    OrderIdUnset,
    /// The user id is empty or blank.
    #[error("user_id is unset: name the user who pays")]
    UserIdUnset,
    /// The amount is not a number, not finite, zero or negative.
    #[error("amount is {0:?}, but must be finite and greater than zero")]
    AmountNotPositive(f64),
    /// The amount rounds to less than 1 minor unit, or is more than [`MAX_MINOR`] of them.
    #[error(
        "amount is {amount:?} {currency}, but must be from 1 to {MAX_MINOR} of the smallest unit of that currency"
    )]
    AmountOutOfRange {
        /// The amount of the request.
        amount: f64,
        /// The ISO 4217 code of its currency.
        currency: &'static str,
    },
    /// The currency is not an ISO 4217 code of money in use.
    #[error("currency is {0:?}, but must be a code of ISO 4217 such as \"USD\"")]
    CurrencyUnknown(String),
}

impl InvalidPayment {
    /// The field of the request, and the error of the contract.
    fn field_and_error(&self) -> (&'static str, DeclaredError) {
        match self {
            Self::OrderIdUnset => ("order_id", errors::ORDER_ID_UNSET),
            Self::UserIdUnset => ("user_id", errors::USER_ID_UNSET),
            Self::AmountNotPositive(_) | Self::AmountOutOfRange { .. } => {
                ("amount", errors::AMOUNT_INVALID)
            }
            Self::CurrencyUnknown(_) => ("currency", errors::CURRENCY_UNKNOWN),
        }
    }
}

impl From<InvalidPayment> for Status {
    fn from(invalid: InvalidPayment) -> Status {
        let (field, error) = invalid.field_and_error();
        rpc::failure(error, invalid.to_string())
            .with("field", field)
            .into_status()
    }
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum TransactionsError {
    /// No transaction has this id.
    #[error("no transaction has the id {0}")]
    NotFound(TransactionId),
    /// The amount is zero or negative.
    #[error("the amount is {0}, but must be greater than zero")]
    AmountNotPositive(i64),
    /// The currency is not an ISO 4217 code of money in use.
    #[error("the currency {0:?} is not one of ISO 4217 that can be used for payments")]
    CurrencyUnknown(String),
    /// The refund is in another currency than the charge.
    #[error("the charge is in {currency_code}, so the refund must be too")]
    CurrencyDiffers {
        /// The currency of the charge.
        currency_code: String,
    },
    /// Nothing of the charge can be paid back.
    #[error("nothing can be paid back: the state is {}", .0.as_str_name())]
    NotRefundable(TransactionState),
    /// The refund is more than what is left of the charge.
    #[error("only {refundable_minor} minor units are left of the charge")]
    RefundTooLarge {
        /// What is left, in minor units.
        refundable_minor: i64,
    },
    /// Only a refund of everything that is left is still allowed.
    #[error("the charge has {MAX_PARTIAL_REFUNDS} refunds: refund everything that is left")]
    TooManyRefunds,
    /// The charge was declined or made without an address for the receipt.
    #[error("the transaction has no receipt")]
    ReceiptNone,
    /// The receipt was mailed too often.
    #[error("the receipt was mailed too often: wait {} s", retry_after.as_secs())]
    TooManyReceipts {
        /// After this time another mail is allowed.
        retry_after: Duration,
    },
    /// The provider did not answer.
    #[error("it is unknown whether the money was moved: retry with the same request id")]
    ProviderUnavailable,
    /// The charge or refund is left to the operator.
    #[error("it is unknown whether the money was moved: the operator has to look at it")]
    Parked,
    /// The charge or refund does not wait for the operator.
    #[error("the charge or refund is not parked, or not any more: read it again")]
    NotParked,
    /// What is known about the charge or refund does not allow the decision.
    #[error("the charge or refund cannot go on in this way: choose another action")]
    ResolutionNotPossible,
    /// A successful charge has no id at the provider.
    #[error("a successful charge needs its id at the payment provider")]
    ProviderChargeIdMissing,
    /// The provider cannot have kept so much.
    #[error("a fee of {0} minor units is more than the amount of the charge")]
    FeeTooLarge(i64),
    /// The request id was used before with another body.
    #[error("the request id {0} was used with another body: take a new one")]
    RequestIdReused(Uuid),
    /// The outbox has no message with this number.
    #[error("the outbox has no message {0}: it may have been delivered")]
    MessageNotFound(i64),
    /// The page token is malformed or belongs to another query.
    #[error(transparent)]
    InvalidPageToken(#[from] InvalidPageToken),
    /// The database does not answer or rejected a statement.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A validated request or a response cannot be converted.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// The database or a program contains a value that cannot be.
    #[error("an invalid value: {0}")]
    Corrupt(String),
}

impl From<TransactionsError> for Status {
    fn from(error: TransactionsError) -> Status {
        let declared = |declared| rpc::failure(declared, error.to_string());
        match &error {
            TransactionsError::NotFound(transaction_id) => {
                declared(v1::TRANSACTION_NOT_FOUND).with("transaction_id", transaction_id)
            }
            TransactionsError::AmountNotPositive(_) => declared(v1::AMOUNT_NOT_POSITIVE),
            TransactionsError::CurrencyUnknown(_) => declared(v1::CURRENCY_UNKNOWN),
            TransactionsError::CurrencyDiffers { currency_code } => {
                declared(v1::CURRENCY_DIFFERS).with("currency_code", currency_code)
            }
            TransactionsError::NotRefundable(state) => {
                declared(v1::TRANSACTION_NOT_REFUNDABLE).with("state", state.as_str_name())
            }
            TransactionsError::RefundTooLarge { refundable_minor } => {
                declared(v1::REFUND_TOO_LARGE).with("refundable_minor", refundable_minor)
            }
            TransactionsError::ReceiptNone => declared(v1::RECEIPT_NONE),
            TransactionsError::TooManyReceipts { retry_after } => {
                declared(v1::TOO_MANY_ATTEMPTS).retry_after(*retry_after)
            }
            TransactionsError::TooManyRefunds => declared(v1::TOO_MANY_REFUNDS),
            TransactionsError::ProviderUnavailable | TransactionsError::Parked => {
                declared(v1::PROVIDER_UNAVAILABLE).retry_after(PROVIDER_RETRY)
            }
            TransactionsError::NotParked => declared(v1::PAYMENT_NOT_PARKED),
            TransactionsError::ResolutionNotPossible => declared(v1::RESOLUTION_NOT_POSSIBLE),
            TransactionsError::ProviderChargeIdMissing => declared(v1::PROVIDER_CHARGE_ID_MISSING),
            TransactionsError::FeeTooLarge(_) => declared(v1::FEE_TOO_LARGE),
            TransactionsError::RequestIdReused(request_id) => rpc::request_id_reused(request_id),
            TransactionsError::MessageNotFound(message_id) => {
                declared(v1::MESSAGE_NOT_FOUND).with("message_id", message_id)
            }
            TransactionsError::InvalidPageToken(_) => declared(v1::PAGE_TOKEN_INVALID),
            TransactionsError::Store(store::Error::Overloaded) => rpc::store_overloaded(),
            TransactionsError::Store(cause) if cause.is_unavailable() => {
                rpc::store_unavailable(cause)
            }
            TransactionsError::Store(_)
            | TransactionsError::Conversion(_)
            | TransactionsError::Corrupt(_) => return rpc::internal(&error),
        }
        .into_status()
    }
}
