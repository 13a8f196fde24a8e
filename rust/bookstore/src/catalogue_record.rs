//! What the catalogue was at the last start, in the data folder beside the operator token. By it
//! a start notices that the database was lost, replaced or set back, which must never be hidden by
//! loading the shipped books into it.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::PathBuf,
};

use anyhow::{Context, bail};
use inventory::{CatalogueState, Inventory};
use serde::{Deserialize, Serialize};

use crate::settings::{NewCatalogue, Storage};

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueRecord {
    /// The database, without its password. A record of another one says nothing.
    location: String,
    catalogue_id: String,
    revision: i64,
    has_books: bool,
}

/// The path of the file.
pub fn path(storage: &Storage) -> PathBuf {
    storage.data.join("catalogue.json")
}

impl CatalogueRecord {
    /// The record of the last start; `None` if there was none, or with another database.
    ///
    /// # Errors
    /// If there is a file that cannot be read.
    pub fn read(storage: &Storage) -> anyhow::Result<Option<Self>> {
        let path = path(storage);
        let unreadable = || format!("{} cannot be read; remove it", path.display());
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(unreadable),
        };
        let record: Self = serde_json::from_str(&text).with_context(unreadable)?;
        Ok((record.location == location(storage)?).then_some(record))
    }

    /// Records the catalogue as it is now. It is of use for warnings only, so that a failure is
    /// logged.
    pub async fn update(storage: &Storage, inventory: &Inventory) {
        if let Err(error) = Self::write(storage, inventory).await {
            tracing::warn!("the state of the catalogue is not recorded: {error:#}");
        }
    }

    async fn write(storage: &Storage, inventory: &Inventory) -> anyhow::Result<()> {
        let state = inventory.catalogue_state().await?;
        let record = Self {
            location: location(storage)?,
            catalogue_id: state.catalogue_id,
            revision: state.revision,
            has_books: !state.is_empty,
        };
        if Self::read(storage).ok().flatten().as_ref() == Some(&record) {
            return Ok(());
        }
        let path = path(storage);
        let not_written = || format!("{} cannot be written", path.display());
        // PostgreSQL needs no data folder.
        fs::create_dir_all(&storage.data).with_context(not_written)?;
        let written = tempfile::NamedTempFile::new_in(&storage.data).and_then(|mut file| {
            file.write_all(serde_json::to_string(&record)?.as_bytes())?;
            file.persist(&path)?;
            Ok(())
        });
        written.with_context(not_written)
    }

    /// Compares the catalogue with that of the last start.
    ///
    /// # Errors
    /// If the books are gone, and the operator has not said that the catalogue shall be empty.
    pub fn check(
        &self,
        storage: &Storage,
        found: &CatalogueState,
        new_catalogue: NewCatalogue,
    ) -> anyhow::Result<()> {
        if self.has_books && found.is_empty && !new_catalogue.empty {
            bail!(
                "the catalogue in {} is empty, but it had books at the last start: its database \
                 was lost or replaced; stop, and restore a backup by bookstore restore; or begin \
                 with --empty; or remove {} to begin with the shipped books",
                self.location,
                path(storage).display()
            );
        }
        if self.catalogue_id == found.catalogue_id && found.revision < self.revision {
            tracing::warn!(
                location = self.location,
                revision = found.revision,
                last_revision = self.revision,
                "the catalogue is older than at the last start: an old copy of its database was \
                 put back, and later changes are missing"
            );
        }
        Ok(())
    }
}

fn location(storage: &Storage) -> anyhow::Result<String> {
    Ok(match storage.location()? {
        // The folder may be moved, together with the record in it.
        store::Location::Folder(_) => "the data folder".to_owned(),
        postgres @ store::Location::Postgres(_) => postgres.to_string(),
    })
}
