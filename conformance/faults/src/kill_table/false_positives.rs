//! Runs proofread on the correct server, where every finding is a false positive.

use std::time::{Duration, Instant};

use proofread::{
    case::{Phase, RuleTarget},
    contract::{Contract, Method},
    coverage::Coverage,
    engine::{self, Plan, Report},
};

use super::run_fault::{connect_to, fixtures, plan};
use crate::{
    image,
    running_server::{ClientCertificates, RunningServer},
};

/// What proofread reports for the correct server.
#[derive(Debug, Default)]
pub struct CorrectServerReport {
    /// The false positives: method, case and finding.
    pub false_positives: Vec<String>,
    /// Cases in which proofread contradicts itself.
    pub defects: Vec<String>,
    /// The number of rules that were both satisfied and violated, and of all rules.
    pub rules: (usize, usize),
    /// What could not be tested, and rules that were not both satisfied and violated.
    pub uncovered: Vec<String>,
    /// The number of cases that were sent.
    pub cases: u64,
    /// The number of random cases among them.
    pub random: u64,
    /// The duration of the whole run.
    pub duration: Duration,
}

/// Runs all phases on the correct server, with at least this many random cases, in
/// `threads` threads with a server each.
///
/// # Errors
/// When the server can't be started or reached.
pub fn test_correct_server(
    random: u64,
    seed: u64,
    threads: usize,
) -> anyhow::Result<CorrectServerReport> {
    let contract = Contract::decode(image::contract())?;
    let methods: Vec<&Method> = contract.methods().collect();
    let started = Instant::now();
    // Round robin. The methods of a service stay together, because sequences need them.
    let shares = (0..threads).map(|thread| {
        let services = contract.services().skip(thread).step_by(threads);
        services.flat_map(|service| &service.methods).collect()
    });
    let each = usize::try_from(random)?.div_ceil(methods.len());
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let runs: Vec<_> = shares
            .map(|share| {
                let contract = &contract;
                scope.spawn(move || run(contract, share, each, seed))
            })
            .collect();
        let secure = scope.spawn(|| run_secure(&contract, each, seed));
        let runs = runs.into_iter().chain([secure]);
        let reports = runs.map(|run| match run.join() {
            Ok(report) => report,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let reports = reports.collect::<anyhow::Result<Vec<Vec<Report>>>>();
        reports.map(|reports| reports.into_iter().flatten().collect())
    })?;
    let mut total = CorrectServerReport::default();
    reports.iter().for_each(|report| total.add(report));
    total.cover(&contract, &reports);
    total.duration = started.elapsed();
    Ok(total)
}

/// Runs proofread on one server, with a runtime of its own.
fn run(
    contract: &Contract,
    share: Vec<&Method>,
    random: usize,
    seed: u64,
) -> anyhow::Result<Vec<Report>> {
    block_on(async {
        let server = RunningServer::start(None).await?;
        let report = run_on(&server, contract, share, (random, seed)).await?;
        Ok(vec![report])
    })
}

/// Runs proofread on the methods with access, on servers where client certificates prove the
/// identities of services.
fn run_secure(contract: &Contract, random: usize, seed: u64) -> anyhow::Result<Vec<Report>> {
    block_on(async {
        let mut reports = Vec::new();
        for clients in [ClientCertificates::Asked, ClientCertificates::Required] {
            let server = RunningServer::start_tls(None, clients).await?;
            let mut services = contract.services();
            let methods = services
                .find(|service| service.full_name == "rules.v1.AccessService")
                .map(|service| service.methods.iter().collect());
            let methods = methods.unwrap_or_default();
            reports.push(run_on(&server, contract, methods, (random, seed)).await?);
        }
        Ok(reports)
    })
}

async fn run_on(
    server: &RunningServer,
    contract: &Contract,
    methods: Vec<&Method>,
    (random, seed): (usize, u64),
) -> anyhow::Result<Report> {
    let probe = connect_to(server).await?;
    let plan = Plan {
        methods,
        random,
        seed,
        ..plan(contract, &probe)
    };
    Ok(engine::run(&plan, &fixtures(), |_| {}).await)
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

impl CorrectServerReport {
    /// Whether there is any finding or defect.
    pub fn has_findings(&self) -> bool {
        !self.false_positives.is_empty() || !self.defects.is_empty()
    }

    fn add(&mut self, report: &Report) {
        let findings = report.findings.iter().map(|found| {
            let finding = &found.finding;
            format!(
                "{} {} ({:?}, {} times): expected {}, observed {} for {}",
                finding.method,
                finding.case,
                finding.kind,
                found.count,
                finding.expected,
                finding.observed,
                finding.json.as_deref().unwrap_or("bytes"),
            )
        });
        self.false_positives.extend(findings);
        let note = |note: &engine::Note| format!("{}: {}", note.about, note.text);
        self.defects.extend(report.defects.iter().map(note));
        self.uncovered.extend(report.uncovered.iter().map(note));
        self.false_positives.extend(report.stopped.clone());
        self.cases += report.cases;
        let random = report
            .counts
            .iter()
            .filter(|count| count.phase == Phase::Random);
        self.random += random.map(|count| count.sent).sum::<u64>();
    }

    fn cover(&mut self, contract: &Contract, reports: &[Report]) {
        let mut coverage = Coverage::of(contract, contract.methods());
        for report in reports {
            let seen: Vec<RuleTarget> = report.exercised.iter().cloned().collect();
            coverage.record_targets(&seen);
        }
        let summary = coverage.summary();
        self.rules = (summary.both, summary.rules);
        let rules = coverage.report().into_iter();
        let gaps = rules.filter(|rule| rule.kept == 0 || rule.broken == 0);
        self.uncovered.extend(gaps.map(|rule| {
            let side = if rule.kept == 0 { "kept" } else { "broken" };
            format!("{} {}: never {side}", rule.field, rule.rule)
        }));
    }
}
