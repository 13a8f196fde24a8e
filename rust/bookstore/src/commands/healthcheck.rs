//! `bookstore healthcheck`: for containers and scripts.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::print_line;

/// Ask a running process whether it serves
///
/// Asks grpc.health.v1 and exits with 0 if it serves, else with 1.
#[derive(Debug, Args)]
pub struct Healthcheck {
    /// Where the process serves gRPC
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_GRPC_URL",
        default_value = "http://127.0.0.1:50051"
    )]
    server: String,

    /// The service to ask about; the process as a whole if none is named
    #[arg(long, value_name = "SERVICE", default_value = "")]
    service: String,

    /// How long the answer may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    timeout: u64,
}

impl Healthcheck {
    /// Asks once.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self {
            server,
            service,
            timeout,
        } = self;
        let channel = rpc::Channel::connect(&server).context("--server can't be used")?;
        let target = match service.as_str() {
            "" => server,
            service => format!("{service} at {server}"),
        };
        let mut health = HealthClient::new(channel);
        let answer = health.check(HealthCheckRequest { service });
        let status = tokio::time::timeout(Duration::from_secs(timeout), answer)
            .await
            .map_err(|_| anyhow!("{target} did not answer within {timeout} s"))?
            .map_err(|status| anyhow!("{target} does not serve: {}", status.message()))?
            .into_inner()
            .status();
        if status != ServingStatus::Serving {
            bail!("{target} says {}", status.as_str_name());
        }
        print_line(format_args!("{target} serves"));
        Ok(())
    }
}
