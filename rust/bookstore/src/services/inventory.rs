//! Inventory: the catalogue and the stock.

use futures::FutureExt;
use inventory::Inventory;

use super::Definition;
use crate::{assembly::Assembly, settings::Storage};

pub static DEFINITION: Definition = Definition {
    calls: &[],
    grpc_services: &["bookstore.inventory.v1.InventoryService"],
    needs_data_folder: true,
    start: |assembly| start(assembly).boxed(),
};

async fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    let inventory = open(assembly.storage()).await?;
    assembly.add_server_with_database(inventory.server(), inventory.db());
    assembly.run_in_background(move || inventory.run_in_background());
    Ok(())
}

/// Opens the database and loads the shipped catalogue if there are no books.
pub async fn open(storage: &Storage) -> anyhow::Result<Inventory> {
    let db = store::Db::open(&storage.location()?, &inventory::SCHEMA).await?;
    let inventory = Inventory::new(db, inventory::Options::default());
    inventory.load_shipped_catalogue().await?;
    Ok(inventory)
}
