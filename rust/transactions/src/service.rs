//! Payments and the trait of the payment gateway, independent of gRPC.

use std::error::Error;

use service::{IdSource, UuidV7Ids};
use uuid::Uuid;

use crate::{Amount, InvalidPayment};

/// The id of the order that is paid, chosen by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrderId(String);

impl OrderId {
    /// Creates an order id.
    ///
    /// # Errors
    /// [`InvalidPayment::OrderIdUnset`] if the text is empty or blank.
    pub fn new(text: String) -> Result<Self, InvalidPayment> {
        if text.trim().is_empty() {
            return Err(InvalidPayment::OrderIdUnset);
        }
        Ok(Self(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of the user who pays, chosen by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserId(String);

impl UserId {
    /// Creates a user id.
    ///
    /// # Errors
    /// [`InvalidPayment::UserIdUnset`] if the text is empty or blank.
    pub fn new(text: String) -> Result<Self, InvalidPayment> {
        if text.trim().is_empty() {
            return Err(InvalidPayment::UserIdUnset);
        }
        Ok(Self(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A payment to charge: the amount, the payer and the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The order that is paid.
    pub order_id: OrderId,
    /// The user who pays.
    pub user_id: UserId,
    /// The amount to charge.
    pub amount: Amount,
}

/// The result of a successful charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeReceipt {
    /// The id of the payment, a UUIDv7.
    pub payment_id: Uuid,
}

/// Why a payment was not charged.
#[derive(Debug, thiserror::Error)]
pub enum ChargeError {
    /// The bank declined the payment. The attempt has a payment id too.
    #[error("payment {payment_id} was declined")]
    Declined {
        /// The id of the payment, a UUIDv7.
        payment_id: Uuid,
    },
    /// The gateway failed, so the payment was not attempted.
    #[error("the payment could not be processed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// A payment gateway, which charges payments.
pub trait PaymentGateway: Send + Sync + 'static {
    /// Charges a payment.
    ///
    /// # Errors
    /// [`ChargeError`] if the payment was not charged.
    fn charge(
        &self,
        payment: &Payment,
    ) -> impl Future<Output = Result<ChargeReceipt, ChargeError>> + Send;
}

/// A stub that accepts every payment and returns a new payment id. It moves no money and
/// stores nothing, so a repeated payment gets another id. The payments of
/// `bookstore.transactions.v1` will replace it.
#[derive(Debug, Clone, Copy, Default)]
pub struct StubGateway;

impl PaymentGateway for StubGateway {
    async fn charge(&self, _payment: &Payment) -> Result<ChargeReceipt, ChargeError> {
        Ok(ChargeReceipt {
            payment_id: UuidV7Ids.next_id(),
        })
    }
}
