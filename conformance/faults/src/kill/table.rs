//! The kill table as Markdown.

use std::fmt::Write as _;

use proofread::case::Phase;

use super::{Alarms, Hunted};
use crate::faults::Claim;

/// How many faults are caught, by the phase that claims them, and what became of the
/// correct server if it was tested.
pub fn summary(table: &[Hunted], sweep: &[Hunted], correct: Option<&Alarms>) -> String {
    let mut text =
        String::from("| claimed by | seeded faults | caught as claimed |\n| --- | ---: | ---: |\n");
    for phase in Phase::ALL {
        let claims = |it: &&Hunted| matches!(it.fault.claim, Claim::Caught(by, _) if by == phase);
        line(
            &mut text,
            &format!("{phase:?}"),
            table.iter().filter(claims),
        );
    }
    let name = "Boundary and Unset: each rule of each field, not checked";
    line(&mut text, name, sweep.iter());
    let undetectable = |it: &&Hunted| matches!(it.fault.claim, Claim::Undetectable(_));
    let undetectable: Vec<_> = table.iter().filter(undetectable).collect();
    let caught = undetectable.iter().filter(|it| !it.caught.is_empty());
    let _ = writeln!(
        text,
        "| nobody, with the reason | {} | {} |",
        undetectable.len(),
        caught.count()
    );
    if let Some(correct) = correct {
        let _ = writeln!(
            text,
            "\nThe correct server, with {} random cases and all others: {} false alarms.",
            correct.random,
            correct.alarms.len() + correct.defects.len()
        );
    }
    text
}

fn line<'h>(text: &mut String, name: &str, hunted: impl Iterator<Item = &'h Hunted>) {
    let hunted: Vec<&Hunted> = hunted.collect();
    if hunted.is_empty() {
        return;
    }
    let caught = hunted.iter().filter(|it| it.is_as_claimed()).count();
    // Writing to a string does not fail.
    let _ = writeln!(text, "| {name} | {} | {caught} |", hunted.len());
}

/// The faults that were thought of one by one, with who caught each; then those
/// that nothing can catch; then the sweep in numbers, and what escaped of it.
pub fn markdown(table: &[Hunted], sweep: &[Hunted]) -> String {
    let mut text = String::from(
        "| fault | what the server does | phase | caught as | by case |\n| --- | --- | --- | --- | --- |\n",
    );
    let (undetectable, claimed): (Vec<_>, Vec<_>) = table
        .iter()
        .partition(|it| matches!(it.fault.claim, Claim::Undetectable(_)));
    for hunted in &claimed {
        row(&mut text, hunted);
    }
    text.push_str(
        "\n| found to be undetectable | what the server does | why |\n| --- | --- | --- |\n",
    );
    for hunted in undetectable {
        if let Claim::Undetectable(why) = hunted.fault.claim {
            let escaped = match hunted.caught.first() {
                None => String::new(),
                Some(catch) => format!(" **and yet caught by {}**", catch.case),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {why}{escaped} |",
                hunted.fault.id, hunted.fault.does
            );
        }
    }
    let caught = sweep.iter().filter(|it| it.is_as_claimed()).count();
    let _ = writeln!(
        text,
        "\nEvery rule of every field of every request, not checked, one at a time: {caught} of {} are caught.",
        sweep.len()
    );
    let missed: Vec<&Hunted> = sweep.iter().filter(|it| !it.is_as_claimed()).collect();
    if !missed.is_empty() {
        text.push_str("\n| fault | what the server does | phase | caught as | by case |\n| --- | --- | --- | --- | --- |\n");
        missed.into_iter().for_each(|it| row(&mut text, it));
    }
    text
}

fn row(text: &mut String, hunted: &Hunted) {
    let fault = &hunted.fault;
    let Claim::Caught(phase, kind) = fault.claim else {
        return;
    };
    let as_claimed = hunted.is_as_claimed();
    let claimed = hunted
        .caught
        .iter()
        .find(|it| it.phase == phase && it.kind == kind);
    let (caught, case) = match claimed.or(hunted.caught.first()) {
        None => ("**nothing**".to_owned(), String::new()),
        // Which of the random cases it is changes with every way of making them.
        Some(catch) if as_claimed && phase == Phase::Random => {
            (format!("{:?}", catch.kind), "one of them".to_owned())
        }
        Some(catch) if as_claimed => (format!("{:?}", catch.kind), catch.case.clone()),
        Some(catch) => (
            format!("**{:?} in {:?}, not {kind:?}**", catch.kind, catch.phase),
            catch.case.clone(),
        ),
    };
    // Writing to a string does not fail. A bar would end the cell.
    let _ = writeln!(
        text,
        "| {} | {} | {phase:?} | {caught} | {} |",
        fault.id,
        fault.does,
        case.replace('|', "\\|")
    );
}
