//! `proofread replay`: sends recorded failures again.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::bail;
use clap::Args;

use super::{
    connection::{ConfigArguments, ConnectionArguments, ContractArguments},
    fixtures, output,
    refresh_fixtures::FixtureRefresher,
    session::{self, Session, block_on},
    settings::ProfileArguments,
};
use crate::{
    behaviour::{self, ServedMethod},
    case::{Case, Phase},
    config::Config,
    contract::{Access, Method},
    engine::{self, CaseSource, ContractCases, Plan},
    failures::{Failure, Failures},
    finding::{Finding, FindingKind, Sequence, Suspect},
    judge::Judge,
    oracle::Oracle,
    profile::Profile,
    replay, sequences,
};

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The file with the recorded failures, as `check` writes it.
    #[arg(value_name = "FAILURES")]
    file: PathBuf,

    /// The URL of the server [default: the recorded one].
    #[arg(long)]
    url: Option<String>,

    /// Replays only the failures with these numbers, as the report shows them (#1).
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<usize>,

    #[command(flatten)]
    contract: ContractArguments,

    #[command(flatten)]
    config: ConfigArguments,

    #[command(flatten, next_help_heading = "Connection")]
    connection: ConnectionArguments,

    #[command(flatten, next_help_heading = "Server profile")]
    profile: ProfileArguments,

    /// Prints the results as JSON.
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.replay())
    }

    async fn replay(self) -> anyhow::Result<ExitCode> {
        let recorded = Failures::open(&self.file)?;
        let selected = self.selected_failures(&recorded)?;
        let config = self.config.read()?;
        let url = self.url.as_deref();
        // The recorded URL wins over the configuration, which may have changed since.
        let url = session::choose_url(url.or(Some(&recorded.url)), &config)?;
        let recorded_profile = (
            recorded.profile.as_str(),
            recorded.details.as_str(),
            recorded.trailer_limit,
        );
        let profile = self.profile.profile(&config, Some(recorded_profile))?;
        let source = recorded.source(&self.file);
        let session =
            Session::open(&url, &config, &self.contract, source, &self.connection).await?;
        check_credentials(&session, &selected)?;
        let results = replay_failures(&session, &config, &profile, (&recorded, &selected)).await?;
        let text = if self.json {
            output::json(&results)?
        } else {
            replay::text(&results, recorded.left_out)
        };
        output::print(&text)?;
        let fixed = results
            .iter()
            .all(|result| result.verdict == replay::Verdict::Fixed);
        Ok(ExitCode::from(u8::from(!fixed)))
    }

    fn selected_failures<'f>(&self, recorded: &'f Failures) -> anyhow::Result<Vec<&'f Failure>> {
        for id in &self.only {
            if !recorded.failures.iter().any(|failure| failure.id == *id) {
                let count = recorded.failures.len();
                bail!(
                    "{} has no failure {id}: its failures are numbered 1 to {count}",
                    self.file.display()
                );
            }
        }
        let failures = recorded.failures.iter();
        Ok(failures
            .filter(|failure| self.only.is_empty() || self.only.contains(&failure.id))
            .collect())
    }
}

/// Refuses to replay a failure without the credential that its method requires: the
/// server would answer UNAUTHENTICATED to any request, which would look like a result.
fn check_credentials(session: &Session, failures: &[&Failure]) -> anyhow::Result<()> {
    for failure in failures
        .iter()
        .filter(|it| it.finding.reproduction.is_some())
    {
        let Some(method) = session.method(&failure.finding.method) else {
            continue;
        };
        if !session.probe.has_credential_for(method) {
            let mut names = method.access.iter().flat_map(Access::credential_names);
            let name = names.next().unwrap_or_default();
            bail!(
                "failure {} needs the credential {name}; give --credential {name}=TOKEN",
                failure.id
            );
        }
    }
    Ok(())
}

/// Sends the recorded calls again, one after the other. Findings of the behaviour phase,
/// which consist of several calls, are replayed by running their scenarios again.
async fn replay_failures(
    session: &Session,
    config: &Config,
    profile: &Profile,
    (recorded, failures): (&Failures, &[&Failure]),
) -> anyhow::Result<Vec<replay::ReplayResult>> {
    let oracle = Oracle::new(&session.contract);
    let judge = Judge::new(&session.contract, &oracle, profile);
    let scenario_findings = run_scenarios(session, config, profile, (recorded, failures)).await?;
    let mut refresher = FixtureRefresher::new(session, config, (recorded, failures))?;
    let mut results = Vec::new();
    for failure in failures {
        if !failure.finding.suspects.is_empty() {
            let failed = replay_suspects(session, &judge, &failure.finding.suspects).await;
            results.push(replay::ReplayResult::new(failure, failed));
            continue;
        }
        if let Some(sequence) = &failure.finding.sequence {
            let repeated =
                replay_sequence(session, config, (&oracle, &judge), (recorded, sequence)).await?;
            let failed = repeated.unwrap_or_else(|| {
                let observed = "the sequence could not be run again".to_owned();
                Some(Finding {
                    observed,
                    ..failure.finding.clone()
                })
            });
            results.push(replay::ReplayResult::new(failure, failed));
            continue;
        }
        let mut finding = failure.finding.clone();
        finding.sent = refresher.request_bytes(&finding).await?;
        let failed = match replay::case(&session.contract, &oracle, &finding) {
            Some(case) => {
                let outcome = engine::send(&session.probe, &judge, &case, session.timeout).await;
                judge.judge(&case, &outcome).into_iter().next()
            }
            None => scenario_findings
                .iter()
                .find(|it| it.method == finding.method && it.case == finding.case)
                .cloned(),
        };
        results.push(replay::ReplayResult::new(failure, failed));
    }
    Ok(results)
}

/// Repeats the steps of a sequence with new resources. Returns what it finds now; `None` if it
/// cannot be run.
async fn replay_sequence(
    session: &Session,
    config: &Config,
    (oracle, judge): (&Oracle, &Judge<'_>),
    (recorded, sequence): (&Failures, &Sequence),
) -> anyhow::Result<Option<Option<Finding>>> {
    let methods = session.contract.methods();
    let methods: Vec<&Method> = methods
        .filter(|it| recorded.methods.contains(&it.path))
        .filter(|it| session.probe.has_credential_for(it))
        .collect();
    let client = (&session.probe, session.timeout);
    let callable = methods.iter().copied();
    let (fixtures, _) = fixtures::resolve(config, &session.contract, callable, client).await?;
    let source = ContractCases::new(&session.contract, &fixtures);
    let served = methods.into_iter().map(|method| ServedMethod {
        method,
        valid: engine::valid_requests(&source.derive(method).cases),
        refused: Vec::new(),
        authorised: true,
    });
    let served: Vec<ServedMethod<'_>> = served.filter(|it| !it.valid.is_empty()).collect();
    let context = behaviour::Context {
        contract: &session.contract,
        oracle,
        judge,
        probe: &session.probe,
        methods: &served,
        timeout: session.timeout,
    };
    let inputs = sequences::Inputs {
        settings: &config.file.sequences,
        seed: 0,
        is_fixed: &|field| source.has_fixture(field),
    };
    let repeated = sequences::replay(&context, &inputs, sequence).await;
    Ok(repeated.map(Result::err))
}

/// Sends the calls that were in flight when the server went away one at a time, and then
/// together. Returns the finding of the first call that gets no answer.
async fn replay_suspects(
    session: &Session,
    judge: &Judge<'_>,
    suspects: &[Suspect],
) -> Option<Finding> {
    let cases: Vec<Case> = suspects.iter().map(Suspect::to_case).collect();
    let send = async |case| {
        let outcome = engine::send(&session.probe, judge, case, session.timeout).await;
        let findings = judge.judge(case, &outcome).into_iter();
        findings
            .into_iter()
            .find(|it| it.kind == FindingKind::Crash)
    };
    for case in &cases {
        if let Some(crash) = send(case).await {
            return Some(crash);
        }
    }
    let together = futures::future::join_all(cases.iter().map(send)).await;
    let crash = together.into_iter().flatten().next()?;
    let (calls, observed) = (cases.len(), &crash.observed);
    let observed = format!("{observed}, when {calls} calls are in flight together");
    Some(Finding { observed, ..crash })
}

/// Runs the scenarios of the recorded behaviour findings and returns what they find now.
async fn run_scenarios(
    session: &Session,
    config: &Config,
    profile: &Profile,
    (recorded, failures): (&Failures, &[&Failure]),
) -> anyhow::Result<Vec<Finding>> {
    let findings: Vec<&Finding> = failures
        .iter()
        .map(|failure| &failure.finding)
        .filter(|finding| finding.reproduction.is_none() && finding.suspects.is_empty())
        .filter(|finding| finding.sequence.is_none())
        .collect();
    if findings.is_empty() {
        return Ok(Vec::new());
    }
    // A finding without a method concerns the whole server, and its scenario needs all
    // methods that were checked.
    let needs_all = findings.iter().any(|it| it.method.is_empty());
    let is_needed = |method: &&Method| {
        if needs_all {
            recorded.methods.contains(&method.path)
        } else {
            findings.iter().any(|it| it.method == method.path)
        }
    };
    let methods: Vec<&Method> = session.contract.methods().filter(is_needed).collect();
    let callable = methods
        .iter()
        .copied()
        .filter(|it| session.probe.has_credential_for(it));
    let client = (&session.probe, session.timeout);
    let (fixtures, _) = fixtures::resolve(config, &session.contract, callable, client).await?;
    let source = ContractCases::new(&session.contract, &fixtures);
    let mut plan = Plan::new(&session.contract, &session.probe, profile.clone());
    plan.methods = methods;
    plan.phases = [Phase::Behaviour].into();
    plan.timeout = session.timeout;
    plan.grace = Duration::from_secs(1);
    let report = engine::run_with(&plan, &source, |_| ()).await;
    let was_run = |finding: &&Finding| {
        let mut counts = report.counts.iter();
        counts.any(|it| it.phase == Phase::Behaviour && it.method == finding.method && it.sent > 0)
    };
    // A scenario that could not run counts as failed, not as fixed.
    let not_run = findings
        .into_iter()
        .filter(|finding| !was_run(finding))
        .map(|finding| Finding {
            observed: "the scenario could not be run again".to_owned(),
            ..finding.clone()
        });
    let not_run: Vec<Finding> = not_run.collect();
    let found = report.kept_findings().cloned();
    Ok(found.chain(not_run).collect())
}
