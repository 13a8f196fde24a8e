//! `bookstore serve SERVICE...`: runs some services; the others are called over the network.

use clap::Args;

use crate::{
    app::{self, ProcessConfig},
    peers::Peers,
    services::Service,
    settings::Settings,
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
    settings: Settings,
}

impl Serve {
    /// Runs until SIGTERM or SIGINT.
    pub async fn run(self) -> anyhow::Result<()> {
        app::run(ProcessConfig {
            services: self.services.into_iter().collect(),
            peers: self.peers,
            settings: self.settings,
        })
        .await
    }
}
