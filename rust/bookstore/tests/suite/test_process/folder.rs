//! The temporary folder of one test: the working directory of its processes.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

/// Removed on drop. Processes get relative paths, so that their output does not depend on
/// the location of the folder.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("bindery-").tempdir();
        Self(folder.expect("the temporary folder is writable"))
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// An absolute path inside the folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// An unused path that starts with `stem`.
    pub fn unused_path(&self, stem: &str) -> PathBuf {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        self.path(&format!("{stem}.{}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Writes a file with this mode.
    pub fn write_secret(&self, relative: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.write(relative, content);
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(&path, permissions).expect("it is our file");
        path
    }

    /// Writes a file and creates its parent folders.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        let parent = path.parent().expect("it is below the folder");
        fs::create_dir_all(parent).expect("the folder is writable");
        fs::write(&path, content).expect("the folder is writable");
        path
    }
}
