//! `bookstore restore`: makes a data folder of a backup.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use store::Location;

use super::{make_parent, manifest::Manifest, partial_folder, refuse_existing};
use crate::{commands::print_line, settings::Storage};

/// Make a data folder of a backup
///
/// All files are checked first. The data folder must not exist or be empty: to go back to a backup, stop the bookstore, move its data folder away, and restore.
#[derive(Debug, Args)]
pub struct Restore {
    /// The folder that bookstore backup has made
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,

    #[command(flatten)]
    storage: Storage,
}

impl Restore {
    /// Checks the backup and copies it. The data folder is complete or not there.
    pub async fn run(self) -> anyhow::Result<()> {
        if let location @ Location::Postgres(_) = self.storage.location()? {
            bail!(
                "the databases are in PostgreSQL: put a copy back by pg_restore \
                 --dbname='{location}' bookstore.dump"
            );
        }
        // Copying blocks.
        tokio::task::spawn_blocking(move || self.restore()).await?
    }

    fn restore(&self) -> anyhow::Result<()> {
        let data = &self.storage.data;
        let manifest = Manifest::read(&self.folder)?;
        refuse_existing(data)?;
        for entry in &manifest.files {
            Manifest::verify(&self.folder, entry)?;
            if entry.is_database() {
                store::backup::check(&self.folder.join(&entry.path))?;
            }
        }
        let partial = partial_folder(data)?;
        let copied = self.copy(&manifest, &partial);
        if copied.is_err() {
            // It is of no use. If that fails, the name tells what it is.
            let _ = fs::remove_dir_all(&partial);
        }
        copied?;
        fs::rename(&partial, data).with_context(|| format!("{} cannot be made", data.display()))?;
        print_line(format_args!(
            "{}: {} files of {}",
            data.display(),
            manifest.files.len(),
            manifest.created
        ));
        Ok(())
    }

    fn copy(&self, manifest: &Manifest, partial: &Path) -> anyhow::Result<()> {
        for entry in &manifest.files {
            let copy = partial.join(&entry.path);
            make_parent(&copy)?;
            let copied = fs::copy(self.folder.join(&entry.path), &copy)
                .and_then(|_| File::open(&copy)?.sync_all());
            copied.with_context(|| format!("{} cannot be written", copy.display()))?;
        }
        Ok(())
    }
}
