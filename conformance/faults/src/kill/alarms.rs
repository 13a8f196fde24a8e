//! The correct server: whatever is found there is a false alarm.

use std::time::{Duration, Instant};

use proofread::{
    case::{Phase, RuleTarget},
    contract::{Contract, Method},
    coverage::Coverage,
    engine::{self, Plan, Report},
};

use super::hunt::{connect, fixtures, plan};
use crate::{image, server::Listening};

/// What the correct server was accused of.
#[derive(Debug, Default)]
pub struct Alarms {
    /// The false alarms: method, case, what is said.
    pub alarms: Vec<String>,
    /// Where proofread contradicts itself.
    pub defects: Vec<String>,
    /// How many rules were seen from both sides, and how many there are.
    pub rules: (usize, usize),
    /// What could not be tried, and rules that were not seen from both sides.
    pub uncovered: Vec<String>,
    /// How many cases were sent.
    pub cases: u64,
    /// How many of them were random.
    pub random: u64,
    /// How long it took.
    pub took: Duration,
}

/// Tests the correct server with everything there is and at least this many random
/// cases, in as many threads as there are.
///
/// # Errors
/// When the server can't be started or reached.
pub fn alarms(random: u64, seed: u64, threads: usize) -> anyhow::Result<Alarms> {
    let contract = Contract::decode(image::contract())?;
    let methods: Vec<&Method> = contract.methods().collect();
    let started = Instant::now();
    // Round robin, so that each thread has some of each service.
    let shares = (0..threads).map(|thread| {
        let share = methods.iter().skip(thread).step_by(threads).copied();
        share.collect::<Vec<_>>()
    });
    let each = usize::try_from(random)?.div_ceil(methods.len());
    let reports = std::thread::scope(|scope| {
        let runs: Vec<_> = shares
            .map(|share| {
                let contract = &contract;
                scope.spawn(move || run(contract, share, each, seed))
            })
            .collect();
        let reports = runs.into_iter().map(|run| match run.join() {
            Ok(report) => report,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        reports.collect::<anyhow::Result<Vec<Report>>>()
    })?;
    let mut alarms = Alarms::default();
    reports.iter().for_each(|report| alarms.add(report));
    alarms.cover(&contract, &reports);
    alarms.took = started.elapsed();
    Ok(alarms)
}

/// One server and one run, on a runtime of their own.
fn run(
    contract: &Contract,
    share: Vec<&Method>,
    random: usize,
    seed: u64,
) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = Listening::start(None).await?;
        let probe = connect(&server.uri()).await?;
        let plan = Plan {
            methods: share,
            random,
            seed,
            ..plan(contract, &probe)
        };
        Ok(engine::run(&plan, &fixtures(), |_| {}).await)
    })
}

impl Alarms {
    /// Whether anything was said of it.
    pub fn is_accused(&self) -> bool {
        !self.alarms.is_empty() || !self.defects.is_empty()
    }

    fn add(&mut self, report: &Report) {
        let said = report.findings.iter().map(|found| {
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
        self.alarms.extend(said);
        let note = |note: &engine::Note| format!("{}: {}", note.about, note.text);
        self.defects.extend(report.defects.iter().map(note));
        self.uncovered.extend(report.uncovered.iter().map(note));
        self.alarms.extend(report.stopped.clone());
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
