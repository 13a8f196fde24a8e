//! Checks the answer to a request that breaks rules: it must be INVALID_ARGUMENT, and its
//! details must name exactly the broken rules.

use std::collections::BTreeSet;

use super::{
    Mismatch,
    details::{self, StatusDetails, google_reason},
};
use crate::{
    case::Violation,
    contract::Code,
    finding::FindingKind,
    outcome::Answer,
    profile::{Details, Profile},
};

/// A server may omit violations when all of them would take more than this share of the
/// trailer limit. The share is below 1 because a server can't use the limit exactly.
const MIN_USED_SHARE: f64 = 0.5;

pub(super) fn check(
    required: &[Violation],
    code: Code,
    answer: &Answer,
    status_details: Option<&StatusDetails>,
    profile: &Profile,
) -> Vec<Mismatch> {
    let expected = || {
        format!(
            "INVALID_ARGUMENT, because of {}",
            format_violations(required)
        )
    };
    match code {
        Code(3) => {}
        Code(0) => {
            let observed = if answer.stopped_early {
                "a stream that goes on".to_owned()
            } else {
                super::describe_answer(answer)
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
    let missing = check_required_details(status_details, profile);
    if !missing.is_empty() {
        return missing;
    }
    let Some(status_details) = status_details else {
        return Vec::new();
    };
    let required: BTreeSet<&Violation> = required.iter().collect();
    let mut mismatches = Vec::new();
    if let Some(listed) = &status_details.violations {
        let listed: BTreeSet<&Violation> = listed.iter().collect();
        if listed != required && !is_justified_truncation(&required, &listed, answer, profile) {
            mismatches.push(violation_difference(&required, &listed));
            // The other checks would report the same difference.
            return mismatches;
        }
    }
    if let Some(listed) = &status_details.bad_request {
        mismatches.extend(check_bad_request(
            &required,
            listed,
            answer,
            status_details,
            profile,
        ));
    }
    mismatches
}

/// Checks that the answer has the details that the profile requires, in their order.
fn check_required_details(
    status_details: Option<&StatusDetails>,
    profile: &Profile,
) -> Vec<Mismatch> {
    const VIOLATIONS: &str = "buf.validate.Violations";
    const BAD_REQUEST: &str = "google.rpc.BadRequest";
    let required: &[&str] = match profile.details {
        Details::Both => &[VIOLATIONS, BAD_REQUEST],
        Details::Violations => &[VIOLATIONS],
        Details::BadRequest => &[BAD_REQUEST],
        Details::Any | Details::None => &[],
    };
    let present: Vec<&str> = status_details
        .iter()
        .flat_map(|status_details| status_details.names.iter().map(String::as_str))
        .collect();
    let positions: Vec<Option<usize>> = required
        .iter()
        .map(|name| present.iter().position(|found| found == name))
        .collect();
    let complete = positions.iter().all(Option::is_some) && positions.is_sorted();
    if complete {
        return Vec::new();
    }
    let observed = if present.is_empty() {
        "no details".to_owned()
    } else {
        format!("the details {}", present.join(", "))
    };
    let expected = format!("the details {}", required.join(" and then "));
    vec![(FindingKind::WrongDetails, expected, observed)]
}

/// Whether a server was right to list only some violations: all of them would not fit
/// into the trailer, and the status message says how many are omitted.
fn is_justified_truncation<T: Ord>(
    required: &BTreeSet<T>,
    listed: &BTreeSet<T>,
    answer: &Answer,
    profile: &Profile,
) -> bool {
    if listed.is_empty() || !listed.is_subset(required) {
        return false;
    }
    let size = answer.trailer(details::DETAILS).map_or(0, <[u8]>::len);
    let float = |number: usize| number as f64;
    let full_size = float(size) * float(required.len()) / float(listed.len());
    full_size > float(profile.trailer_limit) * MIN_USED_SHARE
        && mentions_omitted_count(&details::message(answer), required.len(), listed.len())
}

/// Whether a status message contains a number that is at least the number of omitted
/// violations.
fn mentions_omitted_count(text: &str, required: usize, listed: usize) -> bool {
    let numbers = text.split(|character: char| !character.is_ascii_digit());
    let numbers: Vec<usize> = numbers.filter_map(|number| number.parse().ok()).collect();
    // The server may count more violations than we do: when the key and the value of a
    // map entry break the same rule, they have one path and rule but count twice.
    let omitted = required.saturating_sub(listed);
    numbers.iter().any(|number| *number >= omitted.max(1))
}

fn violation_difference(
    required: &BTreeSet<&Violation>,
    listed: &BTreeSet<&Violation>,
) -> Mismatch {
    let missing: Vec<Violation> = required
        .difference(listed)
        .map(|violation| (*violation).clone())
        .collect();
    let extra: Vec<Violation> = listed
        .difference(required)
        .map(|violation| (*violation).clone())
        .collect();
    let mut observed = Vec::new();
    if !missing.is_empty() {
        observed.push(format!("without {}", format_violations(&missing)));
    }
    if !extra.is_empty() {
        observed.push(format!(
            "with {}, which is not broken",
            format_violations(&extra)
        ));
    }
    let required: Vec<Violation> = required
        .iter()
        .map(|violation| (*violation).clone())
        .collect();
    (
        FindingKind::WrongViolations,
        format!("the violations {}", format_violations(&required)),
        format!("violations {}", observed.join(" and ")),
    )
}

fn check_bad_request(
    required: &BTreeSet<&Violation>,
    listed: &[details::FieldViolation],
    answer: &Answer,
    status_details: &StatusDetails,
    profile: &Profile,
) -> Vec<Mismatch> {
    // Both details must list the same violations, and those of the first are checked.
    let expected: BTreeSet<&Violation> = match &status_details.violations {
        Some(violations) => violations.iter().collect(),
        None => required.clone(),
    };
    let fields: BTreeSet<&str> = expected
        .iter()
        .map(|violation| violation.path.as_str())
        .collect();
    let named: BTreeSet<&str> = listed.iter().map(|it| it.field.as_str()).collect();
    let truncated_alone = status_details.violations.is_none()
        && is_justified_truncation(&fields, &named, answer, profile);
    if fields != named && !truncated_alone {
        let join = |set: &BTreeSet<&str>| {
            let quoted: Vec<String> = set.iter().map(|field| format!("{field:?}")).collect();
            quoted.join(", ")
        };
        let kind = match status_details.violations {
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
    let required: BTreeSet<(&str, String)> = expected
        .iter()
        .map(|violation| (violation.path.as_str(), google_reason(&violation.rule)))
        .collect();
    let named: BTreeSet<(&str, String)> = listed
        .iter()
        .map(|it| (it.field.as_str(), google_reason(&it.reason)))
        .collect();
    if required == named {
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
        format!("google.rpc.BadRequest with the reasons {}", join(&required)),
        format!("google.rpc.BadRequest with the reasons {}", join(&named)),
    )]
}

/// Formats violations as `category enum.not_in, max_results int32.gte_lte`, at most
/// eight of them.
pub(super) fn format_violations(violations: &[Violation]) -> String {
    const SHOWN: usize = 8;
    let mut shown: Vec<String> = violations
        .iter()
        .take(SHOWN)
        .map(|violation| {
            if violation.path.is_empty() {
                format!("the rule {} of the message", violation.rule)
            } else {
                format!("{} {}", violation.path, violation.rule)
            }
        })
        .collect();
    if violations.len() > SHOWN {
        shown.push(format!("{} more", violations.len() - SHOWN));
    }
    shown.join(", ")
}
