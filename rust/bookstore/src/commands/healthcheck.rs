//! `bookstore healthcheck`: reports health as an exit code, for containers and scripts.

use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::Args;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::print_line;
use crate::tls::ClientTlsSettings;

/// Check whether a running process is serving
///
/// Calls grpc.health.v1.Health/Check. Exits with 0 if the status is SERVING, else with 1.
#[derive(Debug, Args)]
pub struct Healthcheck {
    /// The gRPC address of the process
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_GRPC_URL",
        default_value = "http://127.0.0.1:50051"
    )]
    server: String,

    /// The full name of the service to check; empty checks the whole process
    #[arg(long, value_name = "SERVICE", default_value = "")]
    service: String,

    /// The time limit in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    timeout: u64,

    #[command(flatten)]
    tls: ClientTlsSettings,
}

impl Healthcheck {
    /// Makes one call.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self {
            server,
            service,
            timeout,
            tls,
        } = self;
        let channel = tls.connect_to_server(&server)?;
        let target = match service.as_str() {
            "" => server,
            service => format!("{service} at {server}"),
        };
        let mut health = HealthClient::new(channel);
        let answer = health.check(HealthCheckRequest { service });
        let status = tokio::time::timeout(Duration::from_secs(timeout), answer)
            .await
            .map_err(|_| anyhow!("{target} did not answer within {timeout} s"))?
            .map_err(|status| anyhow!("{target} is not serving: {}", status.message()))?
            .into_inner()
            .status();
        if status != ServingStatus::Serving {
            bail!("{target} reports {}", status.as_str_name());
        }
        print_line(format_args!("{target} is serving"));
        Ok(())
    }
}
