//! Reads certificates and keys in PEM, and again when they change.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use tokio_rustls::rustls::{
    self, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::{private_file::is_private, reloaded::Reloaded};

/// No more than this is read of a file, in bytes: the bundle of a public list of authorities
/// has about 250 kB.
const LONGEST_FILE: u64 = 4 * 1024 * 1024;

/// Why certificates or keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is missing, or this process may not read it.
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// Other users can read or change the key.
    #[error(
        "the key {path} can be read or changed by other users, who then can pretend to be this \
         process: make a new key and certificate, or if nobody has read it, chmod 600 {path}",
        path = .0.display()
    )]
    KeyNotPrivate(PathBuf),
    /// The file contains nothing of the kind.
    #[error("{} contains no {what} in PEM format", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// The content is damaged, or of a kind that is not supported.
    #[error("{} is not valid: {cause}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The key is that of another certificate.
    #[error("the key {} does not belong to the certificate {}", key.display(), certificate.display())]
    KeyOfAnotherCertificate {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
}

/// A file, and what it contained when it was read.
pub(super) struct Content {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Makes a value of the files, now and whenever they change.
pub(super) fn reloaded<T: Send + Sync + 'static>(
    sources: Vec<Source>,
    make: impl Fn(&[Content]) -> Result<T, TlsError> + Send + Sync + 'static,
) -> Result<Reloaded<T>, TlsError> {
    let read = move || sources.iter().map(Source::read).collect();
    Reloaded::new("certificates", read, make)
}

/// A file to read.
#[derive(Clone)]
pub(super) struct Source {
    path: PathBuf,
    is_key: bool,
}

impl Source {
    /// A file with certificates, which everybody may read.
    pub fn certificates(path: PathBuf) -> Self {
        Self {
            path,
            is_key: false,
        }
    }

    /// A file with a private key, which only its owner may read.
    pub fn key(path: PathBuf) -> Self {
        Self { path, is_key: true }
    }

    pub fn read(&self) -> Result<Content, TlsError> {
        let path = self.path.clone();
        let opened = File::open(&path).and_then(|file| Ok((is_private(&file.metadata()?), file)));
        let read = opened.and_then(|(private, file)| {
            let mut bytes = Vec::new();
            file.take(LONGEST_FILE).read_to_end(&mut bytes)?;
            Ok((private, bytes))
        });
        match read {
            Ok((false, _)) if self.is_key => Err(TlsError::KeyNotPrivate(path)),
            Ok((_, bytes)) => Ok(Content { path, bytes }),
            Err(cause) => Err(TlsError::Unreadable { path, cause }),
        }
    }
}

impl Content {
    /// The certificates: a chain, or several authorities.
    pub fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.bytes).collect();
        let certificates = read.map_err(|cause| self.invalid(&cause))?;
        if certificates.is_empty() {
            return Err(self.missing("certificate"));
        }
        Ok(certificates)
    }

    /// The certificates as authorities to trust.
    pub fn authorities(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            roots
                .add(certificate)
                .map_err(|cause| self.invalid(&cause))?;
        }
        Ok(roots)
    }

    /// The private key: PKCS #8, PKCS #1 or SEC 1, without a password.
    pub fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        use rustls::pki_types::pem::Error::NoItemsFound;
        PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|cause| match cause {
            NoItemsFound => self.missing("private key"),
            cause => self.invalid(&cause),
        })
    }

    fn missing(&self, what: &'static str) -> TlsError {
        let path = self.path.clone();
        TlsError::Missing { path, what }
    }

    pub fn invalid(&self, cause: &dyn ToString) -> TlsError {
        TlsError::Invalid {
            path: self.path.clone(),
            cause: cause.to_string(),
        }
    }
}

/// The error of a certificate that rustls does not accept together with its key.
pub(super) fn unusable(cause: &rustls::Error, certificate: &Content, key: &Path) -> TlsError {
    match cause {
        rustls::Error::InconsistentKeys(_) => TlsError::KeyOfAnotherCertificate {
            certificate: certificate.path.clone(),
            key: key.to_owned(),
        },
        cause => certificate.invalid(cause),
    }
}
