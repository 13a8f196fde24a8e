//! What waits for the operator: messages that cannot be delivered, orders and payments that cannot
//! be finished.

use std::time::Duration;

use anyhow::Context;
use contract::bookstore::{
    accounts::v1::{self as accounts_v1, account_service_client::AccountServiceClient},
    cart::v1::{GetOperatorOrderRequest, checkout_service_client::CheckoutServiceClient},
    inventory::v1::{SetStockRequest, inventory_service_client::InventoryServiceClient},
    transactions::v1::{
        self as transactions_v1, transaction_service_client::TransactionServiceClient,
    },
    r#type::v1::Money,
};
use rpc::Channel;
use uuid::Uuid;

/// How long something may take until it waits for the operator.
const TIMEOUT: Duration = Duration::from_secs(60);

/// An address to which no mail can be sent.
pub const UNDELIVERABLE: &str = "nobody@shop.invalid";

/// A token with which nobody learns whether something was charged.
pub const REQUEST_REFUSED: &str = "tok_request_refused";

/// Calls with the operator token.
#[derive(Debug, Clone)]
pub struct OperatorHelper {
    channel: Channel,
}

impl OperatorHelper {
    /// A helper for the server at a URL.
    ///
    /// # Errors
    /// If the URL is not valid.
    pub fn new(grpc_url: &str, operator_token: &str) -> anyhow::Result<Self> {
        let channel = Channel::connect(grpc_url)?;
        Ok(Self {
            channel: channel.with_operator_token(operator_token.trim()),
        })
    }

    /// Gives a book the largest stock that the contract allows.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn fill_stock(&self, book_id: i32) -> anyhow::Result<()> {
        let request = SetStockRequest {
            book_id,
            on_hand: Some(1_000_000),
            expected_on_hand: None,
        };
        let mut inventory = InventoryServiceClient::new(self.channel.clone());
        inventory.set_stock(request).await?;
        Ok(())
    }

    /// Waits until Accounts and Transactions have a dead message each.
    ///
    /// # Errors
    /// If they have not in time.
    pub async fn wait_for_dead_mails(&self) -> anyhow::Result<()> {
        let accounts = AccountServiceClient::new(self.channel.clone());
        let transactions = TransactionServiceClient::new(self.channel.clone());
        eventually("dead mails", async || {
            let request = accounts_v1::ListOutboxMessagesRequest {
                dead_only: true,
                ..accounts_v1::ListOutboxMessagesRequest::default()
            };
            let listed = accounts.clone().list_outbox_messages(request).await?;
            let of_accounts = listed.into_inner().messages;
            let request = transactions_v1::ListOutboxMessagesRequest {
                dead_only: true,
                ..transactions_v1::ListOutboxMessagesRequest::default()
            };
            let listed = transactions.clone().list_outbox_messages(request).await?;
            let of_transactions = listed.into_inner().messages;
            Ok(!of_accounts.is_empty() && !of_transactions.is_empty())
        })
        .await
    }

    /// Waits until an order is parked.
    ///
    /// # Errors
    /// If it is not in time.
    pub async fn wait_for_parked_order(&self, order_id: &str) -> anyhow::Result<()> {
        let checkout = CheckoutServiceClient::new(self.channel.clone());
        eventually("a parked order", async || {
            let order_id = order_id.to_owned();
            let request = GetOperatorOrderRequest { order_id };
            let read = checkout.clone().get_operator_order(request).await?;
            let order = read.into_inner().order.context("no order")?;
            Ok(!order.parked_reason.is_empty())
        })
        .await
    }

    /// Waits until the payment of an order is parked.
    ///
    /// # Errors
    /// If it is not in time.
    pub async fn wait_for_parked_payment(&self, order_id: &str) -> anyhow::Result<()> {
        let transactions = TransactionServiceClient::new(self.channel.clone());
        eventually("a parked payment", async || {
            let request = transactions_v1::ListPaymentsRequest {
                parked_only: true,
                ..transactions_v1::ListPaymentsRequest::default()
            };
            let listed = transactions.clone().list_payments(request).await?;
            let mut payments = listed.into_inner().payments.into_iter();
            Ok(payments.any(|payment| payment.reference == order_id))
        })
        .await
    }
}

/// Charges something whose receipt cannot be delivered, as the service Cart.
///
/// # Errors
/// If the call fails.
pub async fn charge_with_undeliverable_receipt(
    grpc_url: &str,
    service_secret: &str,
) -> anyhow::Result<()> {
    let channel = Channel::connect(grpc_url)?;
    let channel = channel.as_service(&"cart".into(), Some(service_secret.trim()));
    let request = transactions_v1::ChargeRequest {
        request_id: Uuid::new_v4().to_string(),
        amount: Some(Money {
            currency_code: "USD".to_owned(),
            amount_minor: Some(500),
        }),
        payment_method: Some(transactions_v1::PaymentMethod {
            token: "tok_visa".to_owned(),
        }),
        reference: "an order of nobody".to_owned(),
        account_id: String::new(),
        receipt_email: UNDELIVERABLE.to_owned(),
    };
    TransactionServiceClient::new(channel)
        .charge(request)
        .await?;
    Ok(())
}

/// Waits until something is so.
async fn eventually(
    what: &str,
    mut is_so: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut interval = tokio::time::interval(Duration::from_millis(50));
    let wait = async {
        loop {
            interval.tick().await;
            if is_so().await? {
                return anyhow::Ok(());
            }
        }
    };
    let waited = tokio::time::timeout(TIMEOUT, wait).await;
    waited.with_context(|| format!("{what} did not come"))?
}
