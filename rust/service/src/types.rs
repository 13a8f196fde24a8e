//! The domain types that several services share.

use std::fmt;

use uuid::Uuid;

/// The id of a book, from 1 to 999,999,999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookId(pub i32);

impl fmt::Display for BookId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The id of a customer's account, a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub Uuid);

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// An amount of money, in the smallest unit of its currency.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Money {
    /// The currency code of ISO 4217, for example `USD`.
    pub currency_code: String,
    /// The amount in minor units, for example cents for US dollars.
    pub amount_minor: i64,
}

impl Money {
    /// The largest amount in minor units, the same as in `bookstore.type.v1.Money`. Up to
    /// this amount an `f64` represents every minor unit distinctly.
    pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;
}
