//! `bookstore up`: runs all services in one process.

use clap::Args;

use crate::{
    app::{self, ProcessConfig},
    peers::Peers,
    services::Service,
    settings::Settings,
};

/// Run all services in this process
///
/// The data is stored in SQLite databases in the data folder, or in PostgreSQL with --database-url. The first start loads the shipped catalogue; later starts keep the existing data.
#[derive(Debug, Args)]
pub struct Up {
    #[command(flatten)]
    settings: Settings,
}

impl Up {
    /// Runs until SIGTERM or SIGINT.
    pub async fn run(self) -> anyhow::Result<()> {
        app::run(ProcessConfig {
            services: Service::all().iter().copied().collect(),
            peers: Peers::default(),
            settings: self.settings,
        })
        .await
    }
}
