//! `bookstore up`: runs all services in one process.

use clap::Args;

use crate::{
    app::{self, ProcessConfig},
    service_secret::ServiceSecret,
    services::Service,
    settings::{Listen, Logs, Payments, Peers, Storage},
};

/// Run all services in this process
///
/// The data is stored in SQLite databases in the data folder, or in PostgreSQL with --database-url. The first start loads the shipped catalogue; later starts keep the existing data.
#[derive(Debug, Args)]
pub struct Up {
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

impl Up {
    /// Runs until SIGTERM or SIGINT.
    pub async fn run(self) -> anyhow::Result<()> {
        app::run(ProcessConfig {
            services: Service::all().iter().copied().collect(),
            service_secret: self.service_secret,
            storage: self.storage,
            payments: self.payments,
            listen: self.listen,
            logs: self.logs,
            peers: Peers::default(),
        })
        .await
    }
}
