//! Starts the services of one process, serves them and shuts them down.

use std::{collections::BTreeSet, pin::pin, sync::Arc};

use clap::ValueEnum;
use contract::bookstore::{
    inventory::v1::inventory_service_client::InventoryServiceClient,
    recommendations::v1::recommendation_service_client::RecommendationServiceClient,
};
use inventory::Inventory;
use recommendations::Recommendations;
use rpc::Channel;
use telemetry::Metrics;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use transactions::StubGateway;

use crate::{
    banner::Banner,
    health, http_server,
    listeners::Listeners,
    operator_token,
    settings::{Listen, Logs, Peers, Storage},
};

/// A service that a process can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Service {
    /// The catalogue and the stock
    Inventory,
    /// Recommended books; also serves the first tutorial's contract
    Recommendations,
    /// Payments; so far only the second tutorial's contract
    Transactions,
    /// The web shop
    Marketplace,
}

impl Service {
    /// All services.
    pub const ALL: [Service; 4] = [
        Service::Inventory,
        Service::Recommendations,
        Service::Transactions,
        Service::Marketplace,
    ];
}

/// What one process runs, and its settings.
#[derive(Debug)]
pub struct ProcessConfig {
    /// The services that this process runs.
    pub services: BTreeSet<Service>,
    /// Where the data is stored.
    pub storage: Storage,
    /// The addresses to listen on.
    pub listen: Listen,
    /// What to log, and in which format.
    pub logs: Logs,
    /// The addresses of the other services; `None` if this process runs all of them.
    pub peers: Option<Peers>,
}

impl ProcessConfig {
    fn runs(&self, service: Service) -> bool {
        self.services.contains(&service)
    }

    /// Whether a service of this process needs the data folder, for its database or for
    /// the operator token that protects its methods.
    fn needs_data_folder(&self) -> bool {
        self.runs(Service::Inventory)
    }

    /// A channel to a service: in process if this process runs it, else over the network.
    /// Both go through the same layers, so callers see no difference.
    fn channel(
        &self,
        service: Service,
        router: &rpc::Router,
        peer: fn(&Peers) -> anyhow::Result<Channel>,
    ) -> anyhow::Result<Channel> {
        match &self.peers {
            Some(peers) if !self.runs(service) => peer(peers),
            _ => Ok(router.in_process()),
        }
    }
}

/// Runs the services until SIGTERM or SIGINT, then waits for calls in flight.
pub async fn run(config: ProcessConfig) -> anyhow::Result<()> {
    let _log = config.logs.init()?;
    let mut signal = pin!(telemetry::shutdown_signal());
    // The first poll installs the signal handlers, so a signal during the start is handled.
    if futures::poll!(signal.as_mut()).is_ready() {
        return Ok(());
    }
    let app = tokio::select! {
        () = signal.as_mut() => return Ok(()),
        app = App::assemble(config) => app?,
    };
    app.serve_until(signal).await
}

/// A process whose services are started and whose listeners are bound.
struct App {
    listeners: Listeners,
    router: rpc::Router,
    metrics: Metrics,
    shop: Option<axum::Router>,
    banner: Banner,
    /// Background tasks, which are aborted when the app is dropped.
    background: Vec<AbortOnDropHandle<()>>,
}

impl App {
    async fn assemble(config: ProcessConfig) -> anyhow::Result<Self> {
        let metrics = Metrics::install()?;
        // Bind first: a port in use is the most likely error, and is reported at once.
        let listeners = Listeners::bind(&config.listen, config.runs(Service::Marketplace)).await?;
        let operator_token = if config.needs_data_folder() {
            Some(operator_token::load_or_create(&config.storage.data)?)
        } else {
            None
        };
        let mut router = rpc::Router::new(rpc::Options {
            operator_token,
            ..rpc::Options::default()
        });
        let mut background = Vec::new();
        if config.runs(Service::Inventory) {
            let inventory = open_inventory(&config.storage).await?;
            background.push(inventory.run_in_background());
            router = router.add(inventory.server());
        }
        let inventory = config.channel(Service::Inventory, &router, Peers::inventory)?;
        if config.runs(Service::Recommendations) {
            let options = recommendations::Options::default();
            let recommendations = Recommendations::start(inventory.clone(), &options);
            router = router
                .add(recommendations::v1(recommendations.clone()))
                .add(recommendations::legacy(recommendations));
        }
        let recommendations =
            config.channel(Service::Recommendations, &router, Peers::recommendations)?;
        if config.runs(Service::Transactions) {
            router = router.add(transactions::legacy(StubGateway));
        }
        let storage = config.needs_data_folder().then_some(&config.storage);
        Ok(Self {
            banner: Banner::new(&listeners, storage, config.runs(Service::Recommendations))?,
            shop: config
                .runs(Service::Marketplace)
                .then(|| shop(inventory, recommendations, metrics.clone())),
            listeners,
            router,
            metrics,
            background,
        })
    }

    /// Prints the addresses and serves until the signal; then waits for calls in flight.
    async fn serve_until(self, signal: impl Future<Output = ()>) -> anyhow::Result<()> {
        let closing = CancellationToken::new();
        let metrics = http_server::metrics_routes(self.metrics);
        let mut http_servers = vec![http_server::serve(
            self.listeners.metrics,
            metrics,
            &closing,
        )];
        if let (Some(listener), Some(shop)) = (self.listeners.shop, self.shop) {
            http_servers.push(http_server::serve(listener, shop, &closing));
        }
        self.banner.print();

        let signal = async {
            signal.await;
            tracing::info!("shutting down: waiting for calls in flight");
            closing.cancel();
        };
        let served = self.router.serve(self.listeners.grpc, signal).await;
        closing.cancel();
        for server in http_servers {
            server.await?;
        }
        drop(self.background);
        Ok(served?)
    }
}

/// Opens Inventory's database and loads the shipped catalogue if it is empty.
pub async fn open_inventory(storage: &Storage) -> anyhow::Result<Inventory> {
    let db = store::Db::open(&storage.location()?, &inventory::SCHEMA).await?;
    let inventory = Inventory::new(db, inventory::Options::default());
    inventory.load_shipped_catalogue().await?;
    Ok(inventory)
}

/// The web shop, which calls the services over the given channels.
fn shop(inventory: Channel, recommendations: Channel, metrics: Metrics) -> axum::Router {
    let services = [
        ("bookstore.inventory.v1.InventoryService", inventory.clone()),
        (
            "bookstore.recommendations.v1.RecommendationService",
            recommendations.clone(),
        ),
    ];
    let clients = marketplace::Clients {
        inventory: InventoryServiceClient::new(inventory),
        recommendations: RecommendationServiceClient::new(recommendations),
    };
    let options = marketplace::Options {
        metrics_text: Arc::new(move || metrics.render()),
        health: health::probe(services.into()),
        ..marketplace::Options::default()
    };
    marketplace::app(clients, options)
}
