//! The settings that several commands share, by flag or by environment variable.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use mail::Mailer;
use store::Location;

use crate::{
    event_settings::EventSettings,
    limits::Limits,
    operator_token::OperatorTokenFile,
    payments::Payments,
    service_secret::ServiceSecret,
    tls::{ClientTlsSettings, ServerTlsSettings},
};

/// The settings of a process that serves.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// How the services prove who they are to those of other processes.
    #[command(flatten)]
    pub service_secret: ServiceSecret,

    /// The certificate of the ports.
    #[command(flatten)]
    pub server_tls: ServerTlsSettings,

    /// The certificates for calls to other processes.
    #[command(flatten)]
    pub client_tls: ClientTlsSettings,

    /// Where the data is stored.
    #[command(flatten)]
    pub storage: Storage,

    /// How long to wait for the database.
    #[command(flatten)]
    pub database_wait: DatabaseWait,

    /// With which books a new catalogue begins.
    #[command(flatten)]
    pub catalogue: NewCatalogue,

    /// The token of the operator.
    #[command(flatten)]
    pub operator_token: OperatorTokenFile,

    /// The payment provider of Transactions.
    #[command(flatten)]
    pub payments: Payments,

    /// How mails are sent.
    #[command(flatten)]
    pub mails: Mails,

    /// What happens to orders that cannot be finished.
    #[command(flatten)]
    pub orders: Orders,

    /// Where events for other systems are published.
    #[command(flatten)]
    pub events: EventSettings,

    /// The addresses to listen on.
    #[command(flatten)]
    pub listen: Listen,

    /// How often callers may call, and which proxies tell who calls.
    #[command(flatten)]
    pub limits: Limits,

    /// Whether faults may be injected.
    #[command(flatten)]
    pub fault_injection: FaultInjection,

    /// What to log, and in which format.
    #[command(flatten)]
    pub logs: Logs,

    /// Where traces, metrics and the log are sent.
    #[command(flatten)]
    pub otlp: Otlp,
}

/// Whether faults may be injected.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct FaultInjection {
    /// Let the operator make calls of this process slow or fail on purpose (/operator/faults, or
    /// bookstore.faults.v1); never where customers buy
    #[arg(long, env = "BINDERY_ALLOW_FAULT_INJECTION")]
    pub allow_fault_injection: bool,
}

/// Where the data is stored.
#[derive(Debug, Clone, Args)]
pub struct Storage {
    /// The folder for the SQLite databases and the operator token
    #[arg(
        long,
        value_name = "FOLDER",
        env = "BINDERY_DATA",
        default_value = "data"
    )]
    pub data: PathBuf,

    /// Use this PostgreSQL database instead of SQLite: postgres://user@host/name
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_DATABASE_URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,

    /// Read what may be two seconds old from this read replica of the PostgreSQL database;
    /// repeatable
    #[arg(
        long = "read-replica-url",
        value_name = "URL",
        env = "BINDERY_READ_REPLICA_URLS",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub read_replica_urls: Vec<String>,
}

impl Storage {
    /// The storage location. A `--database-url` that is not a PostgreSQL URL is an error.
    pub fn location(&self) -> anyhow::Result<Location> {
        let Some(url) = &self.database_url else {
            if !self.read_replica_urls.is_empty() {
                bail!("--read-replica-url needs --database-url: SQLite has no replicas");
            }
            return Ok(Location::Folder(self.data.clone()));
        };
        match url.parse() {
            Ok(location @ Location::Postgres(_)) => Ok(location),
            // The value is not shown because it may contain a password.
            Ok(Location::Folder(_)) | Err(_) => {
                bail!("--database-url is not valid: write postgres://user:password@host/database")
            }
        }
    }

    /// Opens the database of a service, with its read replicas.
    pub async fn open(&self, schema: &store::Schema) -> anyhow::Result<store::Db> {
        let db = store::Db::open(&self.location()?, schema).await?;
        let db = db.with_replicas(&self.read_replica_urls, schema);
        db.context("--read-replica-url is not valid")
    }

    /// The storage location for people, without the password.
    pub fn description(&self) -> anyhow::Result<String> {
        Ok(match self.location()? {
            Location::Folder(folder) => format!("{} (SQLite)", folder.display()),
            postgres @ Location::Postgres(_) => format!("{postgres} (PostgreSQL)"),
        })
    }
}

/// How long to wait for the database at the start.
#[derive(Debug, Clone, Copy, Args)]
pub struct DatabaseWait {
    /// For how many seconds to wait at the start for a PostgreSQL server that cannot be reached
    #[arg(
        long,
        value_name = "SECONDS",
        env = "BINDERY_DATABASE_WAIT",
        default_value_t = 30
    )]
    pub database_wait: u32,
}

impl DatabaseWait {
    /// The time limit.
    pub fn limit(self) -> Duration {
        Duration::from_secs(self.database_wait.into())
    }
}

/// With which books a new catalogue begins.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct NewCatalogue {
    /// Begin with an empty catalogue instead of the shipped books
    #[arg(long, env = "BINDERY_EMPTY")]
    pub empty: bool,
}

/// The addresses to listen on. Port 0 chooses a free port.
#[derive(Debug, Clone, Args)]
pub struct Listen {
    /// The address for gRPC, gRPC-Web, health and reflection
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BINDERY_GRPC_ADDR",
        default_value = "127.0.0.1:50051"
    )]
    pub grpc_addr: SocketAddr,

    /// The address for the web shop
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BINDERY_SHOP_ADDR",
        default_value = "127.0.0.1:5000"
    )]
    pub shop_addr: SocketAddr,

    /// The address for Prometheus metrics
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BINDERY_METRICS_ADDR",
        default_value = "127.0.0.1:9464"
    )]
    pub metrics_addr: SocketAddr,

    /// The address for grpc.health.v1 alone, in plain text, for probes that have no certificates;
    /// without it health is only at the address for gRPC
    #[arg(long, value_name = "ADDRESS", env = "BINDERY_HEALTH_ADDR")]
    pub health_addr: Option<SocketAddr>,

    /// A further name by which browsers may call the shop, the metrics and gRPC-Web, such as
    /// shop.example; can be repeated; * allows any
    #[arg(
        long = "allowed-host",
        value_name = "NAME",
        env = "BINDERY_ALLOWED_HOSTS",
        value_delimiter = ','
    )]
    pub allowed_hosts: Vec<String>,

    /// For how many seconds to keep serving after SIGTERM, while health reports NOT_SERVING
    ///
    /// Kubernetes needs about 5: it stops routing to a pod only some time after it has sent SIGTERM. A second signal ends the process at once.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "BINDERY_LAME_DUCK",
        default_value_t = 0
    )]
    pub lame_duck: u32,
}

/// How mails are sent, and what their links start with.
#[derive(Debug, Clone, Args)]
pub struct Mails {
    /// The mail server, such as smtp://user:password@mail.example:587 (STARTTLS) or
    /// smtps://user:password@mail.example (TLS); without it mails are kept in the data folder,
    /// and the shop shows them to browsers on this machine
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_SMTP_URL",
        hide_env_values = true
    )]
    pub smtp_url: Option<String>,

    /// The sender of the mails
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "BINDERY_MAIL_FROM",
        default_value = "Bindery <shop@localhost>"
    )]
    pub mail_from: String,

    /// The URL by which browsers reach the shop, for links in mails; without it the address of
    /// the shop
    #[arg(long, value_name = "URL", env = "BINDERY_SHOP_URL")]
    pub shop_url: Option<String>,
}

impl Mails {
    /// What sends the mails of the process.
    ///
    /// # Errors
    /// If a setting is not valid.
    pub fn mailer(&self, storage: &Storage) -> anyhow::Result<Mailer> {
        let mailer = match &self.smtp_url {
            Some(url) => Mailer::smtp(url, &self.mail_from),
            None => Mailer::folder(storage.data.join("mail"), &self.mail_from),
        };
        mailer.context("--smtp-url or --mail-from is not valid")
    }

    /// What links in mails start with; `shop` is the address of the shop, if this process
    /// serves it, and `scheme` is `http` or `https`.
    ///
    /// # Errors
    /// If the setting is no URL of a site.
    pub fn shop_url(&self, shop: Option<SocketAddr>, scheme: &str) -> anyhow::Result<String> {
        let Some(url) = &self.shop_url else {
            let port = shop.map_or(5000, |address| address.port());
            return Ok(match shop {
                Some(address) if !address.ip().is_unspecified() => format!("{scheme}://{address}"),
                _ => format!("{scheme}://localhost:{port}"),
            });
        };
        let host = ["https://", "http://"]
            .into_iter()
            .find_map(|scheme| url.strip_prefix(scheme));
        if host.is_none_or(|host| host.is_empty() || host.contains(['?', '#', ' '])) {
            bail!("--shop-url is not valid: write https://shop.example");
        }
        Ok(url.trim_end_matches('/').to_owned())
    }
}

/// What happens to orders that cannot be finished.
#[derive(Debug, Clone, Copy, Args)]
pub struct Orders {
    /// For how many seconds another service or the payment provider may leave a step of an order
    /// unanswered, until the order waits for the operator
    #[arg(
        long,
        value_name = "SECONDS",
        env = "BINDERY_PARK_ORDERS_AFTER",
        default_value_t = u32::try_from(cart::PARK_AFTER.as_secs()).unwrap_or(u32::MAX),
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub park_orders_after: u32,
}

/// What to log, and in which format.
#[derive(Debug, Clone, Args)]
pub struct Logs {
    /// The log filter in tracing's syntax, such as info, warn or rpc=debug,info
    #[arg(
        long,
        value_name = "FILTER",
        env = "BINDERY_LOG",
        default_value = "info,h2=error,async_nats=off"
    )]
    pub log: String,

    /// The log format: auto is pretty on a terminal and JSON elsewhere
    #[arg(
        long,
        value_name = "auto|json|pretty",
        env = "BINDERY_LOG_FORMAT",
        default_value = "auto"
    )]
    pub log_format: telemetry::LogFormat,
}

impl Logs {
    /// Installs the process-wide log subscriber.
    pub fn init(&self) -> anyhow::Result<telemetry::LogGuard> {
        let options = telemetry::LogOptions {
            format: self.log_format,
            filter: Some(self.log.clone()),
        };
        Ok(telemetry::init_log(options)?)
    }
}

/// Where traces, metrics and the log are sent.
#[derive(Debug, Clone, Args)]
pub struct Otlp {
    /// The OTLP address (gRPC) of the collector of OpenTelemetry that gets traces, metrics and
    /// the log, such as http://127.0.0.1:4317; without it no traces are recorded
    ///
    /// The other OTEL_* variables of the specification have effect, too: OTEL_METRICS_EXPORTER=none and OTEL_LOGS_EXPORTER=none leave only the traces, and OTEL_TRACES_SAMPLER=parentbased_traceidratio with OTEL_TRACES_SAMPLER_ARG=0.1 records a tenth of them.
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,

    /// The URL of the page that shows a trace, with {trace_id} for its id: the monitor of the shop
    /// links to it, such as http://127.0.0.1:16686/trace/{trace_id}
    #[arg(long, value_name = "URL", env = "BINDERY_TRACE_URL")]
    pub trace_url: Option<String>,
}

impl Otlp {
    /// The URL of the page of a trace.
    ///
    /// # Errors
    /// If it has no place for the id of a trace, or is no URL of a site.
    pub fn page(&self) -> anyhow::Result<Option<String>> {
        let Some(url) = &self.trace_url else {
            return Ok(None);
        };
        let is_site = url.starts_with("https://") || url.starts_with("http://");
        if !is_site || !url.contains("{trace_id}") {
            bail!("--trace-url is not valid: write http://HOST/trace/{{trace_id}}");
        }
        Ok(Some(url.clone()))
    }

    /// Starts the export, and records the spans of the process from now on. Must be called within
    /// a tokio runtime.
    ///
    /// # Errors
    /// If a setting is not valid.
    pub fn start(&self, service_name: &str) -> anyhow::Result<telemetry::Otlp> {
        let otlp = telemetry::Otlp::start(telemetry::OtlpOptions {
            endpoint: self.otlp_endpoint.clone(),
            service_name: service_name.to_owned(),
            version: env!("CARGO_PKG_VERSION"),
            instance_id: service::IdSource::next_id(&service::UuidV7Ids).to_string(),
        });
        let otlp = otlp.context("--otlp-endpoint cannot be used")?;
        if let Some(tracer) = otlp.tracer() {
            rpc::spans::install(tracer);
        }
        Ok(otlp)
    }
}
