//! The payment provider of Transactions: its settings, and the port for its webhooks.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use clap::Args;
use store::Location;
use tokio::net::TcpListener;
use transactions::HttpProvider;

use crate::{
    listeners,
    secret_file::{self, Advice},
    simulator::{self, RunningSimulator},
    tls::ClientTlsSettings,
};

const ADVICE: Advice = Advice {
    identity: "the payment provider",
    if_readable: "write a new secret to it, for both sides",
    if_invalid: "write at least 32 random letters and digits, for example by openssl rand -hex 32",
};

/// The payment provider of Transactions.
#[derive(Debug, Clone, Args)]
pub struct Payments {
    /// The payment provider, such as https://payments.example or http://127.0.0.1:4242; without it
    /// a payment simulator runs in the process of Transactions
    #[arg(long, value_name = "URL", env = "BINDERY_PAYMENT_PROVIDER")]
    payment_provider: Option<String>,

    /// A file with the secret by which the payment provider signs its webhooks, readable by its
    /// owner only; without it no webhooks of a provider are received
    #[arg(
        long,
        value_name = "FILE",
        env = "BINDERY_WEBHOOK_SECRET_FILE",
        requires = "payment_provider"
    )]
    webhook_secret_file: Option<PathBuf>,

    /// The address for the webhooks of the payment provider, which it posts to /webhooks
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BINDERY_WEBHOOK_ADDR",
        default_value = "127.0.0.1:4243"
    )]
    webhook_addr: SocketAddr,
}

/// The payment provider, ready for the service.
pub struct Provider {
    /// Its client.
    pub client: HttpProvider,
    /// The port for its webhooks, if it sends any.
    pub webhooks: Option<TcpListener>,
    /// The simulator of this process, if it is the provider.
    pub simulator: Option<RunningSimulator>,
}

impl Payments {
    /// The provider of the settings, or else a simulator with its database in `location`. It
    /// sends webhooks that are signed with a random secret, as another provider would.
    ///
    /// # Errors
    /// If a setting is not valid, a port cannot be used, or a database cannot be opened.
    pub async fn provider(
        &self,
        location: &Location,
        tls: &ClientTlsSettings,
    ) -> anyhow::Result<Provider> {
        let Some(url) = &self.payment_provider else {
            return simulated(location).await;
        };
        let tls = tls.load_for([&**url].into_iter())?;
        let client = HttpProvider::new(url, tls).context("--payment-provider is not valid")?;
        let (client, webhooks) = match &self.webhook_secret_file {
            None => (client, None),
            Some(file) => {
                let secret = read_webhook_secret(file)?;
                let listener = listeners::bind_flag(self.webhook_addr, "--webhook-addr").await?;
                (client.with_webhook_secret(&secret), Some(listener))
            }
        };
        Ok(Provider {
            client,
            webhooks,
            simulator: None,
        })
    }
}

async fn simulated(location: &Location) -> anyhow::Result<Provider> {
    let webhooks = TcpListener::bind(simulator::ANY_LOOPBACK_PORT)
        .await
        .context("there is no free port for the webhooks of the payment simulator")?;
    let bytes: [u8; 32] = rand::random();
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let url = format!("http://{}/webhooks", webhooks.local_addr()?);
    let target = payment_simulator::WebhookTarget::new(&url, &secret, None)?;
    let address = simulator::ANY_LOOPBACK_PORT;
    let simulator =
        simulator::start(location, address, rpc::Options::default(), Some(target)).await?;
    let client = HttpProvider::new(&format!("http://{}", simulator.address), None)?;
    Ok(Provider {
        client: client.with_webhook_secret(&secret),
        webhooks: Some(webhooks),
        simulator: Some(simulator),
    })
}

/// The secret of webhooks in a file.
///
/// # Errors
/// If the file is missing, others can read it, or it contains no secret.
pub fn read_webhook_secret(file: &std::path::Path) -> anyhow::Result<String> {
    let secret = secret_file::read(file, &ADVICE)?;
    secret.with_context(|| {
        let file = file.display();
        format!("there is no secret at {file} (--webhook-secret-file)")
    })
}
