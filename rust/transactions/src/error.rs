//! Why a payment request is refused before a charge, and the gRPC status of it.

use contract::{DeclaredError, errors::legacy as errors};
use tonic::Status;

use crate::money::MAX_MINOR;

/// A field of a payment request that is invalid.
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
