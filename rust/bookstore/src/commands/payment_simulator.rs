//! `bookstore payment-simulator`: runs the payment simulator in its own process.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use clap::Args;
use payment_simulator::WebhookTarget;
use rpc::ClientCertificates;

use super::print_line;
use crate::{
    payments::read_webhook_secret,
    settings::{Logs, Storage},
    simulator,
    tls::{ClientTlsSettings, ServerTlsSettings},
};

/// Run the payment simulator alone
///
/// It is a test double of a payment provider with an HTTP API. Start the bookstore with --payment-provider http://ADDRESS to use it, or https://ADDRESS if it has a certificate. No money is moved.
#[derive(Debug, Args)]
pub struct PaymentSimulator {
    /// The address for the HTTP API
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BINDERY_PAYMENT_SIMULATOR_ADDR",
        default_value = "127.0.0.1:4242"
    )]
    addr: SocketAddr,

    /// Where webhooks are sent, such as https://shop.example:4243/webhooks or
    /// http://127.0.0.1:4243/webhooks; without it none are sent
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_WEBHOOK_URL",
        requires = "webhook_secret_file"
    )]
    webhook_url: Option<String>,

    /// A file with the secret by which webhooks are signed, readable by its owner only
    #[arg(
        long,
        value_name = "FILE",
        env = "BINDERY_WEBHOOK_SECRET_FILE",
        requires = "webhook_url"
    )]
    webhook_secret_file: Option<PathBuf>,

    #[command(flatten)]
    storage: Storage,

    #[command(flatten)]
    server_tls: ServerTlsSettings,

    #[command(flatten)]
    client_tls: ClientTlsSettings,

    #[command(flatten)]
    logs: Logs,
}

impl PaymentSimulator {
    /// Runs until SIGTERM or SIGINT. What was answered is on the disk, so it stops at once.
    pub async fn run(self) -> anyhow::Result<()> {
        let _log = self.logs.init()?;
        let tls = self.server_tls.load(&self.client_tls)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let port = rpc::Options {
            // It has no secrets, and tests reach it by whatever name their network gives it.
            allowed_hosts: vec!["*".to_owned()],
            tls: tls.map(|tls| tls.with_clients(ClientCertificates::NotAsked)),
            ..rpc::Options::default()
        };
        let location = self.storage.location()?;
        let webhooks = match (&self.webhook_url, &self.webhook_secret_file) {
            (Some(url), Some(file)) => {
                let tls = self.client_tls.load_for([&**url].into_iter())?;
                let target = WebhookTarget::new(url, &read_webhook_secret(file)?, tls);
                Some(target.context("--webhook-url is not valid")?)
            }
            _ => None,
        };
        let running = simulator::start(&location, self.addr, port, webhooks).await?;
        print_line(format_args!(
            "payment simulator at {scheme}://{}",
            running.address
        ));
        telemetry::shutdown_signal().await;
        Ok(())
    }
}
