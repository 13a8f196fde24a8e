//! The errors that the contract declares, as constants. A handler can return no others,
//! because only this crate can create a [`DeclaredError`].

use tonic::Code;

/// An error that the contract declares: a status code together with the `reason` in the
/// `google.rpc.ErrorInfo` of the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredError {
    code: Code,
    reason: &'static str,
}

impl DeclaredError {
    const fn new(code: Code, reason: &'static str) -> Self {
        Self { code, reason }
    }

    /// The status code.
    pub const fn code(self) -> Code {
        self.code
    }

    /// The `reason`, in upper snake case: `BOOK_NOT_FOUND`.
    pub const fn reason(self) -> &'static str {
        self.reason
    }
}

include!(concat!(env!("OUT_DIR"), "/errors.rs"));

/// The errors of the contracts of the tutorials. Their files are kept as they are and
/// declare no errors, so these are written by hand.
pub mod legacy {
    use super::{Code, DeclaredError};

    /// `Recommend`: the category is not in the enum.
    pub const CATEGORY_NOT_FOUND: DeclaredError =
        DeclaredError::new(Code::NotFound, "CATEGORY_NOT_FOUND");
    /// `Recommend`: the maximum number of results is negative.
    pub const MAX_RESULTS_NEGATIVE: DeclaredError =
        DeclaredError::new(Code::InvalidArgument, "MAX_RESULTS_NEGATIVE");
    /// `ProcessPayment`: the order id is empty or blank.
    pub const ORDER_ID_UNSET: DeclaredError =
        DeclaredError::new(Code::InvalidArgument, "ORDER_ID_UNSET");
    /// `ProcessPayment`: the user id is empty or blank.
    pub const USER_ID_UNSET: DeclaredError =
        DeclaredError::new(Code::InvalidArgument, "USER_ID_UNSET");
    /// `ProcessPayment`: the amount is not finite and positive, or too large.
    pub const AMOUNT_INVALID: DeclaredError =
        DeclaredError::new(Code::InvalidArgument, "AMOUNT_INVALID");
    /// `ProcessPayment`: the currency is not a code of ISO 4217.
    pub const CURRENCY_UNKNOWN: DeclaredError =
        DeclaredError::new(Code::InvalidArgument, "CURRENCY_UNKNOWN");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_pair_reasons_with_their_codes() {
        let error = inventory::OUT_OF_STOCK;
        assert_eq!(
            (error.code(), error.reason()),
            (Code::FailedPrecondition, "OUT_OF_STOCK")
        );
        assert_eq!(shared::OVERLOADED.code(), Code::ResourceExhausted);
    }

    #[test]
    fn methods_list_their_own_and_the_common_errors() {
        let path = "/bookstore.inventory.v1.InventoryService/GetBook";
        let errors = crate::method(path).expect("the method exists").errors;
        assert!(errors.contains(&inventory::BOOK_NOT_FOUND));
        assert!(errors.contains(&inventory::STORE_UNAVAILABLE));
        assert!(!errors.contains(&inventory::OUT_OF_STOCK));
    }
}
