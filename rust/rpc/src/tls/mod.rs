//! TLS and mutual TLS (rustls): the certificate of the ports, the certificates of clients,
//! and those with which channels identify themselves.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `files` | reads certificates and keys in PEM, and again when they change |
//! | `server` | the certificate of the ports, and handshakes |
//! | `client_certificate` | who a client is by its certificate |
//! | `client` | what channels trust, and their certificate |
//! | `connector` | connections of channels |
//! | `https` | connections of clients of HTTP APIs |
//!
//! TLS 1.2 and 1.3 are spoken. There are no revocation lists: certificates are meant to be
//! short-lived, and an authority is revoked by removing it from the file.

mod client;
mod client_certificate;
mod connector;
mod files;
mod https;
mod server;

pub use self::{
    client::{ClientTls, ClientTlsFiles},
    client_certificate::accept_every_certificate,
    files::TlsError,
    https::{HttpsConnector, is_http},
    server::{ClientCertificates, ServerTls, ServerTlsFiles},
};
pub(crate) use self::{
    client_certificate::{CertificateRefusal, ClientCertificate},
    connector::Connector,
};

use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

/// The protocols that a port offers by ALPN, the preferred one first.
const SERVER_PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// gRPC needs HTTP/2.
const CLIENT_PROTOCOL: &[u8] = b"h2";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
