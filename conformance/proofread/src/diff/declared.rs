//! What the contracts declare in words: errors, unset meanings, idempotency, access.

use std::collections::BTreeMap;

use super::{Change, Severity, Side};
use crate::{
    contract::{Contract, DeclaredError, Idempotency, Method},
    source_location,
    unset::Unset,
};

pub(super) fn compare(
    old: &Side<'_>,
    new: &Side<'_>,
    (before, after): (&Method, &Method),
) -> Vec<Change> {
    let mut changes = errors(old.contract, new.contract, (before, after));
    changes.extend(unset_meanings(old, new, (before, after)));
    changes.extend(idempotency(before, after));
    changes.extend(access(before, after));
    changes.extend(replay(before, after));
    changes
}

fn declared<'c>(contract: &'c Contract, method: &'c Method) -> BTreeMap<String, &'c DeclaredError> {
    let service = contract
        .services()
        .find(|service| service.methods.iter().any(|it| it.path == method.path));
    let common = service
        .into_iter()
        .flat_map(|service| &service.common_errors);
    let errors = method.errors.iter().chain(common);
    errors
        .map(|error| {
            (
                format!("{} {}", error.code, error.reason).trim().to_owned(),
                error,
            )
        })
        .collect()
}

fn errors(old: &Contract, new: &Contract, (before, after): (&Method, &Method)) -> Vec<Change> {
    let (was, is) = (declared(old, before), declared(new, after));
    let added = is.iter().filter(|(name, _)| !was.contains_key(*name));
    let added = added.map(|(name, error)| {
        let what = format!("may now fail with {name}: {}", error.when);
        Change::of(Severity::Behaviour, what).at(source_location::of_method(after))
    });
    let removed = was.iter().filter(|(name, _)| !is.contains_key(*name));
    let removed = removed.map(|(name, error)| {
        let what = format!("does not fail with {name} any more: {}", error.when);
        Change::of(Severity::Behaviour, what)
            .at(source_location::of_method(before).map(|place| format!("{place} (old)")))
    });
    added.chain(removed).collect()
}

/// Fields that were understood when unset and still are, but otherwise. One that is
/// refused now is a change of verdict, and told as such.
fn unset_meanings(
    old: &Side<'_>,
    new: &Side<'_>,
    (before, after): (&Method, &Method),
) -> Vec<Change> {
    let was: BTreeMap<String, Unset> = old
        .unset
        .of_method(before)
        .into_iter()
        .map(|field| (field.path, field.unset))
        .collect();
    let fields = new.unset.of_method(after).into_iter();
    let changes = fields.filter_map(|field| {
        let what = match (was.get(&field.path)?, &field.unset) {
            (Unset::Means(was), Unset::Means(is)) if was != is => {
                format!("{} unset meant {was:?} and means {is:?}", field.path)
            }
            (Unset::Means(was), Unset::Silent) => {
                format!(
                    "{} unset meant {was:?}, and the contract does not say any more",
                    field.path
                )
            }
            (Unset::Silent, Unset::Means(is)) => {
                format!(
                    "{} unset means {is:?}, which was not said before",
                    field.path
                )
            }
            _ => return None,
        };
        Some(Change::of(Severity::Behaviour, what))
    });
    changes.collect()
}

fn idempotency(before: &Method, after: &Method) -> Option<Change> {
    let name = |method: &Method| match method.idempotency {
        Idempotency::NoSideEffects => "NO_SIDE_EFFECTS",
        Idempotency::Idempotent => "IDEMPOTENT",
        Idempotency::Unknown => "not declared",
    };
    if before.idempotency == after.idempotency {
        return None;
    }
    let consequence = match after.idempotency {
        Idempotency::Unknown => ": callers that repeat failed calls must stop doing so",
        Idempotency::Idempotent | Idempotency::NoSideEffects => "",
    };
    let what = format!(
        "idempotency was {} and is {}{consequence}",
        name(before),
        name(after)
    );
    Some(Change::of(Severity::Behaviour, what).at(source_location::of_method(after)))
}

fn access(before: &Method, after: &Method) -> Option<Change> {
    let name = |method: &Method| method.access.as_ref().map(|it| it.credential.clone());
    let (severity, what) = match (name(before), name(after)) {
        (None, Some(is)) => (
            Severity::Break,
            format!("open to everybody before, asks for the credential {is} now"),
        ),
        (Some(was), None) => (
            Severity::Loosening,
            format!("asked for the credential {was} before, open to everybody now"),
        ),
        (Some(was), Some(is)) if was != is => (
            Severity::Break,
            format!("asked for the credential {was} before, asks for {is} now"),
        ),
        _ => return None,
    };
    Some(Change::of(severity, what).at(source_location::of_method(after)))
}

fn replay(before: &Method, after: &Method) -> Option<Change> {
    let what = match (&before.idempotency_key, &after.idempotency_key) {
        (Some(was), None) => format!("{was} made calls the same call, and nothing does any more"),
        (None, Some(is)) => format!("{is} makes calls the same call now"),
        (Some(was), Some(is)) if was != is => {
            format!("{was} made calls the same call before, {is} does now")
        }
        _ => return None,
    };
    Some(Change::of(Severity::Behaviour, what).at(source_location::of_method(after)))
}
