//! What can be set, by flag or by environment variable.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use store::Location;

/// Where the data is.
#[derive(Debug, Clone, Args)]
pub struct Storage {
    /// The folder of the embedded databases and of the operator's token
    #[arg(
        long,
        value_name = "FOLDER",
        env = "BINDERY_DATA",
        default_value = "data"
    )]
    pub data: PathBuf,

    /// A PostgreSQL database instead of the embedded ones: postgres://user@host/name
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_DATABASE_URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,
}

impl Storage {
    /// The place as the store knows it.
    pub fn location(&self) -> anyhow::Result<Location> {
        let Some(url) = &self.database_url else {
            return Ok(Location::Folder(self.data.clone()));
        };
        match url.parse() {
            Ok(location @ Location::Postgres(_)) => Ok(location),
            // What was given is not shown: it may hold a password.
            Ok(Location::Folder(_)) | Err(_) => {
                bail!("--database-url can't be used: write postgres://user:password@host/database")
            }
        }
    }

    /// The place in words, without what must not be shown.
    pub fn description(&self) -> anyhow::Result<String> {
        Ok(match self.location()? {
            Location::Folder(folder) => format!("{} (SQLite)", folder.display()),
            postgres @ Location::Postgres(_) => format!("{postgres} (PostgreSQL)"),
        })
    }
}

/// Where the process listens. Port 0 takes a free one.
#[derive(Debug, Clone, Args)]
pub struct Listen {
    /// The address of gRPC, gRPC-Web, health and reflection
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BINDERY_GRPC_ADDR",
        default_value = "127.0.0.1:50051"
    )]
    pub grpc_addr: SocketAddr,

    /// The address of the shop
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BINDERY_SHOP_ADDR",
        default_value = "127.0.0.1:5000"
    )]
    pub shop_addr: SocketAddr,

    /// The address of the metrics, for Prometheus
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BINDERY_METRICS_ADDR",
        default_value = "127.0.0.1:9464"
    )]
    pub metrics_addr: SocketAddr,
}

/// Where services are that run in other processes.
#[derive(Debug, Clone, Args)]
pub struct Peers {
    /// The address of Inventory, where it runs in another process
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_INVENTORY",
        default_value = "http://127.0.0.1:50051"
    )]
    pub inventory: String,

    /// The address of Recommendations, where it runs in another process
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_RECOMMENDATIONS",
        default_value = "http://127.0.0.1:50051"
    )]
    pub recommendations: String,
}

impl Peers {
    /// A channel to Inventory, connected on the first call.
    pub fn inventory(&self) -> anyhow::Result<rpc::Channel> {
        rpc::Channel::connect(&self.inventory).context("--inventory can't be used")
    }

    /// A channel to Recommendations, connected on the first call.
    pub fn recommendations(&self) -> anyhow::Result<rpc::Channel> {
        rpc::Channel::connect(&self.recommendations).context("--recommendations can't be used")
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
pub struct Logs {
    /// What to log, as tracing's filters say it: info, warn, rpc=debug,info
    #[arg(
        long,
        value_name = "FILTER",
        env = "BINDERY_LOG",
        default_value = "info"
    )]
    pub log: String,

    /// How to log: auto is for people on a terminal and JSON elsewhere
    #[arg(
        long,
        value_name = "auto|json|pretty",
        env = "BINDERY_LOG_FORMAT",
        default_value = "auto"
    )]
    pub log_format: telemetry::LogFormat,
}

impl Logs {
    /// Sets up the log of the process.
    pub fn init(&self) -> anyhow::Result<telemetry::LogGuard> {
        let options = telemetry::LogOptions {
            format: self.log_format,
            filter: Some(self.log.clone()),
        };
        Ok(telemetry::init_log(options)?)
    }
}
