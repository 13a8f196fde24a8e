//! Transactions: payments and the ledger; also the second tutorial's contract.

use std::sync::Arc;

use axum::Router;
use futures::FutureExt;
use rpc::{ClientCertificates, ServerTls};
use store::Db;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use transactions::{Options, Transactions};

use super::Definition;
use crate::assembly::Assembly;

pub static DEFINITION: Definition = Definition {
    calls: &[],
    grpc_services: &[
        "bookstore.transactions.v1.TransactionService",
        "payment.PaymentService",
    ],
    needs_data_folder: true,
    schema: Some(&transactions::SCHEMA),
    start: |assembly| start(assembly).boxed(),
};

async fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    let location = assembly.storage().location()?;
    let payments = assembly.payments();
    let provider = payments.provider(&location, assembly.client_tls()).await?;
    let db = Db::open(&location, &transactions::SCHEMA).await?;
    let mailer = assembly.mailer().clone();
    let transactions = Transactions::new(db, Arc::new(provider.client), mailer, Options::default());
    assembly.add_server_with_database(transactions.server(), transactions.db());
    assembly.add_server_with_database(transactions.legacy_server(), transactions.db());
    // Those of the simulator do not leave the process.
    let tls = match provider.simulator {
        Some(_) => None,
        None => assembly.server_tls().cloned(),
    };
    if let Some(simulator) = provider.simulator {
        assembly.run_in_background(move || simulator.server);
    }
    if let Some(listener) = provider.webhooks {
        let webhooks = serve_webhooks(listener, transactions.webhook_routes(), tls);
        assembly.run_in_background(move || AbortOnDropHandle::new(tokio::spawn(webhooks)));
    }
    assembly.run_in_background(move || transactions.run_in_background());
    Ok(())
}

async fn serve_webhooks(listener: TcpListener, routes: Router, tls: Option<ServerTls>) {
    let options = rpc::Options {
        // Their signatures are checked, and the provider uses whatever name its network gives
        // the process.
        allowed_hosts: vec!["*".to_owned()],
        tls: tls.map(|tls| tls.with_clients(ClientCertificates::NotAsked)),
        ..rpc::Options::default()
    };
    let never = std::future::pending();
    let served = rpc::serve_http(listener, "webhooks", routes, &options, never).await;
    if let Err(error) = served {
        tracing::error!(%error, "the server of the webhooks stopped");
    }
}
