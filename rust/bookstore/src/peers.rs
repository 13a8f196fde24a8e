//! The services of other processes, by flag or by environment variable.

use std::str::FromStr;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::services::Service;

/// The addresses of services that run in other processes.
#[derive(Debug, Clone, Default, Args)]
pub struct Peers {
    /// The address of a service that runs in other processes, such as
    /// inventory=http://10.0.0.7:50051; once for each such service, or several times for
    /// several processes of it. Calls are spread over all of them, and over all addresses of
    /// a name
    #[arg(
        long = "peer",
        value_name = "NAME=URL",
        env = "BINDERY_PEERS",
        value_delimiter = ','
    )]
    pub peers: Vec<Peer>,
}

/// One service in another process.
#[derive(Debug, Clone)]
pub struct Peer {
    service: Service,
    url: String,
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, url) = text
            .split_once('=')
            .ok_or("write NAME=URL, for example inventory=http://10.0.0.7:50051")?;
        let service = Service::from_str(name, false).map_err(|_| {
            let names: Vec<_> = Service::all()
                .iter()
                .map(|service| service.name())
                .collect();
            format!(
                "there is no service {name:?}; the services are {}",
                names.join(", ")
            )
        })?;
        let url = url.to_owned();
        Ok(Self { service, url })
    }
}

impl Peers {
    /// The addresses.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.peers.iter().map(|peer| peer.url.as_str())
    }

    /// The addresses of a service.
    pub fn urls_of(&self, service: Service) -> Vec<&str> {
        let peers = self.peers.iter().filter(|peer| peer.service == service);
        peers.map(|peer| peer.url.as_str()).collect()
    }

    /// A channel to a service, if an address of it is given. It connects on the first call.
    pub fn channel(
        &self,
        service: Service,
        tls: Option<&rpc::ClientTls>,
    ) -> anyhow::Result<Option<rpc::Channel>> {
        let urls = self.urls_of(service);
        if urls.is_empty() {
            return Ok(None);
        }
        let channel = rpc::Channel::connect_to(&urls, tls)
            .with_context(|| format!("--peer {}=URL is not valid", service.name()))?;
        Ok(Some(channel))
    }
}
