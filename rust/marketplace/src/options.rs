//! What the shop is given: its services, and doors to what it shows on `/monitor`.

use std::{sync::Arc, time::Duration};

use contract::bookstore::{
    inventory::v1::inventory_service_client::InventoryServiceClient,
    recommendations::v1::recommendation_service_client::RecommendationServiceClient,
};
use futures::future::BoxFuture;

/// The services that the shop asks.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The catalogue and its stock.
    pub inventory: InventoryServiceClient<rpc::Channel>,
    /// Books that a reader may like.
    pub recommendations: RecommendationServiceClient<rpc::Channel>,
}

/// Answers the metrics of the services in the Prometheus text format. Series that
/// occur more than once, as in the joined texts of several processes, are added up.
pub type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

/// Answers each service's full name and whether it serves.
pub type Health = Arc<dyn Fn() -> BoxFuture<'static, Vec<(String, bool)>> + Send + Sync>;

/// How the shop behaves.
#[derive(Clone)]
pub struct Options {
    /// How long one page may wait for the services, all calls together. What has
    /// not come by then is left out of the page.
    pub page_timeout: Duration,
    /// The metrics that `/monitor` shows, read every two seconds.
    pub metrics_text: MetricsText,
    /// The health that `/monitor` shows, read every two seconds.
    pub health: Health,
}

impl Default for Options {
    /// 800 ms for each page, and nothing to monitor.
    fn default() -> Self {
        Self {
            page_timeout: Duration::from_millis(800),
            metrics_text: Arc::new(String::new),
            health: Arc::new(|| Box::pin(std::future::ready(Vec::new()))),
        }
    }
}
