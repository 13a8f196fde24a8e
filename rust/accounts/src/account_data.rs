//! The clients of the services that keep data about accounts.

use contract::bookstore::{
    cart::v1::{self as cart, checkout_service_client::CheckoutServiceClient},
    reviews::v1::{self as reviews, review_service_client::ReviewServiceClient},
    transactions::v1::{
        self as transactions, transaction_service_client::TransactionServiceClient,
    },
};
use rpc::Channel;
use serde::{Deserialize, Serialize};
use service::{AccountId, ConversionError};
use tonic::Status;

use crate::{AccountsError, proto_json::to_json};

/// The numbers of items that are requested at once, the most that the services return.
const ORDERS: i32 = 200;
const PAYMENTS: i32 = 200;
const REVIEWS: i32 = 50;

/// A service that keeps data about accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataService {
    /// The cart, and the orders.
    Cart,
    /// The payments, with refunds and receipts.
    Transactions,
    /// The reviews.
    Reviews,
}

impl DataService {
    /// All services, in the order in which an export has them.
    pub(crate) const ALL: [Self; 3] = [Self::Cart, Self::Transactions, Self::Reviews];

    /// Its name in the contract: `cart`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cart => "cart",
            Self::Transactions => "transactions",
            Self::Reviews => "reviews",
        }
    }
}

/// A page of what a service keeps about an account.
pub(crate) struct DataPage {
    /// A list that is complete on the first page, and its name.
    pub(crate) on_first_page: Option<(&'static str, Vec<String>)>,
    /// The name of the list that goes on from page to page.
    pub(crate) list: &'static str,
    /// The items of this page, as JSON.
    pub(crate) items: Vec<String>,
    /// Empty on the last page.
    pub(crate) next_page_token: String,
}

/// The clients.
#[derive(Debug, Clone)]
pub(crate) struct AccountData {
    cart: Channel,
    transactions: Channel,
    reviews: Channel,
}

impl AccountData {
    pub(crate) fn new(cart: Channel, transactions: Channel, reviews: Channel) -> Self {
        Self {
            cart,
            transactions,
            reviews,
        }
    }

    /// A page of what a service keeps about an account.
    ///
    /// # Errors
    /// [`AccountsError::ExportIncomplete`] if the service does not answer.
    pub(crate) async fn page(
        &self,
        service: DataService,
        account_id: AccountId,
        page_token: String,
    ) -> Result<DataPage, AccountsError> {
        let page = match service {
            DataService::Cart => self.cart_page(account_id, page_token).await,
            DataService::Transactions => self.transactions_page(account_id, page_token).await,
            DataService::Reviews => self.reviews_page(account_id, page_token).await,
        };
        page.map_err(|error| match error {
            PageError::Call(status) => {
                let service_name = service.as_str();
                tracing::warn!(service_name, %status, "an export is incomplete");
                AccountsError::ExportIncomplete(service)
            }
            PageError::Conversion(error) => error.into(),
        })
    }

    /// Deletes what a service keeps about an account that was deleted. It may be repeated.
    ///
    /// # Errors
    /// The status of the service.
    pub(crate) async fn delete(
        &self,
        service: DataService,
        account_id: AccountId,
    ) -> Result<(), Status> {
        match service {
            DataService::Cart => {
                let mut client = CheckoutServiceClient::new(for_account(&self.cart, account_id));
                let request = cart::DeleteAccountDataRequest {};
                client.delete_account_data(request).await.map(drop)
            }
            DataService::Reviews => {
                let mut client = ReviewServiceClient::new(for_account(&self.reviews, account_id));
                let request = reviews::DeleteAccountDataRequest {};
                client.delete_account_data(request).await.map(drop)
            }
            // Payments are kept for the books.
            DataService::Transactions => Ok(()),
        }
    }

    async fn cart_page(
        &self,
        account_id: AccountId,
        page_token: String,
    ) -> Result<DataPage, PageError> {
        let is_first = page_token.is_empty();
        let mut client = CheckoutServiceClient::new(for_account(&self.cart, account_id));
        let request = cart::ExportAccountDataRequest {
            page_size: ORDERS,
            page_token,
        };
        let page = client.export_account_data(request).await?.into_inner();
        let items = all_to_json("bookstore.cart.v1.CartItem", &page.cart_items)?;
        Ok(DataPage {
            on_first_page: is_first.then_some(("cart_items", items)),
            list: "orders",
            items: all_to_json("bookstore.cart.v1.Order", &page.orders)?,
            next_page_token: page.next_page_token,
        })
    }

    async fn transactions_page(
        &self,
        account_id: AccountId,
        page_token: String,
    ) -> Result<DataPage, PageError> {
        let mut client = TransactionServiceClient::new(for_account(&self.transactions, account_id));
        let request = transactions::ExportAccountDataRequest {
            page_size: PAYMENTS,
            page_token,
        };
        let page = client.export_account_data(request).await?.into_inner();
        Ok(DataPage {
            on_first_page: None,
            list: "payments",
            items: all_to_json("bookstore.transactions.v1.AccountPayment", &page.payments)?,
            next_page_token: page.next_page_token,
        })
    }

    async fn reviews_page(
        &self,
        account_id: AccountId,
        page_token: String,
    ) -> Result<DataPage, PageError> {
        let mut client = ReviewServiceClient::new(for_account(&self.reviews, account_id));
        let request = reviews::ExportAccountDataRequest {
            page_size: REVIEWS,
            page_token,
        };
        let page = client.export_account_data(request).await?.into_inner();
        Ok(DataPage {
            on_first_page: None,
            list: "reviews",
            items: all_to_json("bookstore.reviews.v1.Review", &page.reviews)?,
            next_page_token: page.next_page_token,
        })
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
enum PageError {
    #[error(transparent)]
    Call(#[from] Status),
    #[error(transparent)]
    Conversion(#[from] ConversionError),
}

fn for_account(channel: &Channel, account_id: AccountId) -> Channel {
    channel.clone().on_behalf_of(rpc::AccountId(account_id.0))
}

fn all_to_json(
    full_name: &'static str,
    messages: &[impl prost::Message],
) -> Result<Vec<String>, ConversionError> {
    let json = messages.iter().map(|message| to_json(full_name, message));
    json.collect()
}
