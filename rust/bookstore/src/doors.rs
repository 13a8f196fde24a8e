//! The sockets of a process, bound before anything else is done.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::net::TcpListener;

use crate::settings::Listen;

/// Where a process listens.
#[derive(Debug)]
pub struct Doors {
    /// gRPC, gRPC-Web, health and reflection.
    pub grpc: TcpListener,
    /// Metrics.
    pub metrics: TcpListener,
    /// The shop, where this process serves it.
    pub shop: Option<TcpListener>,
}

impl Doors {
    /// Binds all of them, or says by which flag to choose another address.
    pub async fn open(listen: &Listen, with_shop: bool) -> anyhow::Result<Self> {
        Ok(Self {
            grpc: bind(listen.grpc_addr, "--grpc-addr").await?,
            metrics: bind(listen.metrics_addr, "--metrics-addr").await?,
            shop: match with_shop {
                true => Some(bind(listen.shop_addr, "--shop-addr").await?),
                false => None,
            },
        })
    }
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    match rpc::bind(address).await {
        Ok(door) => Ok(door),
        Err(rpc::BindError::AddressInUse(_)) => bail!(
            "port {} on {} is taken: stop the other process or choose another with {flag}",
            address.port(),
            address.ip()
        ),
        Err(refused) => Err(refused).with_context(|| format!("{flag} can't be used")),
    }
}
