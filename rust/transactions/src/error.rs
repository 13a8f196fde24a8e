//! Why a payment is refused before anybody is charged, and the status of that.

use tonic::{Code, Status};

use crate::money::MAX_MINOR;

/// A payment that cannot be meant.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Invalid {
    /// The payment names no order.
    #[error("order_id is unset: name the order that is paid")]
    OrderIdUnset,
    /// The payment names no user.
    #[error("user_id is unset: name the user who pays")]
    UserIdUnset,
    /// The amount is not a number, not finite, zero or negative.
    #[error("amount is {0:?}, but must be finite and greater than zero")]
    AmountNotPositive(f64),
    /// The amount is less than the smallest coin, or more than anybody pays.
    #[error(
        "amount is {amount:?} {currency}, but must be from 1 to {MAX_MINOR} of the smallest unit of that currency"
    )]
    AmountOutOfRange {
        /// The amount as it came.
        amount: f64,
        /// The code of its currency.
        currency: &'static str,
    },
    /// The currency is none in which ISO 4217 counts money.
    #[error("currency is {0:?}, but must be a code of ISO 4217 such as \"USD\"")]
    CurrencyUnknown(String),
}

impl Invalid {
    /// The field of the request, and the `reason` of the `google.rpc.ErrorInfo`.
    fn field_and_reason(&self) -> (&'static str, &'static str) {
        match self {
            Self::OrderIdUnset => ("order_id", "ORDER_ID_UNSET"),
            Self::UserIdUnset => ("user_id", "USER_ID_UNSET"),
            Self::AmountNotPositive(_) | Self::AmountOutOfRange { .. } => {
                ("amount", "AMOUNT_INVALID")
            }
            Self::CurrencyUnknown(_) => ("currency", "CURRENCY_UNKNOWN"),
        }
    }
}

impl From<Invalid> for Status {
    fn from(invalid: Invalid) -> Status {
        let (field, reason) = invalid.field_and_reason();
        rpc::failure(Code::InvalidArgument, reason, invalid.to_string())
            .with("field", field)
            .into_status()
    }
}
