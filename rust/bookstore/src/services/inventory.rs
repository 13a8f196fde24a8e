//! Inventory: the catalogue and the stock.

use futures::FutureExt;
use inventory::Inventory;

use super::Definition;
use crate::{
    assembly::Assembly,
    catalogue_record::CatalogueRecord,
    settings::{NewCatalogue, Storage},
};

pub static DEFINITION: Definition = Definition {
    calls: &[],
    grpc_services: &["bookstore.inventory.v1.InventoryService"],
    needs_data_folder: true,
    schema: Some(&inventory::SCHEMA),
    start: |assembly| start(assembly).boxed(),
};

async fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    let inventory = open(assembly.storage(), Some(assembly.new_catalogue())).await?;
    assembly.add_server_with_database(inventory.server(), inventory.db());
    assembly.run_in_background(move || inventory.run_in_background());
    Ok(())
}

/// Opens the database. A new catalogue gets the shipped books, unless it shall begin empty; `None`
/// leaves every catalogue as it is.
///
/// # Errors
/// Also if the catalogue is empty, but had books when it was opened before.
pub async fn open(
    storage: &Storage,
    new_catalogue: Option<NewCatalogue>,
) -> anyhow::Result<Inventory> {
    let db = storage.open(&inventory::SCHEMA).await?;
    let options = inventory::Options {
        search_folder: Some(storage.data.join("search")),
        ..inventory::Options::default()
    };
    let inventory = Inventory::new(db, options);
    if let Some(new_catalogue) = new_catalogue
        && let Err(error) = load_if_new(storage, &inventory, new_catalogue).await
    {
        inventory.db().close().await;
        return Err(error);
    }
    Ok(inventory)
}

async fn load_if_new(
    storage: &Storage,
    inventory: &Inventory,
    new_catalogue: NewCatalogue,
) -> anyhow::Result<()> {
    let record = CatalogueRecord::read(storage)?;
    let found = inventory.catalogue_state().await?;
    if let Some(record) = &record {
        record.check(storage, &found, new_catalogue)?;
    }
    // One that was begun empty stays so.
    if found.is_empty && !new_catalogue.empty && record.is_none() {
        inventory.load_shipped_catalogue().await?;
    }
    CatalogueRecord::update(storage, inventory).await;
    Ok(())
}
