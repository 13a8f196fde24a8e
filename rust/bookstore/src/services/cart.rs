//! Cart: the carts of guests and accounts, and their orders.

use std::time::Duration;

use cart::{Carts, Checkout, CheckoutOptions, Options};
use futures::FutureExt;
use store::Db;

use super::{Definition, Service};
use crate::assembly::Assembly;

pub static DEFINITION: Definition = Definition {
    calls: &[Service::Inventory, Service::Transactions, Service::Accounts],
    grpc_services: &[
        "bookstore.cart.v1.CartService",
        "bookstore.cart.v1.CheckoutService",
    ],
    needs_data_folder: true,
    schema: Some(&cart::SCHEMA),
    start: |assembly| start(assembly).boxed(),
};

async fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    let inventory = assembly.channel(Service::Inventory)?;
    let db = Db::open(&assembly.storage().location()?, &cart::SCHEMA).await?;
    let events = assembly.events();
    let events = events.publisher(assembly.client_tls()).await?;
    let carts = Carts::new(db, inventory.clone(), Options::default());
    let checkout = Checkout::new(
        carts.clone(),
        inventory,
        assembly.channel(Service::Transactions)?,
        assembly.channel(Service::Accounts)?,
        CheckoutOptions {
            park_after: Duration::from_secs(assembly.orders().park_orders_after.into()),
            events,
            ..CheckoutOptions::default()
        },
    );
    assembly.add_server_with_database(carts.server(), carts.db());
    assembly.add_server_with_database(checkout.server(), checkout.db());
    assembly.run_in_background(move || carts.run_in_background());
    assembly.run_in_background(move || checkout.run_in_background());
    Ok(())
}
