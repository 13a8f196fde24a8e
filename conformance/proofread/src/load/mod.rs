//! Loads a contract from an image, a folder of protos, or a server by reflection.

mod buf;
mod error;
mod folder;
pub(crate) mod reflection;
#[cfg(test)]
mod tests;

use std::{path::Path, time::Duration};

pub(crate) use buf::module_roots;
pub use error::LoadError;

use crate::{contract::Contract, probe::Probe};

/// Reads an image, or compiles a folder of protos: with buf if it is installed, otherwise
/// with protox in this process.
///
/// # Errors
/// If there is no contract at the path, or the protos do not compile. The message is one
/// line with the location.
pub fn open(path: &Path) -> Result<Contract, LoadError> {
    if path.is_dir() {
        let image = folder::build(path)?;
        return Ok(Contract::decode(&image)?);
    }
    Ok(Contract::open(path)?)
}

/// Reads the contract of a server by `grpc.reflection.v1`, or by `v1alpha` if the server
/// does not implement `v1`.
///
/// # Errors
/// If the server has no reflection, or files are missing or invalid.
pub async fn reflect(probe: &Probe, timeout: Duration) -> Result<Contract, LoadError> {
    let image = reflection::image(probe, timeout).await?;
    Ok(Contract::decode(&image)?)
}
