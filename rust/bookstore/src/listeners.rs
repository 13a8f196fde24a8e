//! The listening sockets of a process. They are bound before anything else is done.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::net::TcpListener;

use crate::settings::Listen;

/// The bound sockets.
#[derive(Debug)]
pub struct Listeners {
    /// gRPC, gRPC-Web, health and reflection.
    pub grpc: TcpListener,
    /// Prometheus metrics.
    pub metrics: TcpListener,
    /// The shop; `None` if this process does not serve it.
    pub shop: Option<TcpListener>,
    /// Health alone; `None` if it has no address of its own.
    pub health: Option<TcpListener>,
}

impl Listeners {
    /// Binds all sockets. An error names the flag that chooses another address.
    pub async fn bind(listen: &Listen, with_shop: bool) -> anyhow::Result<Self> {
        Ok(Self {
            grpc: bind_flag(listen.grpc_addr, "--grpc-addr").await?,
            metrics: bind_flag(listen.metrics_addr, "--metrics-addr").await?,
            shop: if with_shop {
                Some(bind_flag(listen.shop_addr, "--shop-addr").await?)
            } else {
                None
            },
            health: match listen.health_addr {
                Some(address) => Some(bind_flag(address, "--health-addr").await?),
                None => None,
            },
        })
    }
}

/// Binds the address that a flag chooses.
pub async fn bind_flag(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    match rpc::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(rpc::BindError::AddressInUse(_)) => bail!(
            "port {} on {} is in use: stop the other process or choose another port with {flag}",
            address.port(),
            address.ip()
        ),
        Err(refused) => Err(refused).with_context(|| format!("{flag} can't be used")),
    }
}
