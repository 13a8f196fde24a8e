//! `bookstore doctor`: checks a deployment from inside, and says what to do.

mod certificates;
mod clocks;
mod contract_versions;
mod databases;
mod report;
mod servers;

use std::{collections::BTreeMap, time::Duration};

use anyhow::bail;
use clap::Args;
use rpc::Channel;

use self::report::{Finding, Report};
use crate::{
    operator_token::OperatorTokenFile,
    peers::Peers,
    service_secret::ServiceSecret,
    services::Service,
    settings::Storage,
    tls::{self, ClientTlsSettings, ServerTlsSettings},
};

/// Check a deployment from inside: addresses, certificates, clocks, databases, contract versions
///
/// Run it where a process of the bookstore runs, with the same settings. Prints what it has found and what to do about it. Changes nothing. Exits with 1 if something fails, also if it is only for this process; warnings do not count.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The services whose databases are checked; without any, all that have no --peer
    #[arg(value_name = "SERVICE")]
    services: Vec<Service>,

    /// The gRPC address of the services that have no --peer
    #[arg(
        long,
        value_name = "URL",
        env = "BINDERY_GRPC_URL",
        default_value = "http://127.0.0.1:50051"
    )]
    server: String,

    #[command(flatten)]
    peers: Peers,

    #[command(flatten)]
    tls: ClientTlsSettings,

    #[command(flatten)]
    server_tls: ServerTlsSettings,

    #[command(flatten)]
    service_secret: ServiceSecret,

    #[command(flatten)]
    operator_token: OperatorTokenFile,

    #[command(flatten)]
    storage: Storage,

    /// Warn of certificates that expire within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 21)]
    certificate_days: u32,

    /// The time limit of each call in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    timeout: u64,
}

/// A process that serves some services.
struct Server {
    url: String,
    channel: Channel,
    services: Vec<Service>,
}

impl Doctor {
    /// Makes all checks and prints what they find.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut report = Report::default();
        report.add(certificates::check(
            &self.tls,
            &self.server_tls,
            self.certificate_days,
        ));
        report.add(self.check_secrets());
        match self.servers() {
            Ok(servers) => {
                let timeout = Duration::from_secs(self.timeout);
                for server in &servers {
                    report.add(servers::check(server, timeout).await);
                    report.add(contract_versions::check(server, timeout).await);
                }
            }
            Err(error) => report.add([Finding::failure("addresses", format!("{error:#}"))
                .advise("correct the setting that is named")]),
        }
        report.add(databases::check(&self.storage, &self.own_services()).await);
        let failures = report.print();
        if failures > 0 {
            bail!("{failures} of the checks failed");
        }
        Ok(())
    }

    /// The services whose databases this process can be expected to reach.
    fn own_services(&self) -> Vec<Service> {
        if !self.services.is_empty() {
            return self.services.clone();
        }
        let all = Service::all().iter().copied();
        all.filter(|service| self.peers.urls_of(*service).is_empty())
            .collect()
    }

    /// The processes with gRPC services, each with those that it should serve.
    fn servers(&self) -> anyhow::Result<Vec<Server>> {
        let mut by_url: BTreeMap<&str, Vec<Service>> = BTreeMap::new();
        for &service in Service::all() {
            if service.definition().grpc_services.is_empty() {
                continue;
            }
            let mut urls = self.peers.urls_of(service);
            if urls.is_empty() {
                urls.push(&self.server);
            }
            for url in urls {
                by_url.entry(url).or_default().push(service);
            }
        }
        let tls = self.tls.load_for(by_url.keys().copied())?;
        let servers = by_url.into_iter().map(|(url, services)| {
            Ok(Server {
                url: url.to_owned(),
                channel: tls::connect(url, tls.as_ref())?.without_retries(),
                services,
            })
        });
        servers.collect()
    }

    fn check_secrets(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let subject = "service secret";
        let has_certificate = self.tls.has_certificate();
        findings.push(match self.service_secret.read() {
            Ok(Some(_)) => Finding::fine(subject, "can be read, and by its owner only".to_owned()),
            Ok(None) if self.peers.peers.is_empty() || has_certificate => Finding::fine(
                subject,
                "is not needed: services prove by certificates who they are, or run in one process"
                    .to_owned(),
            ),
            Ok(None) => Finding::warning(
                subject,
                "is missing, and so are certificates: other processes refuse calls that only \
                 services may make"
                    .to_owned(),
            )
            .advise("give all processes --tls-dir, or the same --service-secret-file"),
            Err(error) => Finding::failure(subject, format!("{error:#}")),
        });
        let needs_token = |service: &Service| service.definition().needs_data_folder;
        if self.own_services().iter().any(needs_token) {
            let subject = "operator token";
            findings.push(match self.operator_token.of_caller(&self.storage.data) {
                Ok(_) => Finding::fine(subject, "can be read, and by its owner only".to_owned()),
                Err(error) => Finding::warning(subject, format!("{error:#}"))
                    .advise("start the bookstore once with this data folder, which makes one"),
            });
        }
        findings
    }
}
