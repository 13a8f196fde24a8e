//! Assembles the services of one process: each one adds what it serves, and gets channels to
//! the services that it calls.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use rpc::{Channel, GeneratedServer, LateChannel, Router};
use telemetry::Metrics;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    services::Service,
    settings::{Payments, Peers, Storage},
};

/// The services of a process while they are started.
pub struct Assembly {
    storage: Storage,
    payments: Payments,
    metrics: Metrics,
    router: Option<Router>,
    pages: Option<axum::Router>,
    background: Vec<Box<dyn FnOnce() -> AbortOnDropHandle<()> + Send>>,
    operator_token: Option<String>,
    channels: BTreeMap<Service, Channel>,
}

/// The services of a process, started.
pub struct Assembled {
    /// The gRPC services.
    pub router: Router,
    /// The web shop, if this process runs it.
    pub pages: Option<axum::Router>,
    /// Background tasks. They are aborted when the handles are dropped.
    pub background: Vec<AbortOnDropHandle<()>>,
}

impl Assembly {
    /// Starts the services. Their order does not matter, and they may call each other in a
    /// cycle: calls to services of this process wait until all services are started.
    ///
    /// # Errors
    /// If a service cannot start, or calls one that is neither in this process nor a peer.
    pub async fn start(
        services: &BTreeSet<Service>,
        peers: &Peers,
        storage: &Storage,
        payments: &Payments,
        metrics: &Metrics,
        options: &rpc::Options,
    ) -> anyhow::Result<Assembled> {
        let (in_process, setter) = LateChannel::new();
        let mut assembly = Self {
            storage: storage.clone(),
            payments: payments.clone(),
            metrics: metrics.clone(),
            router: Some(Router::new(options.clone())),
            operator_token: options.operator_token.clone(),
            pages: None,
            background: Vec::new(),
            channels: channels(services, peers, &in_process)?,
        };
        for service in services {
            (service.definition().start)(&mut assembly).await?;
        }
        let router = assembly.take_router();
        setter.set(router.in_process());
        // Only now: background work may call any service of this process.
        let background = assembly.background.into_iter().map(|start| start());
        Ok(Assembled {
            router,
            background: background.collect(),
            pages: assembly.pages,
        })
    }

    /// Where the databases are.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The URL of the payment provider; `None` means the payment simulator of this process.
    pub fn payment_provider(&self) -> Option<&str> {
        self.payments.payment_provider.as_deref()
    }

    /// The metrics of the process.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// A channel to a service: in process if this process runs it, else over the network.
    /// Both go through the same layers, so callers see no difference.
    ///
    /// # Errors
    /// If the definition of the calling service does not list the called one.
    pub fn channel(&self, service: Service) -> anyhow::Result<Channel> {
        match self.channels.get(&service) {
            Some(channel) => Ok(channel.clone()),
            None => bail!(
                "no service of this process declares that it calls {}",
                service.name()
            ),
        }
    }

    /// Serves a generated gRPC server.
    pub fn add_server<S: GeneratedServer>(&mut self, server: S) {
        self.router = Some(self.take_router().add(server));
    }

    /// Serves a generated gRPC server, which is NOT_SERVING while its database does not answer.
    pub fn add_server_with_database<S: GeneratedServer>(&mut self, server: S, db: &store::Db) {
        let router = self.take_router().serving_while(S::NAME, db.availability());
        self.router = Some(router.add(server));
    }

    /// Serves pages on the address of the shop.
    pub fn serve_pages(&mut self, pages: axum::Router) {
        self.pages = Some(pages);
    }

    /// Starts a background task when all services can be called, and keeps it running until
    /// the process stops serving.
    pub fn run_in_background(
        &mut self,
        start: impl FnOnce() -> AbortOnDropHandle<()> + Send + 'static,
    ) {
        self.background.push(Box::new(start));
    }

    /// The token of the operator, if this process has one.
    pub fn operator_token(&self) -> Option<&str> {
        self.operator_token.as_deref()
    }

    fn take_router(&mut self) -> Router {
        self.router.take().expect("the router is put back at once")
    }
}

/// One channel to each service that a service of this process calls.
fn channels(
    services: &BTreeSet<Service>,
    peers: &Peers,
    in_process: &Channel,
) -> anyhow::Result<BTreeMap<Service, Channel>> {
    let mut channels = BTreeMap::new();
    for caller in services {
        for callee in caller.definition().calls {
            if channels.contains_key(callee) {
                continue;
            }
            let channel = if services.contains(callee) {
                in_process.clone()
            } else if let Some(channel) = peers.channel(*callee)? {
                channel
            } else {
                let (caller, callee) = (caller.name(), callee.name());
                bail!(
                    "{caller} calls {callee}: run it in this process too, or say where it is \
                     with --peer {callee}=http://HOST:PORT"
                );
            };
            channels.insert(*callee, channel);
        }
    }
    Ok(channels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(values: &[&str]) -> Peers {
        let values = values.iter().map(|value| value.parse().expect("a peer"));
        Peers {
            peers: values.collect(),
        }
    }

    fn channels_of(services: &[Service], values: &[&str]) -> anyhow::Result<Vec<Service>> {
        let (in_process, _setter) = LateChannel::new();
        let services = services.iter().copied().collect();
        channels(&services, &peers(values), &in_process)
            .map(|channels| channels.into_keys().collect())
    }

    #[test]
    fn every_service_finds_what_it_calls_in_one_process() {
        let channels = channels_of(Service::all(), &[]).expect("all are here");
        assert_eq!(channels, [Service::Inventory, Service::Recommendations]);
    }

    #[tokio::test]
    async fn service_of_another_process_needs_its_address() {
        let alone = [Service::Recommendations];
        let error = channels_of(&alone, &[]).expect_err("no inventory");
        let expected = "recommendations calls inventory: run it in this process too, or say where \
             it is with --peer inventory=http://HOST:PORT";
        assert_eq!(error.to_string(), expected);
        channels_of(&alone, &["inventory=http://127.0.0.1:1"]).expect("a peer");
    }
}
