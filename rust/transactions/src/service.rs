//! Charging: the domain, which knows nothing of how it is called.

use std::error::Error;

use uuid::Uuid;

use crate::{Amount, Invalid};

/// The order that is paid, as the caller names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrderId(String);

impl OrderId {
    /// # Errors
    /// [`Invalid::OrderIdUnset`] if there is nothing but space in it.
    pub fn new(text: String) -> Result<Self, Invalid> {
        match text.trim().is_empty() {
            true => Err(Invalid::OrderIdUnset),
            false => Ok(Self(text)),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The user who pays, as the caller names them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserId(String);

impl UserId {
    /// # Errors
    /// [`Invalid::UserIdUnset`] if there is nothing but space in it.
    pub fn new(text: String) -> Result<Self, Invalid> {
        match text.trim().is_empty() {
            true => Err(Invalid::UserIdUnset),
            false => Ok(Self(text)),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What shall be paid, by whom and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The order.
    pub order_id: OrderId,
    /// The user.
    pub user_id: UserId,
    /// How much.
    pub amount: Amount,
}

/// The money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged {
    /// The payment, a UUIDv7.
    pub payment_id: Uuid,
}

/// The money is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotCharged {
    /// Whoever holds the money said no. The attempt is a payment too, and has an
    /// id by which it can be asked about.
    #[error("payment {payment_id} was declined")]
    Declined {
        /// The payment, a UUIDv7.
        payment_id: Uuid,
    },
    /// It could not be tried.
    #[error("the payment could not be processed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// Takes money.
pub trait Charge: Send + Sync + 'static {
    /// Charges a payment.
    ///
    /// # Errors
    /// [`NotCharged`] if no money was taken.
    fn charge(&self, payment: &Payment)
    -> impl Future<Output = Result<Charged, NotCharged>> + Send;
}

/// Accepts every payment under a new id. A stub: it moves no money and remembers
/// nothing, so that two equal payments are two. The next issue fills it, with the
/// payments of `bookstore.transactions.v1`.
#[derive(Debug, Clone, Copy, Default)]
pub struct StubCharges;

impl Charge for StubCharges {
    async fn charge(&self, _payment: &Payment) -> Result<Charged, NotCharged> {
        Ok(Charged {
            payment_id: Uuid::now_v7(),
        })
    }
}
