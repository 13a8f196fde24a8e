//! Serves the correct server, or one with a fault, on a loopback port.

mod listener;
#[cfg(test)]
mod tests;
mod tls;

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, task::JoinHandle};

pub use tls::{Certificates, ClientCertificates};

use crate::{faults::Fault, server::CorrectServer};

/// A listening server. It stops when this is dropped.
pub struct RunningServer {
    /// The address that it listens on.
    pub address: SocketAddr,
    tls: Option<Arc<tls::Tls>>,
    accept_task: JoinHandle<()>,
}

impl RunningServer {
    /// Starts the correct server, or the server with this fault, on a free loopback port.
    ///
    /// # Errors
    /// When it can't listen.
    pub async fn start(fault: Option<Arc<Fault>>) -> std::io::Result<Self> {
        Self::start_with(fault, None).await
    }

    /// Starts it with TLS, where client certificates prove the identities of services instead of
    /// metadata.
    ///
    /// # Errors
    /// When it can't listen, or can't make certificates.
    pub async fn start_tls(
        fault: Option<Arc<Fault>>,
        clients: ClientCertificates,
    ) -> std::io::Result<Self> {
        Self::start_with(fault, Some(tls::Tls::generate(clients)?)).await
    }

    async fn start_with(fault: Option<Arc<Fault>>, tls: Option<tls::Tls>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let tls = tls.map(Arc::new);
        let correct = CorrectServer::new();
        let accept_task = tokio::spawn(listener::accept(listener, correct, fault, tls.clone()));
        Ok(Self {
            address,
            tls,
            accept_task,
        })
    }

    /// The URI for clients: `http://127.0.0.1:PORT`, or with `https`.
    pub fn uri(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificates of the server and of its clients; `None` without TLS.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.tls.as_ref().map(|tls| &tls.certificates)
    }

    /// Waits for ever, while the server runs.
    pub async fn wait(mut self) {
        // The task never ends by itself.
        let _ = (&mut self.accept_task).await;
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.accept_task.abort();
    }
}
