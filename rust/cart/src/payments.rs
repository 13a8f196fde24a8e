//! The client of Transactions: charges and refunds.

use contract::bookstore::transactions::v1::{
    self as contract_v1, ChargeRequest, GetTransactionRequest, PaymentMethod, RefundRequest,
    TransactionState, transaction_service_client::TransactionServiceClient,
};
use rpc::Channel;
use service::convert;
use sha2::{Digest, Sha256};
use tonic::Status;
use uuid::Uuid;

use crate::{CartError, DeclineReason, Event, Order, remote_error::RemoteError};

/// The state of a charge that was paid back completely, in the details of an error.
const REFUNDED: &str = "TRANSACTION_STATE_REFUNDED";

/// What Transactions answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PaymentAnswer {
    /// This has happened.
    Happened(Event),
    /// Nobody knows what has happened.
    Unknown(String),
}

/// The client.
#[derive(Debug, Clone)]
pub(crate) struct Payments(TransactionServiceClient<Channel>);

impl Payments {
    pub(crate) fn new(transactions: Channel) -> Self {
        Self(TransactionServiceClient::new(transactions))
    }

    /// Charges an order, once however often it is called.
    pub(crate) async fn charge(&self, order: &Order) -> PaymentAnswer {
        let request = ChargeRequest {
            request_id: step_key(order, "charge").to_string(),
            amount: Some(order.total.clone().into()),
            payment_method: Some(PaymentMethod {
                token: order.payment_token.clone(),
            }),
            reference: order.order_id.to_string(),
            account_id: order.account_id.to_string(),
            receipt_email: order.receipt_email.clone(),
        };
        match self.0.clone().charge(request).await {
            Ok(response) => charged(order, response.into_inner().transaction),
            // No money was taken, and never will be for this order.
            Err(status) if RemoteError::from(&status).reason == "CURRENCY_UNKNOWN" => {
                tracing::error!(order_id = %order.order_id, %status, "an order cannot be paid");
                PaymentAnswer::Happened(Event::Declined {
                    transaction_id: None,
                    reason: DeclineReason::Refused,
                })
            }
            Err(status) => {
                unknown_or_parked(&status, &["REQUEST_ID_REUSED", "AMOUNT_NOT_POSITIVE"])
            }
        }
    }

    /// Whether a charge has paid an order. With `paid_back`, also if it was paid back since.
    ///
    /// # Errors
    /// [`CartError::TransactionsUnavailable`] if Transactions does not answer.
    pub(crate) async fn has_paid(
        &self,
        order: &Order,
        transaction_id: Uuid,
        paid_back: bool,
    ) -> Result<bool, CartError> {
        let request = GetTransactionRequest {
            transaction_id: transaction_id.to_string(),
        };
        let transaction = match self.0.clone().get_transaction(request).await {
            Ok(response) => response.into_inner().transaction.unwrap_or_default(),
            Err(status) if RemoteError::from(&status).reason == "TRANSACTION_NOT_FOUND" => {
                return Ok(false);
            }
            Err(status) => {
                tracing::warn!(%status, "Transactions does not tell about a charge");
                return Err(CartError::TransactionsUnavailable);
            }
        };
        let is_charged = match transaction.state() {
            TransactionState::Charged => true,
            TransactionState::PartlyRefunded | TransactionState::Refunded => paid_back,
            TransactionState::Declined | TransactionState::Unspecified => false,
        };
        let is_of_order = transaction.reference == order.order_id.to_string();
        let amount = convert::money("transaction.amount", transaction.amount);
        Ok(is_charged && is_of_order && amount.as_ref() == Ok(&order.total))
    }

    /// Pays back what is left of the charge of an order, once however often it is called.
    pub(crate) async fn refund(&self, order: &Order, transaction_id: Uuid) -> PaymentAnswer {
        let request = RefundRequest {
            request_id: step_key(order, "refund").to_string(),
            transaction_id: transaction_id.to_string(),
            amount: None,
            reason: format!("Order {} was not fulfilled", order.order_id),
        };
        match self.0.clone().refund(request).await {
            Ok(response) => {
                let transaction = response.into_inner().transaction;
                let amount = transaction.and_then(|transaction| transaction.refunded_amount);
                let minor = amount.and_then(|amount| amount.amount_minor);
                PaymentAnswer::Happened(match minor {
                    Some(minor) if minor == order.total.amount_minor => Event::Refunded {
                        amount_minor: minor,
                    },
                    other => parked(format!("paid back {other:?} of {:?}", order.total)),
                })
            }
            // The operator has paid everything back.
            Err(status) if RemoteError::from(&status).value("state") == REFUNDED => {
                PaymentAnswer::Happened(Event::Refunded {
                    amount_minor: order.total.amount_minor,
                })
            }
            Err(status) => unknown_or_parked(
                &status,
                &[
                    "TRANSACTION_NOT_REFUNDABLE",
                    "TRANSACTION_NOT_FOUND",
                    "REQUEST_ID_REUSED",
                ],
            ),
        }
    }
}

/// The idempotency key of one step of one order: a UUID that nobody else can have by chance.
fn step_key(order: &Order, step: &str) -> Uuid {
    derived_id(&format!("{} {step}", order.order_id))
}

/// A UUID that is derived from a text: the same text, the same UUID.
pub(crate) fn derived_id(text: &str) -> Uuid {
    let digest = Sha256::digest(text);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

fn parked(reason: String) -> Event {
    Event::Parked { reason }
}

/// An error with one of these reasons contradicts what is known about the order; any other one
/// says nothing about what has happened.
fn unknown_or_parked(status: &Status, contradictions: &[&str]) -> PaymentAnswer {
    if contradictions.contains(&RemoteError::from(status).reason.as_str()) {
        return PaymentAnswer::Happened(parked(status.to_string()));
    }
    PaymentAnswer::Unknown(status.to_string())
}

/// What a transaction says about an order.
fn charged(order: &Order, transaction: Option<contract_v1::Transaction>) -> PaymentAnswer {
    let Some(transaction) = transaction else {
        return PaymentAnswer::Unknown("an answer without a transaction".to_owned());
    };
    let Ok(transaction_id) = convert::uuid("transaction_id", &transaction.transaction_id) else {
        return PaymentAnswer::Unknown("an answer without the id of a transaction".to_owned());
    };
    let (state, reason) = (transaction.state(), transaction.decline_reason());
    let amount = convert::money("transaction.amount", transaction.amount);
    if amount.as_ref() != Ok(&order.total) {
        let reason = format!(
            "{transaction_id} is about {amount:?}, not {:?}",
            order.total
        );
        return PaymentAnswer::Happened(parked(reason));
    }
    PaymentAnswer::Happened(match state {
        TransactionState::Declined => Event::Declined {
            transaction_id: Some(transaction_id),
            reason: DeclineReason::from_number(i64::from(reason as i32))
                .unwrap_or(DeclineReason::Refused),
        },
        _ => Event::Charged { transaction_id },
    })
}
