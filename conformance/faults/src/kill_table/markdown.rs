//! Formats the kill table as Markdown.

use std::fmt::Write as _;

use proofread::case::Phase;

use super::{CorrectServerReport, FaultResult};
use crate::faults::Expectation;

/// The number of faults and of detected faults for each expected phase, and the result of
/// the correct server if it was tested.
pub fn summary(
    table: &[FaultResult],
    unchecked_rules: &[FaultResult],
    correct: Option<&CorrectServerReport>,
) -> String {
    let mut text = String::from(
        "| expected phase | seeded faults | detected as expected |\n| --- | ---: | ---: |\n",
    );
    for phase in Phase::ALL {
        let is_expected = |it: &&FaultResult| matches!(it.fault.expectation, Expectation::DetectedBy(by, _) if by == phase);
        line(
            &mut text,
            &format!("{phase:?}"),
            table.iter().filter(is_expected),
        );
    }
    let name = "Boundary and Unset: each rule of each field unchecked, one at a time";
    line(&mut text, name, unchecked_rules.iter());
    let undetectable =
        |it: &&FaultResult| matches!(it.fault.expectation, Expectation::Undetectable(_));
    let undetectable: Vec<_> = table.iter().filter(undetectable).collect();
    let detected = undetectable.iter().filter(|it| !it.detections.is_empty());
    let _ = writeln!(
        text,
        "| none: undetectable | {} | {} |",
        undetectable.len(),
        detected.count()
    );
    if let Some(correct) = correct {
        let _ = writeln!(
            text,
            "\nThe correct server, with {} random cases and all others: {} false positives.",
            correct.random,
            correct.false_positives.len() + correct.defects.len()
        );
    }
    text
}

fn line<'r>(text: &mut String, name: &str, results: impl Iterator<Item = &'r FaultResult>) {
    let results: Vec<&FaultResult> = results.collect();
    if results.is_empty() {
        return;
    }
    let detected = results.iter().filter(|it| it.is_as_expected()).count();
    // Writing to a string does not fail.
    let _ = writeln!(text, "| {name} | {} | {detected} |", results.len());
}

/// The written faults with their findings, the undetectable faults with the reasons, and
/// the number of detected unchecked rules, with a table of those that were not detected.
pub fn markdown(table: &[FaultResult], unchecked_rules: &[FaultResult]) -> String {
    let mut text = String::from(
        "| fault | what the server does | phase | finding | case |\n| --- | --- | --- | --- | --- |\n",
    );
    let (undetectable, detectable): (Vec<_>, Vec<_>) = table
        .iter()
        .partition(|it| matches!(it.fault.expectation, Expectation::Undetectable(_)));
    for result in &detectable {
        row(&mut text, result);
    }
    text.push_str("\n| undetectable fault | what the server does | why |\n| --- | --- | --- |\n");
    for result in undetectable {
        if let Expectation::Undetectable(why) = result.fault.expectation {
            let detected = match result.detections.first() {
                None => String::new(),
                Some(detection) => format!(" **but detected by {}**", detection.case),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {why}{detected} |",
                result.fault.id, result.fault.does
            );
        }
    }
    let detected = unchecked_rules
        .iter()
        .filter(|it| it.is_as_expected())
        .count();
    let _ = writeln!(
        text,
        "\nEvery rule of every field of every request, unchecked, one at a time: {detected} of {} are detected.",
        unchecked_rules.len()
    );
    let undetected: Vec<&FaultResult> = unchecked_rules
        .iter()
        .filter(|it| !it.is_as_expected())
        .collect();
    if !undetected.is_empty() {
        text.push_str("\n| fault | what the server does | phase | finding | case |\n| --- | --- | --- | --- | --- |\n");
        undetected.into_iter().for_each(|it| row(&mut text, it));
    }
    text
}

fn row(text: &mut String, result: &FaultResult) {
    let fault = &result.fault;
    let Expectation::DetectedBy(phase, kind) = fault.expectation else {
        return;
    };
    let as_expected = result.is_as_expected();
    let expected = result
        .detections
        .iter()
        .find(|it| it.phase == phase && it.kind == kind);
    let (finding, case) = match expected.or(result.detections.first()) {
        None => ("**not detected**".to_owned(), String::new()),
        // The id of the random case depends on the implementation of the generator.
        Some(detection) if as_expected && phase == Phase::Random => {
            (format!("{:?}", detection.kind), "random".to_owned())
        }
        // Which sequence shows it first depends on names that are new in each run.
        Some(detection) if as_expected && phase == Phase::Sequences => {
            let claim = detection.case.rsplit_once('/').map(|(claim, _)| claim);
            (
                format!("{:?}", detection.kind),
                claim.unwrap_or_default().to_owned(),
            )
        }
        Some(detection) if as_expected => (format!("{:?}", detection.kind), detection.case.clone()),
        Some(detection) => (
            format!(
                "**{:?} in {:?}, not {kind:?}**",
                detection.kind, detection.phase
            ),
            detection.case.clone(),
        ),
    };
    // Writing to a string does not fail. A pipe would end the cell.
    let _ = writeln!(
        text,
        "| {} | {} | {phase:?} | {finding} | {} |",
        fault.id,
        fault.does,
        case.replace('|', "\\|")
    );
}
