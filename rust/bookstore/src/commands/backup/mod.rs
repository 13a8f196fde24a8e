//! `bookstore backup` and `bookstore restore`: copies of the data folder.

mod manifest;
mod restore;

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::HumanBytes;
use service::{Clock, SystemClock};
use store::{Location, backup::Snapshot};

use self::manifest::Manifest;
use super::print_line;
use crate::settings::Storage;

pub use self::restore::Restore;

/// Copy the data folder while the bookstore runs
///
/// All databases are copied as they are at one instant, so that orders, payments and stock agree; the bookstore waits for that only a moment. The operator token and the mails of the folder are copied too; the search index is not, because a start makes it again. Put the copy back by bookstore restore.
///
/// Databases in PostgreSQL are copied by pg_dump.
#[derive(Debug, Args)]
pub struct Backup {
    /// A new folder for the copy
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,

    #[command(flatten)]
    storage: Storage,
}

impl Backup {
    /// Makes the copy. A folder with the final name is always complete.
    pub async fn run(self) -> anyhow::Result<()> {
        if let location @ Location::Postgres(_) = self.storage.location()? {
            bail!(
                "the databases are in PostgreSQL: copy them by pg_dump --format=custom \
                 --file=bookstore.dump '{location}', and put them back by pg_restore; the data \
                 folder has the operator token"
            );
        }
        // Copying blocks.
        tokio::task::spawn_blocking(move || self.copy()).await?
    }

    fn copy(&self) -> anyhow::Result<()> {
        let data = &self.storage.data;
        let files =
            DataFiles::find(data).with_context(|| format!("{} cannot be read", data.display()))?;
        if files.databases.is_empty() {
            bail!(
                "there are no databases in {}; choose another folder by --data",
                data.display()
            );
        }
        refuse_existing(&self.folder)?;
        let partial = partial_folder(&self.folder)?;
        let copied = self.copy_to(&partial, &files);
        if copied.is_err() {
            // It is of no use. If that fails, the name tells what it is.
            let _ = fs::remove_dir_all(&partial);
        }
        let bytes = copied?;
        fs::rename(&partial, &self.folder)
            .with_context(|| format!("{} cannot be made", self.folder.display()))?;
        print_line(format_args!(
            "{}: {} databases and {} other files, {}",
            self.folder.display(),
            files.databases.len(),
            files.others.len(),
            HumanBytes(bytes)
        ));
        Ok(())
    }

    fn copy_to(&self, partial: &Path, files: &DataFiles) -> anyhow::Result<u64> {
        let data = &self.storage.data;
        let relative = |file: &Path| file.strip_prefix(data).unwrap_or(file).to_owned();
        for file in files.databases.iter().chain(&files.others) {
            make_parent(&partial.join(relative(file)))?;
        }
        let snapshot = Snapshot::take(&files.databases)?;
        snapshot.copy(|file| partial.join(relative(file)))?;
        for file in &files.others {
            let copy = partial.join(relative(file));
            // The permissions are copied too.
            fs::copy(file, &copy)
                .with_context(|| format!("{} cannot be copied", file.display()))?;
        }
        let all = files.databases.iter().chain(&files.others);
        let manifest = Manifest::of(
            partial,
            all.map(|file| relative(file)),
            SystemClock.now().to_string(),
        )?;
        manifest.write(partial)?;
        Ok(manifest.bytes())
    }
}

/// What a data folder has that a backup needs.
#[derive(Debug, Default)]
struct DataFiles {
    databases: Vec<PathBuf>,
    others: Vec<PathBuf>,
}

impl DataFiles {
    /// Finds the files of a folder and of the folders in it.
    fn find(folder: &Path) -> std::io::Result<Self> {
        let mut files = Self::default();
        files.add(folder)?;
        // Always the same order, so that two backups at once do not wait for each other.
        files.databases.sort();
        files.others.sort();
        Ok(files)
    }

    fn add(&mut self, folder: &Path) -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let kind = entry.file_type()?;
            if kind.is_dir() {
                // The index is made again from the catalogue.
                if entry.file_name() != "search" {
                    self.add(&path)?;
                }
            } else if kind.is_file() {
                self.add_file(path);
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: PathBuf) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let extension = path.extension().and_then(OsStr::to_str);
        match extension {
            Some("db") => self.databases.push(path),
            // Locks and the logs of databases belong to the running process.
            Some("lock" | "db-wal" | "db-shm" | "partial") => {}
            Some(temporary) if temporary.starts_with("tmp-") => {}
            _ if name.starts_with(".writable.") || name.starts_with(".tmp") => {}
            _ => self.others.push(path),
        }
    }
}

fn refuse_existing(folder: &Path) -> anyhow::Result<()> {
    match fs::read_dir(folder).map(|entries| entries.count()) {
        Ok(0) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Ok(_) => bail!(
            "{} is not empty; choose a new folder, or move it away",
            folder.display()
        ),
        Err(error) => Err(error).with_context(|| format!("{} cannot be used", folder.display())),
    }
}

/// A new folder beside the final one, so that it can be renamed.
fn partial_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut partial = folder.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    make_parent(&partial)?;
    let made = DirBuilder::new().mode(0o700).create(&partial);
    made.with_context(|| {
        let partial = partial.display();
        format!("{partial} cannot be made; remove it if it is of an earlier attempt")
    })?;
    Ok(partial)
}

fn make_parent(file: &Path) -> anyhow::Result<()> {
    let Some(parent) = file.parent().filter(|parent| parent.as_os_str() != "") else {
        return Ok(());
    };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(parent);
    made.with_context(|| format!("{} cannot be made", parent.display()))
}
