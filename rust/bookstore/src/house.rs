//! Assembles the services of a process, opens its doors and closes them again.

use std::{collections::BTreeSet, sync::Arc};

use clap::ValueEnum;
use contract::bookstore::{
    inventory::v1::inventory_service_client::InventoryServiceClient,
    recommendations::v1::recommendation_service_client::RecommendationServiceClient,
};
use inventory::Inventory;
use recommendations::Recommendations;
use rpc::Channel;
use telemetry::Metrics;
use tokio_util::sync::CancellationToken;
use transactions::StubCharges;

use crate::{
    banner::Banner,
    doors::Doors,
    health, operator,
    settings::{Listen, Logs, Peers, Storage},
    web,
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
    plan.logs.init()?;
    let metrics = Metrics::install()?;
    // The doors first: a taken port is the likeliest trouble, and shows at once.
    let doors = Doors::open(&plan.listen, plan.runs(Service::Marketplace)).await?;
    let token = operator::token(&plan.storage.data)?;

    let mut router = rpc::Router::new(rpc::Options {
        operator_token: Some(token),
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
        router = router.add(transactions::legacy(StubCharges));
    }

    let banner = Banner::new(&doors, &plan.storage)?;
    let closing = CancellationToken::new();
    let mut web = vec![web::serve(
        doors.metrics,
        web::metrics(metrics.clone()),
        &closing,
    )];
    if let Some(door) = doors.shop {
        let shop = shop(inventory, recommendations, metrics);
        web.push(web::serve(door, shop, &closing));
    }
    println!("{banner}");

    let signal = async {
        telemetry::shutdown_signal().await;
        tracing::info!("closing: calls in flight finish");
        closing.cancel();
    };
    let served = router.serve(doors.grpc, signal).await;
    closing.cancel();
    for door in web {
        door.await?;
    }
    Ok(served?)
}

/// Opens Inventory and, where its catalogue is empty, loads the shipped one.
pub async fn open_inventory(storage: &Storage) -> anyhow::Result<Inventory> {
    let db = store::Db::open(&storage.location(), &inventory::SCHEMA).await?;
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
        health: health::of(services.into()),
        ..marketplace::Options::default()
    };
    marketplace::app(clients, options)
}
