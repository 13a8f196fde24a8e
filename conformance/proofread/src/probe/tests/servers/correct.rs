//! A correct server, and a plain tonic server with a fault in its answers.

use std::{net::SocketAddr, time::Duration};

use contract::bookstore::inventory::v1::inventory_service_server::InventoryServiceServer;
use rpc::{Options, Router};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::books::{Books, Fault};

/// The operator's token of the book server.
pub(crate) const TOKEN: &str = "the-operators-token";

/// A server without faults that can be stopped and started again.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
}

pub(crate) async fn book_server() -> Server {
    let mut server = Server {
        address: ([127, 0, 0, 1], 0).into(),
        stop: None,
        served: None,
    };
    server.start().await;
    server
}

impl Server {
    pub(crate) fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn start(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("a free port");
        self.address = listener.local_addr().expect("bound");
        let router = Router::new(Options {
            operator_token: Some(TOKEN.to_owned()),
            drain_timeout: Duration::from_millis(10),
            ..Options::default()
        });
        let router = router.add(InventoryServiceServer::new(Books::new(Fault::None)));
        let (stop, stopped) = oneshot::channel::<()>();
        self.stop = Some(stop);
        self.served = Some(tokio::spawn(async move {
            let served = router.serve(listener, async {
                let _ = stopped.await;
            });
            served.await.expect("the socket works");
        }));
    }

    pub(crate) async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(served) = self.served.take() {
            served.await.expect("the server ends");
        }
    }
}

/// Starts the same service on tonic's own server, without any layer, with one fault.
/// Returns its address.
pub(crate) async fn plain_tonic_server(fault: Fault) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let connections = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let (reporter, health) = tonic_health::server::health_reporter();
    let status = match fault {
        Fault::WrongHealth => tonic_health::ServingStatus::NotServing,
        _ => tonic_health::ServingStatus::Serving,
    };
    reporter.set_service_status("", status).await;
    let router = tonic::transport::Server::builder()
        .add_service(InventoryServiceServer::new(Books::new(fault)))
        .add_service(health);
    tokio::spawn(async move {
        let served = router.serve_with_incoming(connections).await;
        served.expect("the socket works");
        drop(reporter);
    });
    format!("http://{address}")
}
