//! The flags about the baseline.

use std::{collections::BTreeSet, path::PathBuf};

use clap::Args;

use super::output;
use crate::{
    case::Phase,
    config::{Baseline, Config},
    contract::Contract,
    engine::{Plan, Report},
    report::Output,
    style::count,
};

/// The file if neither flag nor configuration names one.
const DEFAULT_FILE: &str = "proofread.baseline.toml";

#[derive(Debug, Args)]
pub(super) struct BaselineArguments {
    /// The file with known failures that are accepted until a date, so that only others
    /// fail the check [default: proofread.baseline.toml, if it exists].
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Accepts all failures of this run for 90 days, for this reason, by writing them to
    /// the baseline, and removes the entries of failures that are fixed. Exits with 0.
    #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    update_baseline: Option<String>,
}

/// A baseline and its file.
pub(super) struct OpenBaseline<'a> {
    pub(super) baseline: Baseline,
    file: PathBuf,
    reason: Option<&'a str>,
}

impl BaselineArguments {
    /// Reads the baseline. Only a file that a flag or the configuration names must exist,
    /// unless it is to be written.
    pub(super) fn open(&self, config: &Config) -> anyhow::Result<OpenBaseline<'_>> {
        let configured = config.file.baseline.as_deref();
        let named = self
            .baseline
            .clone()
            .or_else(|| configured.map(|path| config.resolve(path)));
        let reason = self.update_baseline.as_deref();
        let may_be_missing = named.is_none() || reason.is_some();
        let file = named.unwrap_or_else(|| DEFAULT_FILE.into());
        let today = jiff::Zoned::now().date();
        let baseline = if may_be_missing && !file.exists() {
            Baseline::empty(today)
        } else {
            Baseline::open(&file, today)?
        };
        Ok(OpenBaseline {
            baseline,
            file,
            reason,
        })
    }
}

impl OpenBaseline<'_> {
    /// Writes the findings of a run to the file, if that is asked for, and returns what
    /// was written.
    pub(super) fn update(
        mut self,
        report: &Report,
        was_checked: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Option<String>> {
        let Some(reason) = self.reason else {
            return Ok(None);
        };
        self.baseline.update(&report.ids, reason, was_checked);
        let output = Output::File(self.file.clone());
        output::write(&output, &self.baseline.to_toml())?;
        let entries = count(self.baseline.len() as u64, "known failure");
        let file = self.file.display();
        Ok(Some(format!("{file} accepts {entries}\n")))
    }
}

/// The methods of which this run would have found every known failure: all phases ran to
/// their end. `server` stands for the server as a whole. A method that the contract does
/// not have any more counts as checked.
pub(super) fn checked_methods(
    contract: &Contract,
    plan: &Plan<'_>,
    report: &Report,
) -> impl Fn(&str) -> bool {
    let complete = report.stopped.is_none() && plan.phases.len() == Phase::ALL.len();
    let name = |path: &str| path.trim_start_matches('/').to_owned();
    let counts = report.counts.iter();
    let sent = counts.filter(|it| it.phase == Phase::Random && it.sent > 0);
    let mut checked: BTreeSet<String> = sent.map(|it| name(&it.method)).collect();
    let all: BTreeSet<String> = contract.methods().map(|it| name(&it.path)).collect();
    if plan.methods.len() == all.len() {
        checked.insert("server".to_owned());
    }
    move |method: &str| {
        let known = method == "server" || all.contains(method);
        complete && (checked.contains(method) || !known)
    }
}
