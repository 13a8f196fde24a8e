//! The client of a connection.

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::Notify;

use crate::tls::ClientCertificate;

/// What is known of the client of a connection before it sends requests.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// Its address, or that of a proxy.
    pub address: SocketAddr,
    /// Who it is by its certificate.
    pub certificate: ClientCertificate,
    /// Closes the connection; `None` unless faults may be injected.
    pub hang_up: Option<HangUp>,
}

/// Closes a connection at once, with all calls on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct HangUp(Arc<Notify>);

impl HangUp {
    pub(crate) fn hang_up(&self) {
        self.0.notify_one();
    }

    /// Completes when the connection must be closed.
    pub(super) async fn requested(&self) {
        self.0.notified().await;
    }
}
