//! What the shop needs: clients of its services, settings, and callbacks for `/monitor`.

use std::{sync::Arc, time::Duration};

use contract::bookstore::{
    accounts::v1::{
        account_service_client::AccountServiceClient, session_service_client::SessionServiceClient,
    },
    cart::v1::{
        cart_service_client::CartServiceClient, checkout_service_client::CheckoutServiceClient,
    },
    inventory::v1::inventory_service_client::InventoryServiceClient,
    recommendations::v1::recommendation_service_client::RecommendationServiceClient,
    reviews::v1::review_service_client::ReviewServiceClient,
    transactions::v1::transaction_service_client::TransactionServiceClient,
};
use futures::future::BoxFuture;

/// Clients of the services that the shop calls.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The catalogue and the stock.
    pub inventory: InventoryServiceClient<rpc::Channel>,
    /// Recommended books.
    pub recommendations: RecommendationServiceClient<rpc::Channel>,
    /// Sign-up, and the account of the visitor.
    pub accounts: AccountServiceClient<rpc::Channel>,
    /// Signing in and out.
    pub sessions: SessionServiceClient<rpc::Channel>,
    /// The carts of guests and accounts.
    pub carts: CartServiceClient<rpc::Channel>,
    /// The orders of accounts.
    pub checkout: CheckoutServiceClient<rpc::Channel>,
    /// The reviews and ratings of books.
    pub reviews: ReviewServiceClient<rpc::Channel>,
    /// The receipts of payments.
    pub transactions: TransactionServiceClient<rpc::Channel>,
}

/// Clients of the operator's pages. Their calls carry the operator token.
#[derive(Clone, Debug)]
pub struct OperatorClients {
    /// The orders of all accounts, and those that have a next step.
    pub checkout: CheckoutServiceClient<rpc::Channel>,
    /// The payments of all accounts, and the receipts that are not sent yet.
    pub transactions: TransactionServiceClient<rpc::Channel>,
    /// The stock.
    pub inventory: InventoryServiceClient<rpc::Channel>,
    /// The reviews of all books.
    pub reviews: ReviewServiceClient<rpc::Channel>,
    /// The mails that are not sent yet, and the deletions that are not finished.
    pub accounts: AccountServiceClient<rpc::Channel>,
    /// What the audit compares.
    pub audit: audit::Services,
}

/// Returns the metrics of the services in the Prometheus text format. The texts of several
/// processes may be concatenated: series that occur more than once are added up.
pub type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

/// Returns the full name of each service and whether it is serving.
pub type Health = Arc<dyn Fn() -> BoxFuture<'static, Vec<(String, bool)>> + Send + Sync>;

/// The settings of the shop.
#[derive(Clone)]
pub struct Options {
    /// The time limit for all calls of one page together. Data that has not arrived by
    /// then is left out of the page.
    pub page_timeout: Duration,
    /// Provides the metrics for `/monitor`; called every two seconds.
    pub metrics_text: MetricsText,
    /// Provides the health for `/monitor`; called every two seconds.
    pub health: Health,
    /// The token with which a client that is not on this machine may read `/monitor`, and with
    /// which the operator signs in to the pages under `/operator`.
    pub operator_token: rpc::OperatorToken,
    /// The clients of the pages under `/operator`; `None` closes these pages.
    pub operator: Option<OperatorClients>,
    /// Whether browsers reach the shop by https only. Then they send its cookies only over
    /// https, and no other host can set them.
    pub secure_cookies: bool,
    /// The folder that keeps the mails of the shop, in development. `/mail` shows them to
    /// browsers on this machine; `None` turns the page off.
    pub mails: Option<mail::MailFolder>,
}

impl Default for Options {
    /// A page timeout of 800 ms, an empty monitor, cookies for http and no mails.
    fn default() -> Self {
        Self {
            page_timeout: Duration::from_millis(800),
            metrics_text: Arc::new(String::new),
            health: Arc::new(|| Box::pin(std::future::ready(Vec::new()))),
            operator_token: rpc::OperatorToken::new(None),
            operator: None,
            secure_cookies: false,
            mails: None,
        }
    }
}
