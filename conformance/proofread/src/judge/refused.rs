//! The answer to a request that breaks rules: INVALID_ARGUMENT, with details that
//! say exactly which.

use std::collections::BTreeSet;

use super::{
    Wrong,
    details::{self, Read, googled},
};
use crate::{
    case::Violation,
    contract::Code,
    finding::FindingKind,
    outcome::Answer,
    profile::{Details, Profile},
};

/// Violations may be left out where all of them would need more than this part of
/// the trailer's limit: a server can't fill it to the last byte.
const FULL: f64 = 0.5;

pub(super) fn check(
    due: &[Violation],
    code: Code,
    answer: &Answer,
    read: Option<&Read>,
    profile: &Profile,
) -> Vec<Wrong> {
    let expected = || format!("INVALID_ARGUMENT, because of {}", list(due));
    match code {
        Code(3) => {}
        Code(0) => {
            let observed = match answer.stopped {
                true => "a stream that goes on".to_owned(),
                false => super::describe_answer(answer),
            };
            return vec![(FindingKind::RuleNotChecked, expected(), observed)];
        }
        _ => {
            let observed = super::describe_answer(answer);
            return vec![(FindingKind::WrongCode, expected(), observed)];
        }
    }
    if profile.details == Details::None {
        return Vec::new();
    }
    let missing = missing(read, profile);
    if !missing.is_empty() {
        return missing;
    }
    let Some(read) = read else {
        return Vec::new();
    };
    let due: BTreeSet<&Violation> = due.iter().collect();
    let mut wrong = Vec::new();
    if let Some(listed) = &read.violations {
        let listed: BTreeSet<&Violation> = listed.iter().collect();
        if listed != due && !cut(&due, &listed, answer, profile) {
            wrong.push(difference(&due, &listed));
            // What follows would only say it again.
            return wrong;
        }
    }
    if let Some(listed) = &read.bad_request {
        wrong.extend(bad_request(&due, listed, answer, read, profile));
    }
    wrong
}

/// The details that the profile asks for and the answer lacks.
fn missing(read: Option<&Read>, profile: &Profile) -> Vec<Wrong> {
    const VIOLATIONS: &str = "buf.validate.Violations";
    const BAD_REQUEST: &str = "google.rpc.BadRequest";
    let asked: &[&str] = match profile.details {
        Details::Both => &[VIOLATIONS, BAD_REQUEST],
        Details::Violations => &[VIOLATIONS],
        Details::BadRequest => &[BAD_REQUEST],
        Details::Any | Details::None => &[],
    };
    let there: Vec<&str> = read
        .iter()
        .flat_map(|read| read.names.iter().map(String::as_str))
        .collect();
    let places: Vec<Option<usize>> = asked
        .iter()
        .map(|name| there.iter().position(|found| found == name))
        .collect();
    let complete = places.iter().all(Option::is_some) && places.is_sorted();
    if complete {
        return Vec::new();
    }
    let observed = match there.is_empty() {
        true => "no details".to_owned(),
        false => format!("the details {}", there.join(", ")),
    };
    let expected = format!("the details {}", asked.join(" and then "));
    vec![(FindingKind::WrongDetails, expected, observed)]
}

/// Whether a list is a piece of what is due that is cut for a good reason, and says
/// so: all of it would not fit, and the message counts what is left out.
fn cut<T: Ord>(
    due: &BTreeSet<T>,
    listed: &BTreeSet<T>,
    answer: &Answer,
    profile: &Profile,
) -> bool {
    if listed.is_empty() || !listed.is_subset(due) {
        return false;
    }
    let size = answer.trailer(details::DETAILS).map_or(0, <[u8]>::len);
    let share = |number: usize| number as f64;
    let whole = share(size) * share(due.len()) / share(listed.len());
    whole > share(profile.trailer_limit) * FULL
        && counts(&details::message(answer), due.len(), listed.len())
}

/// Whether a text holds the number of violations, with or without those listed or
/// the one that it names itself.
fn counts(text: &str, due: usize, listed: usize) -> bool {
    let numbers = text.split(|character: char| !character.is_ascii_digit());
    let numbers: Vec<usize> = numbers.filter_map(|number| number.parse().ok()).collect();
    // Violations of one path and rule count twice where a map's key and value break
    // the same rule, so that the server may count more than we.
    let left_out = due.saturating_sub(listed);
    numbers.iter().any(|number| *number >= left_out.max(1))
}

fn difference(due: &BTreeSet<&Violation>, listed: &BTreeSet<&Violation>) -> Wrong {
    let missing: Vec<Violation> = due.difference(listed).map(|due| (*due).clone()).collect();
    let extra: Vec<Violation> = listed.difference(due).map(|due| (*due).clone()).collect();
    let mut observed = Vec::new();
    if !missing.is_empty() {
        observed.push(format!("without {}", list(&missing)));
    }
    if !extra.is_empty() {
        observed.push(format!("with {}, which is not due", list(&extra)));
    }
    let due: Vec<Violation> = due.iter().map(|due| (*due).clone()).collect();
    (
        FindingKind::WrongViolations,
        format!("the violations {}", list(&due)),
        format!("violations {}", observed.join(" and ")),
    )
}

fn bad_request(
    due: &BTreeSet<&Violation>,
    listed: &[details::FieldViolation],
    answer: &Answer,
    read: &Read,
    profile: &Profile,
) -> Vec<Wrong> {
    // Where both are there they say the same; the first has been judged.
    let truth: BTreeSet<&Violation> = match &read.violations {
        Some(violations) => violations.iter().collect(),
        None => due.clone(),
    };
    let fields: BTreeSet<&str> = truth.iter().map(|due| due.path.as_str()).collect();
    let named: BTreeSet<&str> = listed.iter().map(|it| it.field.as_str()).collect();
    let cut_alone = read.violations.is_none() && cut(&fields, &named, answer, profile);
    if fields != named && !cut_alone {
        let join = |set: &BTreeSet<&str>| {
            let quoted: Vec<String> = set.iter().map(|field| format!("{field:?}")).collect();
            quoted.join(", ")
        };
        let kind = match read.violations {
            Some(_) => FindingKind::WrongDetails,
            None => FindingKind::WrongViolations,
        };
        return vec![(
            kind,
            format!("google.rpc.BadRequest with the fields {}", join(&fields)),
            format!("google.rpc.BadRequest with the fields {}", join(&named)),
        )];
    }
    if profile.details != Details::Both {
        return Vec::new();
    }
    let due: BTreeSet<(&str, String)> = truth
        .iter()
        .map(|due| (due.path.as_str(), googled(&due.rule)))
        .collect();
    let named: BTreeSet<(&str, String)> = listed
        .iter()
        .map(|it| (it.field.as_str(), googled(&it.reason)))
        .collect();
    if due == named {
        return Vec::new();
    }
    let join = |set: &BTreeSet<(&str, String)>| {
        let pairs: Vec<String> = set
            .iter()
            .map(|(field, reason)| format!("{field} {reason}"))
            .collect();
        pairs.join(", ")
    };
    vec![(
        FindingKind::WrongDetails,
        format!("google.rpc.BadRequest with the reasons {}", join(&due)),
        format!("google.rpc.BadRequest with the reasons {}", join(&named)),
    )]
}

/// `category enum.not_in, max_results int32.gte_lte`, cut where it gets long.
pub(super) fn list(due: &[Violation]) -> String {
    const SHOWN: usize = 8;
    let mut shown: Vec<String> = due
        .iter()
        .take(SHOWN)
        .map(|due| match due.path.is_empty() {
            true => format!("the rule {} of the message", due.rule),
            false => format!("{} {}", due.path, due.rule),
        })
        .collect();
    if due.len() > SHOWN {
        shown.push(format!("{} more", due.len() - SHOWN));
    }
    shown.join(", ")
}
