//! The operator's token: made on the first start, kept in the data folder.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// 256 bits, as hexadecimal digits.
const TOKEN_BYTES: usize = 32;

/// Where the token of a data folder is.
pub fn path_in(data: &Path) -> PathBuf {
    data.join("operator.token")
}

/// Reads the token of a data folder, and makes one where there is none. Only the
/// owner of the file may read it.
pub fn load_or_create(data: &Path) -> anyhow::Result<String> {
    let path = path_in(data);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| {
            let data = data.display();
            format!("the data folder {data} can't be made (choose another with --data)")
        })?;
    match read(&path)? {
        Some(token) => Ok(token),
        None => create(&path),
    }
}

/// Reads the token of a data folder, where there must be one.
pub fn load(data: &Path) -> anyhow::Result<String> {
    let path = path_in(data);
    read(&path)?.with_context(|| format!("there is no operator's token at {}", path.display()))
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("{} can't be read", path.display()));
        }
    };
    let token = text.trim();
    if token.len() < TOKEN_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!(
            "{} holds no token; remove the file and start again",
            path.display()
        );
    }
    Ok(Some(token.to_owned()))
}

/// Written beside and linked into place, so that nobody reads half a token and
/// of two processes that start at once the first one wins.
fn create(path: &Path) -> anyhow::Result<String> {
    let bytes: [u8; TOKEN_BYTES] = rand::random();
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| {
            file.write_all(format!("{token}\n").as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
    // A draft that was not written is not there.
    let _ = fs::remove_file(&draft);
    written.with_context(|| format!("{} can't be written", path.display()))?;
    read(path)?.with_context(|| format!("{} has gone while it was made", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_token_is_made_once_and_is_the_owners_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = load_or_create(folder.path()).expect("a token is made");
        assert_eq!(
            load_or_create(folder.path()).expect("it is read again"),
            first
        );
        let metadata = fs::metadata(path_in(folder.path())).expect("the file is there");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        let files = fs::read_dir(folder.path()).expect("the folder is there");
        assert_eq!(files.count(), 1, "no draft is left behind");
    }

    #[test]
    fn a_damaged_token_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(path_in(folder.path()), "short").expect("the file is written");
        let error = load_or_create(folder.path()).expect_err("no token in it");
        assert!(error.to_string().contains("remove the file"), "{error}");
    }
}
