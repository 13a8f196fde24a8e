//! Runs the payment simulator: inside of the process that needs it, or in its own.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use anyhow::Context;
use payment_simulator::{Options, SCHEMA, Simulator, WebhookTarget};
use store::{Db, Location};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// A free port that only this machine can reach.
pub const ANY_LOOPBACK_PORT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// A simulator that serves.
pub struct RunningSimulator {
    /// The address that it listens on.
    pub address: SocketAddr,
    /// It stops when the handle is dropped.
    pub server: AbortOnDropHandle<()>,
}

/// Opens the database of the simulator and serves it over HTTP. `webhooks` is where it sends
/// webhooks, if anywhere.
pub async fn start(
    location: &Location,
    address: SocketAddr,
    port: rpc::Options,
    webhooks: Option<WebhookTarget>,
) -> anyhow::Result<RunningSimulator> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("the payment simulator cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    let options = Options {
        webhooks,
        ..Options::default()
    };
    let simulator = Simulator::new(Db::open(location, &SCHEMA).await?, options);
    let server = async move {
        let _background = simulator.run_in_background();
        let routes = simulator.routes();
        let never = std::future::pending();
        let served = rpc::serve_http(listener, "payment simulator", routes, &port, never);
        if let Err(error) = served.await {
            tracing::error!(%error, "the payment simulator stopped");
        }
    };
    Ok(RunningSimulator {
        address,
        server: AbortOnDropHandle::new(tokio::spawn(server)),
    })
}
