//! Accounts: sign-up, sign-in and profiles. Verifies the session tokens of the process.

use std::sync::Arc;

use accounts::{Accounts, Options};
use futures::FutureExt;
use store::Db;

use super::{Definition, Service};
use crate::assembly::Assembly;

pub static DEFINITION: Definition = Definition {
    calls: &[Service::Cart, Service::Transactions, Service::Reviews],
    grpc_services: &[
        "bookstore.accounts.v1.AccountService",
        "bookstore.accounts.v1.SessionService",
    ],
    needs_data_folder: true,
    schema: Some(&accounts::SCHEMA),
    start: |assembly| start(assembly).boxed(),
};

async fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    let db = Db::open(&assembly.storage().location()?, &accounts::SCHEMA).await?;
    let options = Options {
        shop_url: assembly.shop_url().to_owned(),
        ..Options::default()
    };
    let accounts = Accounts::new(
        db,
        assembly.mailer().clone(),
        // The orders are in the service Cart, too.
        assembly.channel(Service::Cart)?,
        assembly.channel(Service::Transactions)?,
        assembly.channel(Service::Reviews)?,
        options,
    );
    assembly.verify_tokens_by(Arc::new(accounts.authenticator()));
    assembly.add_server_with_database(accounts.server(), accounts.db());
    assembly.add_server_with_database(accounts.session_server(), accounts.db());
    assembly.run_in_background(move || accounts.run_in_background());
    Ok(())
}
