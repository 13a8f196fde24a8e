//! Reads the client certificates that prove credentials, and finds the methods that need them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use super::{config_location::WithConfigLocation, credentials::applies_to_no_method};
use crate::{
    config::{Config, Credential, path_glob},
    contract::{Access, Contract},
    probe::CertificateCredential,
};

/// A client certificate, and the files that it comes from.
pub(super) struct ResolvedCertificate {
    pub(super) credential: CertificateCredential,
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

/// Reads the certificate of a credential; `files` are those of the certificate and its key.
pub(super) fn resolve(
    (name, credential): (&str, &Credential),
    (cert, key): (&Path, &Path),
    config: &Config,
    contract: &Contract,
) -> anyhow::Result<ResolvedCertificate> {
    let table = format!("credentials.{name}");
    let read = |path: &Path, of: &str| {
        let content = fs::read(path).with_context(|| format!("can't read {}", path.display()));
        content.with_config_location(config, &format!("{table}.{of}"))
    };
    let (cert, key) = (config.resolve(cert), config.resolve(key));
    let methods = methods(name, credential, contract).with_config_location(config, &table)?;
    Ok(ResolvedCertificate {
        credential: CertificateCredential {
            name: name.to_owned(),
            identity: (read(&cert, "cert")?, read(&key, "key")?),
            methods,
        },
        cert,
        key,
    })
}

/// A glob of the methods that accept the credential, and of those that the configuration names.
fn methods(name: &str, credential: &Credential, contract: &Contract) -> anyhow::Result<String> {
    let accepting = contract.methods().filter(|method| {
        let mut names = method.access.iter().flat_map(Access::credential_names);
        names.any(|accepted| accepted == name)
    });
    let paths = accepting.map(|method| method.path.trim_start_matches('/').to_owned());
    let named = credential.methods.iter().map(|glob| path_glob(glob));
    let methods: Vec<String> = paths.chain(named).collect();
    match methods.as_slice() {
        [] => bail!(applies_to_no_method(name, contract)),
        [only] => Ok(only.clone()),
        several => Ok(format!("{{{}}}", several.join(","))),
    }
}
