//! The client of a connection.

use std::net::SocketAddr;

use crate::tls::ClientCertificate;

/// What is known of the client of a connection before it sends requests.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// Its address, or that of a proxy.
    pub address: SocketAddr,
    /// Who it is by its certificate.
    pub certificate: ClientCertificate,
}
