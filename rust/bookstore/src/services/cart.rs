//! Cart: the carts of guests and accounts.

use cart::{Carts, Options};
use futures::FutureExt;
use store::Db;

use super::{Definition, Service};
use crate::assembly::Assembly;

pub static DEFINITION: Definition = Definition {
    calls: &[Service::Inventory],
    grpc_services: &["bookstore.cart.v1.CartService"],
    needs_data_folder: true,
    start: |assembly| start(assembly).boxed(),
};

async fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    let inventory = assembly.channel(Service::Inventory)?;
    let db = Db::open(&assembly.storage().location()?, &cart::SCHEMA).await?;
    let carts = Carts::new(db, inventory, Options::default());
    assembly.add_server_with_database(carts.server(), carts.db());
    assembly.run_in_background(move || carts.run_in_background());
    Ok(())
}
