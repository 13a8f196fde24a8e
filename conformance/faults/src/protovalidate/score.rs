//! The score, and what it is made of.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use super::{generated::Generated, harness};

/// The package of the cases, which the table of gaps leaves out.
const CASES: &str = "buf.validate.conformance.cases.";

/// A deviation of the other implementation: the message, and what is right.
const KNOWN_DISAGREEMENT: (&str, &str) = (
    "buf.validate.conformance.cases.StringHttpHeaderValueLoose ",
    "protovalidate for Go 1.4.0 refuses an empty header value where `strict` is false, which the \
     definition of the rule in `validate.proto` allows",
);

/// The score, and what is wrong.
pub struct Score {
    /// The numbers, as a Markdown table.
    pub numbers: String,
    /// The rules without requests and the reasons, as a Markdown table.
    pub gaps: String,
    /// Cases with a wrong result, requests that do not do what they were generated for,
    /// and requests about which the implementations disagree.
    pub failures: Vec<String>,
}

/// Runs the harness on this program, generates requests, and compares them with another
/// executor.
///
/// # Errors
/// When one of the programs can't be run.
pub fn score(harness: &Path, other: &Path) -> anyhow::Result<Score> {
    let report = harness::run(harness)?;
    let cases = report.suites.iter().flat_map(|suite| {
        let cases = suite.cases.iter();
        cases.map(move |case| (format!("{}/{}", suite.name, case.name), case.success))
    });
    let (passed, failed): (Vec<_>, Vec<_>) = cases.partition(|(_, success)| *success);
    let generated = Generated::new(&report)?;
    let response = harness::execute(other, &generated.to_request())?;
    let disagreements = generated.disagreements(&response);
    let agreed = generated.len() - disagreements.len();
    let (known, disagreements): (Vec<_>, Vec<_>) = disagreements
        .into_iter()
        .partition(|it| it.starts_with(KNOWN_DISAGREEMENT.0));
    let mut numbers = String::from("| measured | of | as required |\n| --- | ---: | ---: |\n");
    let rows = [
        (
            "conformance cases: the oracle reports the required violations or error",
            passed.len() + failed.len(),
            passed.len(),
        ),
        (
            "rules in the messages of these cases: requests keep and break them",
            generated.rules.rules,
            generated.rules.both,
        ),
        (
            "generated requests: protovalidate for Go reports the same violations",
            generated.len(),
            agreed,
        ),
    ];
    for (what, all, right) in rows {
        // Writing to a string does not fail.
        let _ = writeln!(numbers, "| {what} | {all} | {right} |");
    }
    let mut gaps = gaps(&generated);
    if !known.is_empty() {
        let (count, reason) = (known.len(), KNOWN_DISAGREEMENT.1);
        let _ = writeln!(gaps, "\n{count} disagreements: {reason}.");
    }
    let failed = failed.into_iter().map(|(name, _)| name);
    let failures = failed.chain(generated.defects).chain(disagreements);
    Ok(Score {
        numbers,
        gaps,
        failures: failures.collect(),
    })
}

/// The reasons for rule sides without a request, each with their number and an example.
fn gaps(generated: &Generated) -> String {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (rule_side, reason) in &generated.gaps {
        by_reason.entry(reason).or_default().push(rule_side);
    }
    let mut text =
        String::from("| no request, because | rule sides | for example |\n| --- | ---: | --- |\n");
    for (reason, rule_sides) in by_reason {
        let example = rule_sides
            .first()
            .map_or("", |it| it.trim_start_matches(CASES));
        let _ = writeln!(text, "| {reason} | {} | `{example}` |", rule_sides.len());
    }
    text
}
