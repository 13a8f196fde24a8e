//! The secret by which the services of a deployment prove to each other who they are, where
//! they have no certificates.

use std::{collections::HashMap, path::PathBuf};

use anyhow::Context;
use clap::Args;

use crate::{
    secret_file::{self, Advice},
    services::Service,
};

const ADVICE: Advice = Advice {
    identity: "every service",
    if_readable: "write a new secret to it, for all processes",
    if_invalid: "write at least 32 random letters and digits, for example by openssl rand -hex 32",
};

/// Where the secret is.
#[derive(Debug, Clone, Default, Args)]
pub struct ServiceSecret {
    /// A file with the secret by which services of different processes recognize each other,
    /// where they have no certificates; the same for all processes, and readable by its owner
    /// only
    #[arg(long, value_name = "FILE", env = "BINDERY_SERVICE_SECRET_FILE")]
    pub service_secret_file: Option<PathBuf>,
}

impl ServiceSecret {
    /// The secret, if a file is given.
    ///
    /// # Errors
    /// If the file is missing, others can read it, or it contains no secret.
    pub fn read(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = &self.service_secret_file else {
            return Ok(None);
        };
        let secret = secret_file::read(path, &ADVICE)?;
        let secret = secret.with_context(|| {
            let path = path.display();
            format!("there is no secret at {path} (--service-secret-file)")
        });
        secret.map(Some)
    }
}

/// The secret of each service: of those that this version can run, and of those that the
/// contract names. All have the same one.
pub fn by_service(secret: &str) -> HashMap<String, String> {
    let named = contract::METHODS.iter().flat_map(|method| method.access);
    let named = named.flat_map(|access| access.services.iter().map(|&name| name.to_owned()));
    let runnable = Service::all().iter().map(|service| service.name());
    named
        .chain(runnable)
        .map(|name| (name, secret.to_owned()))
        .collect()
}
