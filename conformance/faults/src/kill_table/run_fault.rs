//! Runs proofread on one fault, in the phase that is expected to detect it.

use std::{
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use proofread::{
    case::Phase,
    cases::Fixtures,
    config::HumanDuration,
    contract::{Contract, Method},
    engine::{self, Plan, Report},
    finding::FindingKind,
    probe::{CertificateCredential, CredentialHeader, Metadata, Probe, Target},
    profile::{Details, Profile},
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    credentials::{ACCOUNT_TOKEN, CART, OPERATOR_TOKEN, OTHER_ACCOUNT_TOKEN, REVIEWS, SERVICE_KEY},
    faults::{Expectation, Fault},
    running_server::{Certificates, ClientCertificates, RunningServer},
    server::RESERVATIONS,
};

/// The maximum size of the trailers that the contract declares, in bytes.
const TRAILER_LIMIT: usize = 4 * 1024;

/// The timeout of a call if the fault is that the server does not respond: long enough for
/// a busy machine, short enough to wait for.
const CRASH_TIMEOUT: Duration = Duration::from_millis(1500);

/// The number of random cases for each method, if the random phase must detect the fault.
const RANDOM_CASES: usize = 300;

/// The result of running proofread on a fault.
pub struct FaultResult {
    /// The fault.
    pub fault: Arc<Fault>,
    /// The findings, the expected one first.
    pub detections: Vec<Detection>,
    /// The number of cases that were sent.
    pub cases: u64,
    /// The duration of the run.
    pub duration: Duration,
}

/// A finding of proofread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// The phase that found it.
    pub phase: Phase,
    /// The kind of the finding.
    pub kind: FindingKind,
    /// The id of the test case.
    pub case: String,
    /// The method; empty if the finding concerns the whole server.
    pub method: String,
    /// The observed response.
    pub observed: String,
}

impl FaultResult {
    /// Whether it was detected as expected, or not detected if it is undetectable.
    pub fn is_as_expected(&self) -> bool {
        match self.fault.expectation {
            Expectation::DetectedBy(phase, kind) => {
                let mut detections = self.detections.iter();
                detections.any(|detection| detection.phase == phase && detection.kind == kind)
            }
            Expectation::Undetectable(_) => self.detections.is_empty(),
        }
    }
}

/// Serves the fault and runs proofread on the affected methods, in the expected phase.
///
/// # Errors
/// When the server can't be started or reached.
pub async fn run_fault(
    contract: &Contract,
    fault: &Arc<Fault>,
    program: &Path,
) -> anyhow::Result<FaultResult> {
    let started = Instant::now();
    let server = if fault.exits_process() {
        FaultyServer::ChildProcess(start_child(program, &fault.id).await?)
    } else if fault.is_about_certificates() {
        let (fault, clients) = (Arc::clone(fault), ClientCertificates::Asked);
        FaultyServer::InProcess(RunningServer::start_tls(Some(fault), clients).await?)
    } else {
        FaultyServer::InProcess(RunningServer::start(Some(Arc::clone(fault))).await?)
    };
    let probe = match &server {
        FaultyServer::InProcess(server) => connect_to(server).await?,
        FaultyServer::ChildProcess(_) => connect(&server.uri()).await?,
    };
    let mut plan = plan(contract, &probe);
    plan.methods = methods(contract, fault);
    plan.random = RANDOM_CASES;
    if fault.is_about_included_methods() {
        plan.required = plan.methods.iter().map(|it| it.path.clone()).collect();
    }
    match fault.expectation {
        Expectation::DetectedBy(phase, kind) => {
            plan.phases = [phase].into();
            if kind == FindingKind::Crash {
                plan.timeout = CRASH_TIMEOUT;
                plan.grace = CRASH_TIMEOUT;
            }
        }
        Expectation::Undetectable(_) => {}
    }
    let report = engine::run(&plan, &fixtures(), |_| {}).await;
    Ok(FaultResult {
        fault: Arc::clone(fault),
        detections: detections(fault, &report),
        cases: report.cases,
        duration: started.elapsed(),
    })
}

/// A server with a fault.
enum FaultyServer {
    InProcess(RunningServer),
    ChildProcess((Child, u16)),
}

impl FaultyServer {
    fn uri(&self) -> String {
        match self {
            Self::InProcess(server) => server.uri(),
            Self::ChildProcess((_, port)) => format!("http://127.0.0.1:{port}"),
        }
    }
}

/// Serves a fault in a child process, which is killed when the handle is dropped. Also
/// returns the port.
async fn start_child(program: &Path, id: &str) -> anyhow::Result<(Child, u16)> {
    let mut child = Command::new(program)
        .args(["serve", "--fault", id])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("can't start {}", program.display()))?;
    let output = child.stdout.take().context("the child has no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).await?;
    let port = line.trim().strip_prefix("listening on ");
    let port = port.and_then(|port| port.parse().ok());
    let port =
        port.with_context(|| format!("the child process printed {line:?} instead of a port"))?;
    Ok((child, port))
}

/// Connects a probe that sends each method the credential that it accepts.
async fn connect(uri: &str) -> anyhow::Result<Probe> {
    Ok(Probe::connect(&target(uri)).await?)
}

/// The same for a server of this process, which may have TLS.
pub(super) async fn connect_to(server: &RunningServer) -> anyhow::Result<Probe> {
    let mut target = target(&server.uri());
    if let Some(certificates) = server.certificates() {
        prove_services_by(certificates, &mut target);
    }
    Ok(Probe::connect(&target).await?)
}

/// The methods for the service cart.
const METHODS_OF_CART: &str = "*/{*Reservation,CloseBasket}";

/// Proves the identities of services by certificates instead of metadata.
fn prove_services_by(certificates: &Certificates, target: &mut Target) {
    target.metadata.retain(|header| header.key != SERVICE_KEY);
    target
        .credentials
        .retain(|header| header.key != SERVICE_KEY);
    target.tls.authorities = Some(certificates.authority.clone());
    target.tls.authority_key = Some(certificates.authority_key.clone());
    target.tls.identity = Some(certificates.client.clone());
    let services = [
        ("cart", &certificates.cart, METHODS_OF_CART),
        ("reviews", &certificates.reviews, "none"),
    ];
    let services = services.map(|(name, identity, methods)| CertificateCredential {
        name: name.to_owned(),
        identity: identity.clone(),
        methods: methods.to_owned(),
    });
    target.certificates.extend(services);
}

fn target(uri: &str) -> Target {
    let bearer = |token: &str| format!("Bearer {token}");
    let credentials = [
        (
            "operator",
            "authorization",
            bearer(OPERATOR_TOKEN),
            Some("bookstore.*"),
        ),
        (
            "account",
            "authorization",
            bearer(ACCOUNT_TOKEN),
            Some("*/{GetBasket,*Note,*Notes,*Profile}"),
        ),
        ("cart", SERVICE_KEY, CART.to_owned(), Some(METHODS_OF_CART)),
        ("reviews", SERVICE_KEY, REVIEWS.to_owned(), None),
    ];
    let mut target = Target::new(uri);
    for (name, key, value, methods) in credentials {
        let (key, value) = (key.to_owned(), value.into_bytes());
        target.credentials.push(CredentialHeader {
            name: name.to_owned(),
            key: key.clone(),
            value: value.clone(),
            ..CredentialHeader::default()
        });
        if let Some(methods) = methods {
            let methods = Some(methods.to_owned());
            target.metadata.push(Metadata {
                key,
                value,
                methods,
                ..Metadata::default()
            });
        }
    }
    target.credentials.push(CredentialHeader {
        name: "other-account".to_owned(),
        kind: Some("account".to_owned()),
        key: "authorization".to_owned(),
        value: bearer(OTHER_ACCOUNT_TOKEN).into_bytes(),
    });
    target
}

/// A plan with the same settings as for the bookstore.
pub(super) fn plan<'p>(contract: &'p Contract, probe: &'p Probe) -> Plan<'p> {
    let profile = Profile::named("tonic").unwrap_or_else(Profile::strict);
    let profile = profile
        .with_details(Details::Both)
        .with_trailer_limit(TRAILER_LIMIT);
    let mut plan = Plan::new(contract, probe, profile);
    // The server shows every change at once.
    plan.sequences.settle = HumanDuration(Duration::ZERO);
    plan
}

/// Field values that name existing books, items and reservations.
pub(super) fn fixtures() -> Fixtures {
    let numbers: Vec<_> = (1..=5).map(|number| json!(number)).collect();
    let reservation = |method: &str, at: usize| {
        let field = format!("bookstore.inventory.v1.{method}Request.reservation_id");
        (field, vec![json!(RESERVATIONS[at])])
    };
    let fields = [
        ("*.book_id", numbers.clone()),
        ("*.book_ids", numbers),
        ("rules.v1.GetItemRequest.name", vec![json!("anvil")]),
        (
            "bookstore.inventory.v1.SearchBooksRequest.query",
            vec![json!("volume")],
        ),
    ];
    let fields = fields.map(|(name, values)| (name.to_owned(), values));
    let reservations = [
        reservation("GetReservation", 0),
        reservation("CommitReservation", 0),
        reservation("ReleaseReservation", 1),
    ];
    Fixtures {
        fields: fields.into_iter().chain(reservations).collect(),
    }
}

/// The methods to test for a fault. A fault of the whole server affects every method, so
/// one method is enough; unknown paths are tested with the first method of a service. In
/// the baseline phase all methods of the service are tested: an unimplemented method is a
/// failure only if other methods of its service are implemented, or if the user names it.
fn methods<'c>(contract: &'c Contract, fault: &Fault) -> Vec<&'c Method> {
    let is_affected = |method: &Method| fault.applies_to(&method.path);
    let concerned = contract
        .methods()
        .filter(|method| is_affected(method))
        .count();
    let affects_all = concerned == 0 || concerned == contract.methods().count();
    let baseline = matches!(
        fault.expectation,
        Expectation::DetectedBy(Phase::Baseline, _)
    ) && !fault.is_about_included_methods();
    let mut services = contract.services();
    let service = services.find(|service| {
        if affects_all {
            service.full_name == "rules.v1.StringService"
        } else {
            service.methods.iter().any(is_affected)
        }
    });
    let methods = service.map_or(&[][..], |service| &service.methods);
    match (affects_all, baseline) {
        (true, _) => methods.iter().take(1).collect(),
        (false, true) => methods.iter().collect(),
        (false, false) => methods
            .iter()
            .filter(|method| is_affected(method))
            .collect(),
    }
}

/// The findings of the report, the expected ones first. The baseline phase is part of
/// every run.
fn detections(fault: &Fault, report: &Report) -> Vec<Detection> {
    let findings = report.findings.iter().map(|found| &found.finding);
    let mut detections: Vec<Detection> = findings
        .map(|finding| Detection {
            phase: finding.phase,
            kind: finding.kind,
            case: finding.case.clone(),
            method: finding.method.clone(),
            observed: finding.observed.clone(),
        })
        .collect();
    if let Expectation::DetectedBy(phase, kind) = fault.expectation {
        detections.sort_by_key(|detection| (detection.phase != phase, detection.kind != kind));
    }
    detections
}
