//! Inventory on the data folder or on a PostgreSQL database, within a command.

use anyhow::bail;
use contract::bookstore::inventory::v1::inventory_service_client::InventoryServiceClient;
use inventory::Inventory;
use rpc::{Channel, Router};
use store::Location;
use tempfile::TempDir;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    services,
    settings::{NewCatalogue, Storage},
};

/// The service, which the command calls as the operator.
pub struct LocalInventory {
    inventory: Inventory,
    router: Router,
    /// The search index is written while a file is imported.
    background_tasks: AbortOnDropHandle<()>,
    /// Is removed when the command ends.
    _temporary: Option<TempDir>,
}

impl LocalInventory {
    /// Opens the database, and creates it if there is none.
    ///
    /// # Errors
    /// If another process uses the data folder; the message says to use `--server`.
    pub async fn open(storage: &Storage, new_catalogue: NewCatalogue) -> anyhow::Result<Self> {
        let opened = services::open_inventory(storage, Some(new_catalogue)).await;
        Ok(Self::new(opened.map_err(suggest_server)?, None))
    }

    /// As [`LocalInventory::open`], but changes nothing: in place of a data folder without a
    /// database, it opens a temporary one with what the first start would load.
    ///
    /// # Errors
    /// As [`LocalInventory::open`].
    pub async fn open_for_reading(
        storage: &Storage,
        new_catalogue: NewCatalogue,
    ) -> anyhow::Result<Self> {
        if has_database(storage)? {
            return Self::open_existing(storage).await;
        }
        let temporary = TempDir::with_prefix("bindery-")?;
        let storage = Storage {
            data: temporary.path().to_owned(),
            database_url: None,
            read_replica_urls: Vec::new(),
        };
        let inventory = services::open_inventory(&storage, Some(new_catalogue)).await?;
        Ok(Self::new(inventory, Some(temporary)))
    }

    /// As [`LocalInventory::open`], but the database must exist, and a catalogue without books is
    /// left as it is.
    ///
    /// # Errors
    /// If it does not.
    pub async fn open_existing(storage: &Storage) -> anyhow::Result<Self> {
        if !has_database(storage)? {
            bail!(
                "there is no catalogue in {}; choose another folder by --data, or a running \
                 server by --server",
                storage.data.display()
            );
        }
        let opened = services::open_inventory(storage, None).await;
        Ok(Self::new(opened.map_err(suggest_server)?, None))
    }

    fn new(inventory: Inventory, temporary: Option<TempDir>) -> Self {
        Self {
            background_tasks: inventory.run_in_background(),
            router: Router::new(rpc::Options::default()).add(inventory.server()),
            inventory,
            _temporary: temporary,
        }
    }

    /// A client that calls as the operator.
    pub fn client(&self) -> InventoryServiceClient<Channel> {
        let channel = self.router.in_process();
        InventoryServiceClient::new(channel.with_caller(rpc::Caller::Operator))
    }

    /// The service itself, for what the contract does not offer.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Closes the database.
    pub async fn close(self) {
        drop(self.background_tasks);
        self.inventory.db().close().await;
    }
}

/// Whether the data folder has a catalogue. With PostgreSQL the answer is always yes.
fn has_database(storage: &Storage) -> anyhow::Result<bool> {
    Ok(match storage.location()? {
        Location::Folder(folder) => folder.join("inventory.db").exists(),
        Location::Postgres(_) => true,
    })
}

/// Adds what to do if a running process uses the data folder.
fn suggest_server(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(store::OpenError::InUse { .. }) => {
            error.context("use --server to work with the running process")
        }
        _ => error,
    }
}
