//! The temporary folder of one test: the working folder of its processes.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

/// Removed when it is dropped. Processes are given relative paths, so that what they
/// say does not depend on where it is.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("bindery-").tempdir();
        Self(folder.expect("the temporary folder is writable"))
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// Something in the folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// A path that nothing has yet.
    pub fn fresh(&self, stem: &str) -> PathBuf {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        self.path(&format!("{stem}.{}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        let above = path.parent().expect("it is below the folder");
        fs::create_dir_all(above).expect("the folder is writable");
        fs::write(&path, content).expect("the folder is writable");
        path
    }
}
