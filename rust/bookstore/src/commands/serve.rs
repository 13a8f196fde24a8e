//! `bookstore serve SERVICE...`: some of it, the rest over the network.

use clap::Args;

use crate::{
    app::{self, Plan, Service},
    settings::{Listen, Logs, Peers, Storage},
};

/// Run some of the services in this process; the others are elsewhere
///
/// They find the others by the addresses that
/// are given for them, and call them exactly as they would in one process.
#[derive(Debug, Args)]
pub struct Serve {
    /// The services to run
    #[arg(required = true, value_name = "SERVICE")]
    services: Vec<Service>,

    #[command(flatten)]
    peers: Peers,

    #[command(flatten)]
    storage: Storage,

    #[command(flatten)]
    listen: Listen,

    #[command(flatten)]
    logs: Logs,
}

impl Serve {
    /// Runs until a signal asks it to stop.
    pub async fn run(self) -> anyhow::Result<()> {
        app::run(Plan {
            services: self.services.into_iter().collect(),
            storage: self.storage,
            listen: self.listen,
            logs: self.logs,
            peers: Some(self.peers),
        })
        .await
    }
}
