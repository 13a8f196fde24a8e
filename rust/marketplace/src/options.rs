//! What the shop needs: clients of its services, settings, and callbacks for `/monitor`.

use std::{sync::Arc, time::Duration};

use contract::bookstore::{
    accounts::v1::{
        account_service_client::AccountServiceClient, session_service_client::SessionServiceClient,
    },
    cart::v1::{
        cart_service_client::CartServiceClient, checkout_service_client::CheckoutServiceClient,
    },
    faults::v1::fault_service_client::FaultServiceClient,
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
    /// The faults that the processes of the services inject.
    pub faults: Vec<FaultClient>,
}

/// The faults of the process of one service.
#[derive(Clone, Debug)]
pub struct FaultClient {
    /// The name of the service, such as `inventory`.
    pub name: String,
    /// The full names of its gRPC services.
    pub grpc_services: Vec<String>,
    /// Sets the faults.
    pub client: FaultServiceClient<rpc::Channel>,
}

impl FaultClient {
    /// Whether the gRPC service is one of this service.
    pub(crate) fn serves(&self, grpc_service: &str) -> bool {
        self.grpc_services.iter().any(|name| name == grpc_service)
    }
}

/// Returns the metrics of the services in the Prometheus text format. The texts of several
/// processes may be concatenated: series that occur more than once are added up.
pub type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

/// Returns the full name of each service and whether it is serving.
pub type Health = Arc<dyn Fn() -> BoxFuture<'static, Vec<(String, bool)>> + Send + Sync>;

/// Returns the calls that failed or were slow, newest first.
pub type NotableCalls = Arc<dyn Fn() -> Vec<rpc::NotableCall> + Send + Sync>;

/// Returns the faults that are injected into the calls of this process.
pub type ActiveFaults = Arc<dyn Fn() -> Vec<rpc::ActiveFault> + Send + Sync>;

/// A service on the map of `/monitor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitoredService {
    /// Its name, such as `inventory`.
    pub name: String,
    /// The full names of its gRPC services, whose health is that of the service.
    pub grpc_services: Vec<String>,
    /// The names of the services that it calls.
    pub calls: Vec<String>,
}

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
    /// The services on the map of `/monitor`.
    pub services: Vec<MonitoredService>,
    /// Provides the calls that failed or were slow for `/monitor`.
    pub notable_calls: NotableCalls,
    /// Provides the injected faults for `/monitor`.
    pub active_faults: ActiveFaults,
    /// The URL of the page of a trace, with `{trace_id}` for its id; `None` if there are no
    /// pages of traces.
    pub trace_url: Option<String>,
    /// The token with which a client that is not on this machine may read `/monitor`, and with
    /// which the operator signs in to the pages under `/operator`.
    pub operator_token: rpc::OperatorToken,
    /// The clients of the pages under `/operator`; `None` closes these pages.
    pub operator: Option<OperatorClients>,
    /// The URL by which browsers reach the shop, without a slash at the end, for the addresses
    /// that search engines and other sites get.
    pub shop_url: String,
    /// Whether browsers reach the shop by https only. Then they send its cookies only over
    /// https, and no other host can set them.
    pub secure_cookies: bool,
    /// The folder that keeps the mails of the shop, in development. `/mail` shows them to
    /// browsers on this machine; `None` turns the page off.
    pub mails: Option<mail::MailFolder>,
}

impl Default for Options {
    /// A page timeout of 800 ms, the address of development, an empty monitor, cookies for http and no mails.
    fn default() -> Self {
        Self {
            page_timeout: Duration::from_millis(800),
            metrics_text: Arc::new(String::new),
            health: Arc::new(|| Box::pin(std::future::ready(Vec::new()))),
            services: Vec::new(),
            notable_calls: Arc::new(Vec::new),
            active_faults: Arc::new(Vec::new),
            trace_url: None,
            operator_token: rpc::OperatorToken::new(None),
            operator: None,
            shop_url: "http://localhost:5000".to_owned(),
            secure_cookies: false,
            mails: None,
        }
    }
}
