//! `proofread replay`.

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
    case::Phase,
    config::Config,
    contract::Method,
    engine::{self, FromContract, Plan},
    failures::{Failure, Failures},
    finding::Finding,
    judge::Judge,
    oracle::Oracle,
    profile::Profile,
    replay,
};

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The recorded failures.
    #[arg(value_name = "FAILURES")]
    file: PathBuf,

    /// The server [default: the one that was recorded].
    #[arg(long)]
    url: Option<String>,

    /// Sends only these, by the numbers of the report.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<usize>,

    #[command(flatten)]
    contract: ContractArguments,

    #[command(flatten)]
    config: ConfigArguments,

    #[command(flatten, next_help_heading = "How to reach the server")]
    connection: ConnectionArguments,

    #[command(flatten, next_help_heading = "What is expected of its stack")]
    profile: ProfileArguments,

    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.replay())
    }

    async fn replay(self) -> anyhow::Result<ExitCode> {
        let recorded = Failures::open(&self.file)?;
        let chosen = self.chosen(&recorded)?;
        let config = self.config.read()?;
        let url = self.url.as_deref();
        // What was recorded is nearer than what the configuration says by now.
        let url = session::choose_url(url.or(Some(&recorded.url)), &config, None)?;
        let held = (
            recorded.profile.as_str(),
            recorded.details.as_str(),
            recorded.trailer_limit,
        );
        let profile = self.profile.profile(&config, Some(held))?;
        let contract = recorded.contract.as_ref().map(PathBuf::from);
        let session = Session::open(
            &url,
            &config,
            &self.contract,
            contract.as_deref(),
            &self.connection,
        )
        .await?;
        credentials(&session, &chosen)?;
        let results = again(&session, &config, &profile, (&recorded, &chosen)).await?;
        let text = match self.json {
            true => output::json(&results)?,
            false => replay::text(&results, recorded.left_out),
        };
        output::print(&text)?;
        let failed = results.iter().any(|result| result.failed.is_some());
        Ok(ExitCode::from(u8::from(failed)))
    }

    fn chosen<'f>(&self, recorded: &'f Failures) -> anyhow::Result<Vec<&'f Failure>> {
        for id in &self.only {
            if !recorded.failures.iter().any(|failure| failure.id == *id) {
                let count = recorded.failures.len();
                bail!(
                    "{} has no failure {id}: it has {count}",
                    self.file.display()
                );
            }
        }
        let chosen = recorded.failures.iter();
        Ok(chosen
            .filter(|failure| self.only.is_empty() || self.only.contains(&failure.id))
            .collect())
    }
}

/// Without the credential a method refuses whatever it is sent, which would look like
/// a verdict.
fn credentials(session: &Session, failures: &[&Failure]) -> anyhow::Result<()> {
    for failure in failures.iter().filter(|it| it.finding.again.is_some()) {
        let Some(method) = session.method(&failure.finding.method) else {
            continue;
        };
        if let Some(access) = method
            .access
            .as_ref()
            .filter(|_| !session.probe.may_call(method))
        {
            let name = &access.credential;
            bail!(
                "failure {} needs the credential {name}; give --credential {name}=TOKEN",
                failure.id
            );
        }
    }
    Ok(())
}

/// Makes the calls again, one after the other; those that are about several calls by
/// running their scenarios.
async fn again(
    session: &Session,
    config: &Config,
    profile: &Profile,
    (recorded, failures): (&Failures, &[&Failure]),
) -> anyhow::Result<Vec<replay::Result>> {
    let oracle = Oracle::new(&session.contract);
    let judge = Judge::new(&session.contract, &oracle, profile);
    let scenarios = scenarios(session, config, profile, (recorded, failures)).await?;
    let mut anew = FixtureRefresher::new(session, config, (recorded, failures))?;
    let mut results = Vec::new();
    for failure in failures {
        let mut finding = failure.finding.clone();
        finding.sent = anew.sent(&finding).await?;
        let failed = match replay::case(&session.contract, &oracle, &finding) {
            Some(case) => {
                let outcome = engine::send(&session.probe, &judge, &case, session.timeout).await;
                judge.judge(&case, &outcome).into_iter().next()
            }
            None => scenarios
                .iter()
                .find(|it| it.method == finding.method && it.case == finding.case)
                .cloned(),
        };
        results.push(replay::Result::new(failure, failed));
    }
    Ok(results)
}

/// The findings of the scenarios that the failures are about.
async fn scenarios(
    session: &Session,
    config: &Config,
    profile: &Profile,
    (recorded, failures): (&Failures, &[&Failure]),
) -> anyhow::Result<Vec<Finding>> {
    let claims: Vec<&Finding> = failures
        .iter()
        .map(|failure| &failure.finding)
        .filter(|finding| finding.again.is_none())
        .collect();
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    // A claim about the server is made of all methods that were checked.
    let everything = claims.iter().any(|claim| claim.method.is_empty());
    let concerned = |method: &&Method| match everything {
        true => recorded.methods.contains(&method.path),
        false => claims.iter().any(|claim| claim.method == method.path),
    };
    let methods: Vec<&Method> = session.contract.methods().filter(concerned).collect();
    let served = methods
        .iter()
        .copied()
        .filter(|it| session.probe.may_call(it));
    let client = (&session.probe, session.timeout);
    let (fixtures, _) = fixtures::resolve(config, &session.contract, served, client).await?;
    let source = FromContract::new(&session.contract, &fixtures);
    let mut plan = Plan::new(&session.contract, &session.probe, profile.clone());
    plan.methods = methods;
    plan.phases = [Phase::Behaviour].into();
    plan.timeout = session.timeout;
    plan.grace = Duration::from_secs(1);
    let report = engine::run_with(&plan, &source, |_| ()).await;
    let tried = |claim: &&Finding| {
        let mut counts = report.counts.iter();
        counts.any(|it| it.phase == Phase::Behaviour && it.method == claim.method && it.sent > 0)
    };
    // Not to have been tried is not to be fixed.
    let untried = claims
        .into_iter()
        .filter(|claim| !tried(claim))
        .map(|claim| Finding {
            observed: "the scenario could not be tried again".to_owned(),
            ..claim.clone()
        });
    let untried: Vec<Finding> = untried.collect();
    let found = report.kept().cloned();
    Ok(found.chain(untried).collect())
}
