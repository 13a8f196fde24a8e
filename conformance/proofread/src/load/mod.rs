//! Where a contract comes from: an image, a folder of protos, or a server that
//! describes itself.

mod buf;
mod error;
mod folder;
pub(crate) mod reflection;
#[cfg(test)]
mod tests;

use std::{path::Path, time::Duration};

pub use error::LoadError;

use crate::{contract::Contract, probe::Probe};

/// Reads an image, or builds a folder: with buf where it is installed, and without
/// it in this process.
///
/// # Errors
/// When there is no contract there, or it does not compile; one line says where.
pub fn open(path: &Path) -> Result<Contract, LoadError> {
    if path.is_dir() {
        let image = folder::build(path)?;
        return Ok(Contract::decode(&image)?);
    }
    Ok(Contract::open(path)?)
}

/// Asks a server for its contract by `grpc.reflection.v1`, or `v1alpha` where it
/// does not know that.
///
/// # Errors
/// When the server does not describe itself, or not completely.
pub async fn reflect(probe: &Probe, timeout: Duration) -> Result<Contract, LoadError> {
    let image = reflection::image(probe, timeout).await?;
    Ok(Contract::decode(&image)?)
}
