//! Assembles the services of one process: each one adds what it serves, and gets channels to
//! the services that it calls.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use anyhow::{Context, bail};
use mail::Mailer;
use rpc::{Authenticator, Channel, ClientTls, GeneratedServer, LateChannel, Router, ServerTls};
use telemetry::Metrics;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    app::ProcessConfig,
    event_settings::EventSettings,
    payments::Payments,
    peers::Peers,
    remote_sessions::RemoteSessions,
    services::Service,
    settings::{NewCatalogue, Orders, Settings, Storage},
};

/// The services of a process while they are started.
pub struct Assembly {
    settings: Settings,
    mailer: Mailer,
    shop_url: String,
    metrics: Metrics,
    router: Option<Router>,
    pages: Option<axum::Router>,
    background: Vec<Box<dyn FnOnce() -> AbortOnDropHandle<()> + Send>>,
    databases: Vec<store::Db>,
    operator_token: Option<String>,
    faults: Option<rpc::Faults>,
    server_tls: Option<ServerTls>,
    /// One channel for each pair of a calling and a called service.
    channels: BTreeMap<(Service, Service), Channel>,
    starting: Option<Service>,
}

/// The services of a process, started.
pub struct Assembled {
    /// The gRPC services.
    pub router: Router,
    /// The web shop, if this process runs it.
    pub pages: Option<axum::Router>,
    /// Background tasks. They are aborted when the handles are dropped.
    pub background: Vec<AbortOnDropHandle<()>>,
    /// The databases, to close them at the end.
    pub databases: Vec<store::Db>,
}

impl Assembly {
    /// Starts the services. Their order does not matter, and they may call each other in a
    /// cycle: calls to services of this process wait until all services are started.
    ///
    /// # Errors
    /// If a service cannot start, or calls one that is neither in this process nor a peer.
    pub async fn start(
        config: &ProcessConfig,
        shop_url: String,
        metrics: &Metrics,
        options: &rpc::Options,
    ) -> anyhow::Result<Assembled> {
        let ProcessConfig {
            services,
            peers,
            settings,
        } = config;
        let (in_process, setter) = LateChannel::new();
        let tls = settings.client_tls.load_for(peers.urls())?;
        let others = Others {
            peers,
            tls: tls.as_ref(),
        };
        let mut assembly = Self {
            mailer: settings.mails.mailer(&settings.storage)?,
            settings: settings.clone(),
            shop_url,
            metrics: metrics.clone(),
            router: Some(Router::new(options.clone())),
            operator_token: options.operator_token.clone(),
            faults: options.faults.clone(),
            server_tls: options.tls.clone(),
            pages: None,
            background: Vec::new(),
            databases: Vec::new(),
            channels: channels(services, others, &options.service_secrets, &in_process)?,
            starting: None,
        };
        for service in services {
            assembly.starting = Some(*service);
            (service.definition().start)(&mut assembly).await?;
        }
        let mut router = assembly.take_router();
        if !services.contains(&Service::Accounts)
            && let Some(accounts) = others.channel(Service::Accounts)?
        {
            router = router.verifying_tokens_by(RemoteSessions::authenticator(accounts));
        }
        setter.set(router.in_process());
        // Only now: background work may call any service of this process.
        let background = assembly.background.into_iter().map(|start| start());
        Ok(Assembled {
            router,
            background: background.collect(),
            pages: assembly.pages,
            databases: assembly.databases,
        })
    }

    /// Where the databases are.
    pub fn storage(&self) -> &Storage {
        &self.settings.storage
    }

    /// With which books a new catalogue begins.
    pub fn new_catalogue(&self) -> NewCatalogue {
        self.settings.catalogue
    }

    /// What happens to orders that cannot be finished.
    pub fn orders(&self) -> Orders {
        self.settings.orders
    }

    /// Where events for other systems are published.
    pub fn events(&self) -> &EventSettings {
        &self.settings.events
    }

    /// The payment provider.
    pub fn payments(&self) -> &Payments {
        &self.settings.payments
    }

    /// What this process trusts, and its certificate as a client.
    pub fn client_tls(&self) -> &crate::tls::ClientTlsSettings {
        &self.settings.client_tls
    }

    /// What sends mails.
    pub fn mailer(&self) -> &Mailer {
        &self.mailer
    }

    /// What links in mails start with, without a slash at the end.
    pub fn shop_url(&self) -> &str {
        &self.shop_url
    }

    /// The URL of the page of a trace.
    pub fn trace_url(&self) -> anyhow::Result<Option<String>> {
        self.settings.otlp.page()
    }

    /// The metrics of the process.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// A channel from the service that is being started to another one: in process if this
    /// process runs it, else over the network. Both go through the same layers, so callers
    /// see no difference. The called service sees which service calls.
    ///
    /// # Errors
    /// If the definition of the calling service does not list the called one.
    pub fn channel(&self, service: Service) -> anyhow::Result<Channel> {
        let caller = self.starting.context("no service is being started")?;
        match self.channels.get(&(caller, service)) {
            Some(channel) => Ok(channel.clone()),
            None => bail!(
                "{} does not declare that it calls {}",
                caller.name(),
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
        self.databases.push(db.clone());
        let router = self.take_router().serving_while(S::NAME, db.availability());
        self.router = Some(router.add(server));
    }

    /// Verifies the session tokens of calls to this process.
    pub fn verify_tokens_by(&mut self, authenticator: Arc<dyn Authenticator>) {
        self.router = Some(self.take_router().verifying_tokens_by(authenticator));
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

    /// The faults of this process.
    pub fn faults(&self) -> Option<&rpc::Faults> {
        self.faults.as_ref()
    }

    /// The token of the operator, if this process has one.
    pub fn operator_token(&self) -> Option<&str> {
        self.operator_token.as_deref()
    }

    /// The certificate of the ports of this process, unless they are plain text.
    pub fn server_tls(&self) -> Option<&ServerTls> {
        self.server_tls.as_ref()
    }

    fn take_router(&mut self) -> Router {
        self.router.take().expect("the router is put back at once")
    }
}

/// The services of other processes.
#[derive(Clone, Copy)]
struct Others<'p> {
    peers: &'p Peers,
    tls: Option<&'p ClientTls>,
}

impl Others<'_> {
    fn channel(self, service: Service) -> anyhow::Result<Option<Channel>> {
        self.peers.channel(service, self.tls)
    }
}

/// One channel for each call that the services of this process declare.
fn channels(
    services: &BTreeSet<Service>,
    others: Others<'_>,
    secrets: &HashMap<String, String>,
    in_process: &Channel,
) -> anyhow::Result<BTreeMap<(Service, Service), Channel>> {
    let mut connected: BTreeMap<Service, Channel> = BTreeMap::new();
    let mut channels = BTreeMap::new();
    for caller in services {
        for callee in caller.definition().calls {
            let channel = if let Some(channel) = connected.get(callee) {
                channel.clone()
            } else if services.contains(callee) {
                in_process.clone()
            } else if let Some(channel) = others.channel(*callee)? {
                channel
            } else {
                let (caller, callee) = (caller.name(), callee.name());
                bail!(
                    "{caller} calls {callee}: run it in this process too, or say where it is \
                     with --peer {callee}=http://HOST:PORT"
                );
            };
            connected.insert(*callee, channel.clone());
            let name = caller.name();
            let secret = secrets.get(&name).map(String::as_str);
            let channel = channel.as_service(&name.as_str().into(), secret);
            channels.insert((*caller, *callee), channel);
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
        let others = Others {
            peers: &peers(values),
            tls: None,
        };
        channels(&services, others, &HashMap::new(), &in_process)
            .map(|channels| channels.into_keys().map(|(_, callee)| callee).collect())
    }

    #[test]
    fn every_service_finds_what_it_calls_in_one_process() {
        let channels = channels_of(Service::all(), &[]).expect("all are here");
        let inventory = Service::Inventory;
        let of_reviews = [inventory, Service::Cart];
        let of_the_shop = [
            inventory,
            Service::Recommendations,
            Service::Cart,
            Service::Transactions,
            Service::Accounts,
            Service::Reviews,
        ];
        let of_cart = [inventory, Service::Transactions, Service::Accounts];
        let of_recommendations = [inventory, Service::Cart, Service::Reviews];
        let of_accounts = [Service::Cart, Service::Transactions, Service::Reviews];
        let expected = [
            &of_recommendations[..],
            &of_cart,
            &of_accounts,
            &of_reviews,
            &of_the_shop,
        ];
        let expected = expected.concat();
        assert_eq!(channels, expected);
    }

    #[tokio::test]
    async fn service_of_another_process_needs_its_address() {
        let alone = [Service::Recommendations];
        let error = channels_of(&alone, &[]).expect_err("no inventory");
        let expected = "recommendations calls inventory: run it in this process too, or say where \
             it is with --peer inventory=http://HOST:PORT";
        assert_eq!(error.to_string(), expected);
        let peers =
            ["inventory", "cart", "reviews"].map(|name| format!("{name}=http://127.0.0.1:1"));
        channels_of(&alone, &peers.each_ref().map(String::as_str)).expect("three peers");
    }
}
