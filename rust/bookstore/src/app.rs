//! Starts the services of one process, serves them and shuts them down.

use std::{collections::BTreeSet, pin::pin, time::Duration};

use anyhow::Context as _;
use rpc::ServerTls;
use telemetry::{Metrics, Otlp};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    assembly::{Assembled, Assembly},
    banner::Banner,
    http_server,
    listeners::Listeners,
    peers::Peers,
    service_secret,
    services::{Definition, Service},
    settings::Settings,
};

/// How long closing the databases may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// What one process runs, and its settings.
#[derive(Debug)]
pub struct ProcessConfig {
    /// The services that this process runs.
    pub services: BTreeSet<Service>,
    /// The addresses of the services that other processes run.
    pub peers: Peers,
    /// Everything else.
    pub settings: Settings,
}

impl ProcessConfig {
    fn runs(&self, service: Service) -> bool {
        self.services.contains(&service)
    }

    /// Whether services of this process and of others may call each other.
    fn is_distributed(&self) -> bool {
        !self.peers.peers.is_empty() || !self.settings.listen.grpc_addr.ip().is_loopback()
    }

    /// How traces, metrics and log records name this process: by its service, if it runs only one.
    fn name(&self) -> String {
        match self.services.first() {
            Some(service) if self.services.len() == 1 => service.name(),
            _ => "bookstore".to_owned(),
        }
    }

    fn definitions(&self) -> impl Iterator<Item = &'static Definition> {
        self.services.iter().map(|service| service.definition())
    }

    fn needs_data_folder(&self) -> bool {
        self.definitions()
            .any(|definition| definition.needs_data_folder)
    }

    /// Whether it has a gRPC service that other processes may call.
    fn serves_grpc(&self) -> bool {
        self.definitions()
            .any(|definition| !definition.grpc_services.is_empty())
    }
}

/// Runs the services until SIGTERM or SIGINT, then waits for calls in flight.
pub async fn run(config: ProcessConfig) -> anyhow::Result<()> {
    let _log = config.settings.logs.init()?;
    if let Err(error) = rpc::raise_descriptor_limit() {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    let mut signal = pin!(telemetry::shutdown_signal());
    // The first poll installs the signal handlers, so a signal during the start is handled.
    if futures::poll!(signal.as_mut()).is_ready() {
        return Ok(());
    }
    let app = tokio::select! {
        () = signal.as_mut() => return Ok(()),
        app = App::assemble(config) => app?,
    };
    app.serve_until(signal).await
}

/// Closes the databases, so that each SQLite file is complete by itself.
async fn close_all(databases: Vec<store::Db>) {
    let closing = async {
        for database in databases {
            database.close().await;
        }
    };
    // Nothing is lost if a statement still runs: the next start reads the rest from the log.
    if tokio::time::timeout(CLOSE_LIMIT, closing).await.is_err() {
        tracing::warn!("a database was not closed, because a statement was still running");
    }
}

/// Waits for the server of the database, if a service of this process has one.
async fn wait_for_database(config: &ProcessConfig) -> anyhow::Result<()> {
    let mut schemas = config
        .definitions()
        .filter_map(|definition| definition.schema);
    if let Some(schema) = schemas.next() {
        let location = config.settings.storage.location()?;
        let limit = config.settings.database_wait.limit();
        store::wait_for_server(&location, schema, limit).await?;
    }
    Ok(())
}

/// How the URLs of this process begin.
fn scheme(options: &rpc::Options) -> &'static str {
    if options.tls.is_some() {
        "https"
    } else {
        "http"
    }
}

/// A process whose services are started and whose listeners are bound.
struct App {
    listeners: Listeners,
    assembled: Assembled,
    metrics: Metrics,
    otlp: Otlp,
    options: rpc::Options,
    banner: Banner,
}

impl App {
    async fn assemble(config: ProcessConfig) -> anyhow::Result<Self> {
        let settings = &config.settings;
        let otlp = settings.otlp.start(&config.name())?;
        let metrics = Metrics::install(&otlp)?;
        // Bind first: a port in use is the most likely error, and is reported at once.
        let listeners =
            Listeners::bind(&settings.listen, config.runs(Service::Marketplace)).await?;
        let needs_data_folder = config.needs_data_folder();
        let data = needs_data_folder.then_some(settings.storage.data.as_path());
        let operator_token = settings.operator_token.of_server(data)?;
        let service_secret = settings.service_secret.read()?;
        let tls = settings.server_tls.load(&settings.client_tls)?;
        let service_secrets = service_secret.as_deref().map(service_secret::by_service);
        let options = rpc::Options {
            operator_token,
            allowed_hosts: settings.listen.allowed_hosts.clone(),
            lame_duck: Duration::from_secs(settings.listen.lame_duck.into()),
            connection_threads: rpc::ConnectionThreads::start()
                .context("cannot start the threads for connections")?,
            service_secrets: service_secrets.unwrap_or_default(),
            tls,
            rate_limits: settings.limits.rates()?,
            trusted_proxies: settings.limits.proxies(),
            faults: Some(rpc::Faults::new(
                settings.fault_injection.allow_fault_injection,
            )),
            ..rpc::Options::default()
        };
        let shop = listeners.shop.as_ref().map(TcpListener::local_addr);
        let shop_url = settings
            .mails
            .shop_url(shop.transpose()?, scheme(&options))?;
        wait_for_database(&config).await?;
        let assembled = Assembly::start(&config, shop_url, &metrics, &options).await?;
        let verifies_clients = options
            .tls
            .as_ref()
            .is_some_and(ServerTls::verifies_clients);
        // A process that only calls others has nobody to verify.
        let has_identity = verifies_clients
            || !config.serves_grpc() && settings.client_tls.has_certificate()
            || service_secret.is_some();
        if !has_identity && config.is_distributed() {
            tracing::warn!(
                "without --tls-client-ca or --service-secret-file, the services of different \
                 processes cannot prove who they are: calls to methods that only services may \
                 call are refused"
            );
        }
        Ok(Self {
            banner: Banner::new(
                &listeners,
                needs_data_folder.then_some(settings),
                config.runs(Service::Recommendations),
                scheme(&options),
            )?,
            listeners,
            assembled,
            metrics,
            otlp,
            options,
        })
    }

    /// Prints the addresses and serves until the signal; then waits for calls in flight.
    async fn serve_until(self, signal: impl Future<Output = ()>) -> anyhow::Result<()> {
        let closing = CancellationToken::new();
        let metrics = http_server::metrics_routes(self.metrics);
        let mut http_servers = vec![http_server::serve_metrics(
            self.listeners.metrics,
            metrics,
            &self.options,
            &closing,
        )];
        if let (Some(listener), Some(shop)) = (self.listeners.shop, self.assembled.pages) {
            let server = http_server::serve_shop(listener, shop, &self.options, &closing);
            http_servers.push(server);
        }
        if let Some(listener) = self.listeners.health {
            let router = &self.assembled.router;
            let server = http_server::serve_health(listener, router, &self.options, &closing);
            http_servers.push(server);
        }
        // The banner comes last, so that it stays readable.
        telemetry::flush_log();
        self.banner.print();

        let lame_duck = self.options.lame_duck;
        let (not_serving, requested) = tokio::sync::oneshot::channel();
        let signal = async {
            signal.await;
            tracing::info!(?lame_duck, "shutting down: waiting for calls in flight");
            // The receiver is gone only if the server has failed.
            let _ = not_serving.send(());
        };
        let close_http_servers = async {
            if requested.await.is_ok() {
                tokio::time::sleep(lame_duck).await;
            }
            closing.cancel();
        };
        let router = self.assembled.router;
        let (served, ()) = tokio::join!(
            router.serve(self.listeners.grpc, signal),
            close_http_servers
        );
        for server in http_servers {
            server.await?;
        }
        drop(self.assembled.background);
        close_all(self.assembled.databases).await;
        // It waits for the collector.
        tokio::task::spawn_blocking(|| self.otlp.shut_down()).await?;
        Ok(served?)
    }
}
