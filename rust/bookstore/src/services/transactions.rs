//! Transactions: payments and the ledger; also the second tutorial's contract.

use std::sync::Arc;

use anyhow::Context;
use futures::FutureExt;
use store::Db;
use transactions::{HttpProvider, Options, Transactions};

use super::Definition;
use crate::{assembly::Assembly, simulator};

pub static DEFINITION: Definition = Definition {
    calls: &[],
    grpc_services: &[
        "bookstore.transactions.v1.TransactionService",
        "payment.PaymentService",
    ],
    needs_data_folder: true,
    start: |assembly| start(assembly).boxed(),
};

async fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    let location = assembly.storage().location()?;
    let provider_url = match assembly.payment_provider() {
        Some(url) => url.to_owned(),
        None => {
            let simulator =
                simulator::start(&location, simulator::ANY_LOOPBACK_PORT, Vec::new()).await?;
            let url = format!("http://{}", simulator.address);
            assembly.run_in_background(move || simulator.server);
            url
        }
    };
    let provider = HttpProvider::new(&provider_url).context("--payment-provider is not valid")?;
    let db = Db::open(&location, &transactions::SCHEMA).await?;
    let mailer = assembly.mailer().clone();
    let transactions = Transactions::new(db, Arc::new(provider), mailer, Options::default());
    assembly.add_server_with_database(transactions.server(), transactions.db());
    assembly.add_server_with_database(transactions.legacy_server(), transactions.db());
    assembly.run_in_background(move || transactions.run_in_background());
    Ok(())
}
