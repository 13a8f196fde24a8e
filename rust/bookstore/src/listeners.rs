//! The sockets of a process, bound before anything else is done.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::net::TcpListener;

use crate::settings::Listen;

/// Where a process listens.
#[derive(Debug)]
pub struct Listeners {
    /// gRPC, gRPC-Web, health and reflection.
    pub grpc: TcpListener,
    /// Metrics.
    pub metrics: TcpListener,
    /// The shop, where this process serves it.
    pub shop: Option<TcpListener>,
}

impl Listeners {
    /// Binds all of them, or says by which flag to choose another address.
    pub async fn bind(listen: &Listen, with_shop: bool) -> anyhow::Result<Self> {
        Ok(Self {
            grpc: bind_flag(listen.grpc_addr, "--grpc-addr").await?,
            metrics: bind_flag(listen.metrics_addr, "--metrics-addr").await?,
            shop: match with_shop {
                true => Some(bind_flag(listen.shop_addr, "--shop-addr").await?),
                false => None,
            },
        })
    }
}

async fn bind_flag(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    match rpc::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(rpc::BindError::AddressInUse(_)) => bail!(
            "port {} on {} is taken: stop the other process or choose another with {flag}",
            address.port(),
            address.ip()
        ),
        Err(refused) => Err(refused).with_context(|| format!("{flag} can't be used")),
    }
}
