//! Assembles the services of a process, opens its listeners and closes them again.

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

/// What a process can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Service {
    /// The catalogue and the stock
    Inventory,
    /// Books that a reader may like; the first tutorial's service too
    Recommendations,
    /// Payments; as yet the second tutorial's service alone
    Transactions,
    /// The shop in the browser
    Marketplace,
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 4] = [
        Service::Inventory,
        Service::Recommendations,
        Service::Transactions,
        Service::Marketplace,
    ];
}

/// What to run, and how.
#[derive(Debug)]
pub struct Plan {
    /// The services of this process.
    pub services: BTreeSet<Service>,
    /// Where the data is.
    pub storage: Storage,
    /// Where the process listens.
    pub listen: Listen,
    /// How it logs.
    pub logs: Logs,
    /// Where the other services are; none where all are here.
    pub peers: Option<Peers>,
}

impl Plan {
    fn runs(&self, service: Service) -> bool {
        self.services.contains(&service)
    }

    /// Whether a service of this process needs the data folder: for its database, or
    /// for the token of the operator that its methods ask for.
    fn needs_data_folder(&self) -> bool {
        self.runs(Service::Inventory)
    }

    /// How this process reaches a service: in itself, behind all layers, or over the
    /// network. Callers can't tell.
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

/// Runs the plan until a signal asks to stop, then drains.
pub async fn run(plan: Plan) -> anyhow::Result<()> {
    let _log = plan.logs.init()?;
    let mut signal = pin!(telemetry::shutdown_signal());
    // Signals are handled from the first poll on, so also while the process starts.
    if futures::poll!(signal.as_mut()).is_ready() {
        return Ok(());
    }
    let app = tokio::select! {
        () = signal.as_mut() => return Ok(()),
        app = App::assemble(plan) => app?,
    };
    app.serve_until(signal).await
}

/// An assembled process whose listeners are bound.
struct App {
    listeners: Listeners,
    router: rpc::Router,
    metrics: Metrics,
    shop: Option<axum::Router>,
    banner: Banner,
    /// What goes on beside the calls; it ends with the app.
    background: Vec<AbortOnDropHandle<()>>,
}

impl App {
    async fn assemble(plan: Plan) -> anyhow::Result<Self> {
        let metrics = Metrics::install()?;
        // The listeners first: a taken port is the most likely error, and shows at once.
        let listeners = Listeners::bind(&plan.listen, plan.runs(Service::Marketplace)).await?;
        let operator_token = match plan.needs_data_folder() {
            true => Some(operator_token::load_or_create(&plan.storage.data)?),
            false => None,
        };
        let mut router = rpc::Router::new(rpc::Options {
            operator_token,
            ..rpc::Options::default()
        });
        let mut background = Vec::new();
        if plan.runs(Service::Inventory) {
            let inventory = open_inventory(&plan.storage).await?;
            background.push(inventory.run_in_background());
            router = router.add(inventory.server());
        }
        let inventory = plan.channel(Service::Inventory, &router, Peers::inventory)?;
        if plan.runs(Service::Recommendations) {
            let options = recommendations::Options::default();
            let recommendations = Recommendations::start(inventory.clone(), &options);
            router = router
                .add(recommendations::v1(recommendations.clone()))
                .add(recommendations::legacy(recommendations));
        }
        let recommendations =
            plan.channel(Service::Recommendations, &router, Peers::recommendations)?;
        if plan.runs(Service::Transactions) {
            router = router.add(transactions::legacy(StubGateway));
        }
        let storage = plan.needs_data_folder().then_some(&plan.storage);
        Ok(Self {
            banner: Banner::new(&listeners, storage, plan.runs(Service::Recommendations))?,
            shop: plan
                .runs(Service::Marketplace)
                .then(|| shop(inventory, recommendations, metrics.clone())),
            listeners,
            router,
            metrics,
            background,
        })
    }

    /// Says where it is, and serves until the signal; then what is in flight finishes.
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
            tracing::info!("closing: calls in flight finish");
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

/// Opens Inventory and, where its catalogue is empty, loads the shipped one.
pub async fn open_inventory(storage: &Storage) -> anyhow::Result<Inventory> {
    let db = store::Db::open(&storage.location()?, &inventory::SCHEMA).await?;
    let inventory = Inventory::new(db, inventory::Options::default());
    inventory.load_shipped_catalogue().await?;
    Ok(inventory)
}

/// The pages, over the services wherever they are.
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
