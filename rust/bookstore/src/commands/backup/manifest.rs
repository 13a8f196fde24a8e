//! The list of the files of a backup, by which a restore knows that all of them are whole.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The name of the list in the folder of the backup.
const NAME: &str = "backup.json";

/// The version of the layout of a backup.
const FORMAT: u32 = 1;

/// The content of the list.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// The version of the program that made the backup.
    version: String,
    /// When it was made.
    pub created: String,
    /// All other files of the folder.
    pub files: Vec<Entry>,
}

/// A file of the backup.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The path within the folder.
    pub path: PathBuf,
    bytes: u64,
    sha256: String,
}

impl Entry {
    /// Whether the file is a SQLite database.
    pub fn is_database(&self) -> bool {
        self.path.extension().is_some_and(|it| it == "db")
    }
}

impl Manifest {
    /// Lists the files of a folder.
    pub fn of(
        folder: &Path,
        files: impl Iterator<Item = PathBuf>,
        created: String,
    ) -> anyhow::Result<Self> {
        let entries = files.map(|path| {
            let (bytes, sha256) = digest(&folder.join(&path))?;
            Ok(Entry {
                path,
                bytes,
                sha256,
            })
        });
        Ok(Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created,
            files: entries.collect::<anyhow::Result<_>>()?,
        })
    }

    /// Reads the list of a backup.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(NAME);
        let text = fs::read_to_string(&path).with_context(|| {
            let folder = folder.display();
            format!("{folder} is no backup: {} cannot be read", path.display())
        })?;
        let manifest: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged", path.display()))?;
        if manifest.format != FORMAT {
            bail!(
                "{} was made by version {} of this program in another format; restore it by that version",
                folder.display(),
                manifest.version
            );
        }
        let is_inside = |entry: &Entry| {
            let mut parts = entry.path.components();
            parts.all(|part| matches!(part, std::path::Component::Normal(_)))
        };
        if let Some(entry) = manifest.files.iter().find(|entry| !is_inside(entry)) {
            bail!(
                "{} is damaged: {} is outside of the folder",
                path.display(),
                entry.path.display()
            );
        }
        Ok(manifest)
    }

    /// Writes the list durably.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let path = folder.join(NAME);
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
            file.sync_all()
        });
        written.with_context(|| format!("{} cannot be written", path.display()))
    }

    /// The size of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|entry| entry.bytes).sum()
    }

    /// Compares a file with its entry.
    pub fn verify(folder: &Path, entry: &Entry) -> anyhow::Result<()> {
        let path = folder.join(&entry.path);
        let (bytes, sha256) = digest(&path)?;
        if (bytes, &sha256) != (entry.bytes, &entry.sha256) {
            bail!(
                "{} is not the file that was backed up; use another backup",
                path.display()
            );
        }
        Ok(())
    }
}

/// The size of a file and its SHA-256 in hexadecimal digits.
fn digest(path: &Path) -> anyhow::Result<(u64, String)> {
    let mut hash = HashWriter(Sha256::new());
    let read = File::open(path).and_then(|mut file| io::copy(&mut file, &mut hash));
    let bytes = read.with_context(|| format!("{} cannot be read", path.display()))?;
    let digits = hash.0.finalize();
    let digits = digits.iter().map(|byte| format!("{byte:02x}"));
    Ok((bytes, digits.collect()))
}

struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
