//! `bookstore up`: everything in one process.

use clap::Args;

use crate::{
    app::{self, Plan, Service},
    settings::{Listen, Logs, Storage},
};

/// Open the whole bookstore in this process
///
/// It keeps its data in embedded databases in a data folder. The first start loads the shipped catalogue; later ones keep what is there.
#[derive(Debug, Args)]
pub struct Up {
    #[command(flatten)]
    storage: Storage,

    #[command(flatten)]
    listen: Listen,

    #[command(flatten)]
    logs: Logs,
}

impl Up {
    /// Runs until a signal asks it to stop.
    pub async fn run(self) -> anyhow::Result<()> {
        app::run(Plan {
            services: Service::ALL.into(),
            storage: self.storage,
            listen: self.listen,
            logs: self.logs,
            peers: None,
        })
        .await
    }
}
