//! One fault, hunted by the phase that claims it.

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
    contract::{Contract, Method},
    engine::{self, Plan, Report},
    finding::FindingKind,
    probe::{Metadata, Probe, Target},
    profile::{Details, Profile},
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    faults::{Claim, Fault},
    server::{Listening, OPERATOR_TOKEN, RESERVATIONS},
};

/// The trailer that the contract promises to stay below: 4 KiB.
const TRAILER_LIMIT: usize = 4 * 1024;

/// How long a call may take where a fault is that no answer comes: long enough for
/// a busy machine, short enough to wait for.
const PATIENCE: Duration = Duration::from_millis(1500);

/// How many random cases a method gets where chance must find the fault.
const RANDOM: usize = 300;

/// What came of the hunt for a fault.
pub struct Hunted {
    /// The fault.
    pub fault: Arc<Fault>,
    /// What was found of it, the claimed finding first.
    pub caught: Vec<Catch>,
    /// How many cases were sent.
    pub cases: u64,
    /// How long it took.
    pub took: Duration,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catch {
    /// The phase that found it.
    pub phase: Phase,
    /// What kind it is.
    pub kind: FindingKind,
    /// The case.
    pub case: String,
    /// The method; empty for the server as a whole.
    pub method: String,
    /// What came back.
    pub observed: String,
}

impl Hunted {
    /// Whether it was caught as claimed, or not where nothing can catch it.
    pub fn is_as_claimed(&self) -> bool {
        match self.fault.claim {
            Claim::Caught(phase, kind) => {
                let mut caught = self.caught.iter();
                caught.any(|catch| catch.phase == phase && catch.kind == kind)
            }
            Claim::Undetectable(_) => self.caught.is_empty(),
        }
    }
}

/// Serves the fault and lets proofread at it: the methods that it is on, in the
/// phase that claims it.
///
/// # Errors
/// When the server can't be started or reached.
pub async fn hunt(
    contract: &Contract,
    fault: &Arc<Fault>,
    program: &Path,
) -> anyhow::Result<Hunted> {
    let started = Instant::now();
    let served = match fault.kills() {
        true => Served::Child(child(program, &fault.id).await?),
        false => Served::Here(Listening::start(Some(Arc::clone(fault))).await?),
    };
    let probe = connect(&served.uri()).await?;
    let mut plan = plan(contract, &probe);
    plan.methods = methods(contract, fault);
    plan.random = RANDOM;
    match fault.claim {
        Claim::Caught(phase, kind) => {
            plan.phases = [phase].into();
            if kind == FindingKind::Crash {
                plan.timeout = PATIENCE;
                plan.grace = PATIENCE;
            }
        }
        Claim::Undetectable(_) => {}
    }
    let report = engine::run(&plan, &fixtures(), |_| {}).await;
    Ok(Hunted {
        fault: Arc::clone(fault),
        caught: catches(fault, &report),
        cases: report.cases,
        took: started.elapsed(),
    })
}

/// A server with a fault.
enum Served {
    Here(Listening),
    Child((Child, u16)),
}

impl Served {
    fn uri(&self) -> String {
        match self {
            Self::Here(listening) => listening.uri(),
            Self::Child((_, port)) => format!("http://127.0.0.1:{port}"),
        }
    }
}

/// Serves a fault in a process of its own; it dies with the handle.
async fn child(program: &Path, id: &str) -> anyhow::Result<(Child, u16)> {
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
    let port = port.with_context(|| format!("the child says {line:?} and no port"))?;
    Ok((child, port))
}

/// A probe that has the operator's token.
pub(super) async fn connect(uri: &str) -> anyhow::Result<Probe> {
    let mut target = Target::new(uri);
    target.metadata.push(Metadata {
        key: "authorization".to_owned(),
        value: format!("Bearer {OPERATOR_TOKEN}").into_bytes(),
        methods: None,
    });
    Ok(Probe::connect(&target).await?)
}

/// What the servers here are held to: what the bookstore is.
pub(super) fn plan<'p>(contract: &'p Contract, probe: &'p Probe) -> Plan<'p> {
    let profile = Profile::named("tonic").unwrap_or_else(Profile::strict);
    let profile = profile
        .with_details(Details::Both)
        .with_trailer_limit(TRAILER_LIMIT);
    Plan::new(contract, probe, profile)
}

/// Values that name what exists.
pub(super) fn fixtures() -> Fixtures {
    let numbers: Vec<_> = (1..=5).map(|number| json!(number)).collect();
    let reservation = |method: &str, at: usize| {
        let field = format!("bookstore.inventory.v1.{method}Request.reservation_id");
        (field, vec![json!(RESERVATIONS[at])])
    };
    let fields = [
        ("*.book_id", numbers.clone()),
        ("*.book_ids", numbers),
        ("rules.v1.GetThingRequest.name", vec![json!("anvil")]),
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

/// The methods on which a fault can show itself. One that is on the whole server
/// does so on any; on the first of a service made up paths are tried. In the
/// baseline the others of its service are tried too: a method that is not
/// implemented is a failure only beside others that are.
fn methods<'c>(contract: &'c Contract, fault: &Fault) -> Vec<&'c Method> {
    let of_method = |method: &Method| fault.concerns(&method.path);
    let concerned = contract
        .methods()
        .filter(|method| of_method(method))
        .count();
    let anywhere = concerned == 0 || concerned == contract.methods().count();
    let baseline = matches!(fault.claim, Claim::Caught(Phase::Baseline, _));
    let mut services = contract.services();
    let service = services.find(|service| match anywhere {
        true => service.full_name == "rules.v1.TextService",
        false => service.methods.iter().any(of_method),
    });
    let methods = service.map_or(&[][..], |service| &service.methods);
    match (anywhere, baseline) {
        (true, _) => methods.iter().take(1).collect(),
        (false, true) => methods.iter().collect(),
        (false, false) => methods.iter().filter(|method| of_method(method)).collect(),
    }
}

/// What is in the report about the fault. The baseline is tried in every run, and
/// counts where it is the claim.
fn catches(fault: &Fault, report: &Report) -> Vec<Catch> {
    let findings = report.findings.iter().map(|found| &found.finding);
    let mut catches: Vec<Catch> = findings
        .map(|finding| Catch {
            phase: finding.phase,
            kind: finding.kind,
            case: finding.case.clone(),
            method: finding.method.clone(),
            observed: finding.observed.clone(),
        })
        .collect();
    if let Claim::Caught(phase, kind) = fault.claim {
        catches.sort_by_key(|catch| (catch.phase != phase, catch.kind != kind));
    }
    catches
}
