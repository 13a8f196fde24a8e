//! The operator token: in a file that the operator names, or else created on the first start
//! and stored in the data folder.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;

use crate::secret_file::{self, Advice};

/// 256 bits of randomness, written as 64 hexadecimal digits.
const TOKEN_BYTES: usize = 32;

const ADVICE: Advice = Advice {
    identity: "the operator",
    if_readable: "remove the file for a new token",
    if_invalid: "remove the file and start again",
};

/// Where the token is.
#[derive(Debug, Clone, Default, Args)]
pub struct OperatorTokenFile {
    /// A file with the operator token, readable by its owner only; the same for all processes.
    /// Without it the token is in the data folder, and is created there
    #[arg(long, value_name = "FILE", env = "BINDERY_OPERATOR_TOKEN_FILE")]
    pub operator_token_file: Option<PathBuf>,
}

impl OperatorTokenFile {
    /// The path of the file, also if it does not exist yet.
    pub fn path(&self, data: &Path) -> PathBuf {
        let file = self.operator_token_file.clone();
        file.unwrap_or_else(|| path_in(data))
    }

    /// The token for a process that serves; `data` is its data folder, if it needs one. Folder
    /// and token are created if they are missing, unless a file is given.
    ///
    /// # Errors
    /// If there is no token in the given file, or others can read it.
    pub fn of_server(&self, data: Option<&Path>) -> anyhow::Result<Option<String>> {
        if let Some(data) = data {
            create_folder(data)?;
        }
        match (&self.operator_token_file, data) {
            (Some(file), _) => Ok(Some(read_existing(file)?)),
            (None, Some(data)) => Ok(Some(load_or_create(data)?)),
            (None, None) => Ok(from_variable()),
        }
    }

    /// The token for calls to another process: of the variable BINDERY_OPERATOR_TOKEN, or else of
    /// the file or the data folder.
    ///
    /// # Errors
    /// If there is none.
    pub fn of_caller(&self, data: &Path) -> anyhow::Result<String> {
        match from_variable() {
            Some(token) => Ok(token),
            None => read_existing(&self.path(data)).context("BINDERY_OPERATOR_TOKEN is not set"),
        }
    }
}

/// The path of the token file in a data folder.
fn path_in(data: &Path) -> PathBuf {
    data.join("operator.token")
}

/// Creates a data folder with mode 0700 if it is missing.
fn create_folder(data: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| {
            let data = data.display();
            format!("the data folder {data} cannot be created (choose another with --data)")
        })
}

/// Reads the token of a data folder, and creates it if it is missing. The file has mode 0600.
fn load_or_create(data: &Path) -> anyhow::Result<String> {
    let path = path_in(data);
    match read(&path)? {
        Some(token) => Ok(token),
        None => create(&path),
    }
}

/// Reads a token; a missing file is an error.
fn read_existing(path: &Path) -> anyhow::Result<String> {
    read(path)?.with_context(|| format!("there is no operator token at {}", path.display()))
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    secret_file::read(path, &ADVICE)
}

/// Writes a temporary file and hard-links it into place: no reader sees half a token, and
/// if two processes start at once, both use the token of the first.
fn create(path: &Path) -> anyhow::Result<String> {
    let bytes: [u8; TOKEN_BYTES] = rand::random();
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let temporary = path.with_extension(format!("tmp-{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(format!("{token}\n").as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| match fs::hard_link(&temporary, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
    // If the temporary file was not created, there is nothing to remove.
    let _ = fs::remove_file(&temporary);
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    read(path)?
        .with_context(|| format!("{} was removed while it was being created", path.display()))
}

/// The token of the variable BINDERY_OPERATOR_TOKEN, for a process without a data folder.
fn from_variable() -> Option<String> {
    let token = std::env::var("BINDERY_OPERATOR_TOKEN").ok()?;
    // An empty variable counts as unset: many environment files unset variables this way.
    Some(token.trim().to_owned()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn token_is_created_once_and_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = load_or_create(folder.path()).expect("a token is created");
        assert_eq!(
            load_or_create(folder.path()).expect("it is read again"),
            first
        );
        let metadata = fs::metadata(path_in(folder.path())).expect("the file is there");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        let files = fs::read_dir(folder.path()).expect("the folder is there");
        assert_eq!(files.count(), 1, "no temporary file is left behind");
    }

    #[test]
    fn damaged_token_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_token(folder.path(), "short", 0o600);
        let error = load_or_create(folder.path()).expect_err("no token in it");
        assert!(error.to_string().contains("remove the file"), "{error}");
    }

    #[test]
    fn token_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for mode in [0o660, 0o604, 0o620, 0o666] {
            write_token(folder.path(), &"a".repeat(64), mode);
            let error = read_existing(&path_in(folder.path())).expect_err("not secret");
            assert!(error.to_string().contains("chmod 600"), "{mode:o}: {error}");
        }
        write_token(folder.path(), &"a".repeat(64), 0o400);
        read_existing(&path_in(folder.path())).expect("only the owner reads it");
    }

    fn write_token(folder: &Path, token: &str, mode: u32) {
        let path = path_in(folder);
        let _ = fs::remove_file(&path);
        fs::write(&path, token).expect("the file is written");
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(&path, permissions).expect("it is our file");
    }
}
