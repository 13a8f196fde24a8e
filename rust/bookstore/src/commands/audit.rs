//! `bookstore audit`: compares the services of a running bookstore.

use anyhow::{Context, bail};
use audit::{Services, audit};
use clap::Args;
use rpc::Channel;
use service::{Clock, SystemClock};

use super::print_line;
use crate::{
    operator_token::OperatorTokenFile,
    peers::Peers,
    services::Service,
    settings::Storage,
    tls::{self, ClientTlsSettings},
};

/// Compare orders, payments, the ledger, reservations and stock of a running bookstore
///
/// Prints every disagreement, and everything that waits for the operator. Exits with 1 if there is any. The operator token is read from the variable BINDERY_OPERATOR_TOKEN, or else from its file or the data folder.
#[derive(Debug, Args)]
pub struct Audit {
    /// The gRPC address of the services
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_GRPC_URL",
        default_value = "http://127.0.0.1:50051"
    )]
    server: String,

    #[command(flatten)]
    peers: Peers,

    #[command(flatten)]
    tls: ClientTlsSettings,

    #[command(flatten)]
    storage: Storage,

    #[command(flatten)]
    operator_token: OperatorTokenFile,
}

impl Audit {
    /// Compares the services and prints what is found.
    pub async fn run(self) -> anyhow::Result<()> {
        let token = self.operator_token.of_caller(&self.storage.data)?;
        let urls = self.peers.urls().chain([self.server.as_str()]);
        let certificates = self.tls.load_for(urls)?;
        let channel = |service| -> anyhow::Result<Channel> {
            let channel = match self.peers.channel(service, certificates.as_ref())? {
                Some(channel) => channel,
                None => tls::connect(&self.server, certificates.as_ref())
                    .context("--server is not valid")?,
            };
            Ok(channel.with_operator_token(&token))
        };
        let mut services = Services::new(
            channel(Service::Cart)?,
            channel(Service::Inventory)?,
            channel(Service::Transactions)?,
        );
        let report = audit(&mut services, || SystemClock.now()).await?;
        for disagreement in &report.disagreements {
            print_line(format_args!("{disagreement}"));
        }
        let counts = report.counts;
        let compared = format!(
            "{} orders, {} payments, {} reservations and the stock of {} books",
            counts.orders, counts.payments, counts.reservations, counts.books
        );
        if !report.disagreements.is_empty() {
            bail!("{} disagreements in {compared}", report.disagreements.len());
        }
        print_line(format_args!("{compared} agree"));
        Ok(())
    }
}
