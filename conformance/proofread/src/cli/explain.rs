//! `proofread explain`: describes one method of a contract.

use std::process::ExitCode;

use clap::Args;

use super::{
    cases::baseline_request,
    connection::{ConfigArguments, ContractArguments},
    fixtures, output,
};
use crate::{
    case::{Expect, Phase},
    cases,
    config::Config,
    contract::{Contract, Method},
    explain,
    oracle::Oracle,
    profile::Profile,
    style::count,
    unset::UnsetAnalysis,
    wire,
};

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The method: package.Service/Method, or any unique ending of it, such as Method.
    method: String,

    #[command(flatten)]
    contract: ContractArguments,

    #[command(flatten)]
    config: ConfigArguments,

    /// Prints the description as JSON.
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.read()?;
        let wanted = |path: &str| explain::is_name_of(&self.method, path);
        let text = self
            .contract
            .with_part(&config, wanted, |contract| self.text(&config, contract))?;
        output::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }

    fn text(&self, config: &Config, contract: &Contract) -> anyhow::Result<String> {
        let method = explain::find_method(contract, &self.method)?;
        let unset = UnsetAnalysis::new(contract);
        let mut explanation = explain::explain(contract, &unset, method);
        let literal_values = fixtures::literal_values(config, contract)?;
        explanation.cases = case_counts(contract, method, &literal_values);
        let call_fixtures = fixtures::call_fixtures(config, contract, method)?;
        let notes = call_fixtures.iter().map(|it| ("fixture", it.description()));
        explanation.cases.extend(notes);
        if self.json {
            output::json(&explanation)
        } else {
            Ok(explain::text(&explanation))
        }
    }
}

/// How many cases each phase has, and which parts of the contract have no case.
fn case_counts(
    contract: &Contract,
    method: &Method,
    fixtures: &cases::Fixtures,
) -> Vec<(&'static str, String)> {
    let generated = cases::derive(contract, method, fixtures);
    let of_phase = |phase: Phase| {
        generated
            .cases
            .iter()
            .filter(move |case| case.phase == phase)
    };
    let numbers = |phase: Phase| {
        let accepted = of_phase(phase).filter(|case| matches!(case.expect, Expect::Accepted));
        let (all, accepted) = (of_phase(phase).count(), accepted.count());
        let refused = all - accepted;
        let cases = count(all as u64, "case");
        match all {
            0 => cases,
            _ => format!("{cases}: {accepted} to be accepted, {refused} to be refused"),
        }
    };
    let mut lines = vec![
        ("baseline", numbers(Phase::Baseline)),
        ("unset", numbers(Phase::Unset)),
        ("boundary", numbers(Phase::Boundary)),
    ];
    if let Some(baseline) = baseline_request(&generated.cases) {
        let profile = Profile::strict();
        let oracle = Oracle::new(contract);
        let wire = wire::cases(contract, &oracle, method, baseline, &profile);
        lines.push(("wire", count(wire.len() as u64, "case")));
    }
    let notes = generated.uncovered.iter();
    lines.extend(notes.map(|it| ("uncovered", it.to_string())));
    lines
}
