//! Files with a secret: the operator token, the secret of the services, credentials of NATS.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
};

use anyhow::{Context, bail};

/// The fewest bytes of a secret.
pub const SHORTEST: usize = 32;

/// No more than this is read, in bytes: a secret of one's own may be longer than ours.
const LONGEST_FILE: u64 = 4096;

/// What to tell people about a file that is no secret.
pub struct Advice {
    /// Whom others can pretend to be if they can read the file.
    pub identity: &'static str,
    /// How to replace a secret that others can read.
    pub if_readable: &'static str,
    /// How to replace a text that is no secret.
    pub if_invalid: &'static str,
}

/// Reads a secret; `None` if the file does not exist.
///
/// # Errors
/// If others can read or change the file, or if it contains no single word of printable
/// ASCII with at least [`SHORTEST`] characters.
pub fn read(path: &Path, advice: &Advice) -> anyhow::Result<Option<String>> {
    let Some(text) = read_private(path, advice.identity, advice.if_readable)? else {
        return Ok(None);
    };
    let secret = text.trim();
    if secret.len() < SHORTEST || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!(
            "{} contains no valid token; {}",
            path.display(),
            advice.if_invalid
        );
    }
    Ok(Some(secret.to_owned()))
}

/// Reads a text that only the owner of the file may know; `None` if the file does not exist. The
/// other arguments are those of [`Advice`].
///
/// # Errors
/// If others can read or change the file, or it cannot be read.
pub fn read_private(
    path: &Path,
    identity: &str,
    if_readable: &str,
) -> anyhow::Result<Option<String>> {
    let opened = File::open(path).and_then(|file| Ok((rpc::is_private(&file.metadata()?), file)));
    let (private, file) = match opened {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", path.display()));
        }
    };
    if !private {
        let path = path.display();
        bail!(
            "{path} can be read or changed by other users, who then are {identity} too: \
             {if_readable}, or if nobody has read it, chmod 600 {path}"
        );
    }
    let text = io::read_to_string(file.take(LONGEST_FILE))
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Some(text))
}
