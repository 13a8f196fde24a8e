//! `bookstore serve SERVICE...`: runs some services; the others are called over the network.

use clap::Args;

use crate::{
    app::{self, ProcessConfig},
    service_secret::ServiceSecret,
    services::Service,
    settings::{Listen, Logs, Payments, Peers, Storage},
};

/// Run some of the services in this process
///
/// The services call the others at the addresses given by --peer.
#[derive(Debug, Args)]
pub struct Serve {
    /// The services to run
    #[arg(required = true, value_name = "SERVICE")]
    services: Vec<Service>,

    #[command(flatten)]
    peers: Peers,

    #[command(flatten)]
    service_secret: ServiceSecret,

    #[command(flatten)]
    storage: Storage,

    #[command(flatten)]
    payments: Payments,

    #[command(flatten)]
    listen: Listen,

    #[command(flatten)]
    logs: Logs,
}

impl Serve {
    /// Runs until SIGTERM or SIGINT.
    pub async fn run(self) -> anyhow::Result<()> {
        app::run(ProcessConfig {
            services: self.services.into_iter().collect(),
            service_secret: self.service_secret,
            storage: self.storage,
            payments: self.payments,
            listen: self.listen,
            logs: self.logs,
            peers: self.peers,
        })
        .await
    }
}
