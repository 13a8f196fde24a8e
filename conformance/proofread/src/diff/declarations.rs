//! Compares what the contracts declare by options: errors, meanings of unset fields,
//! idempotency and access.

use std::collections::BTreeMap;

use super::{Change, ContractVersion, Severity};
use crate::{
    contract::{Access, Contract, DeclaredError, Idempotency, Method},
    source_location,
    unset::UnsetBehaviour,
};

pub(super) fn compare(
    old: &ContractVersion<'_>,
    new: &ContractVersion<'_>,
    (before, after): (&Method, &Method),
) -> Vec<Change> {
    let mut changes = errors(old.contract, new.contract, (before, after));
    changes.extend(unset_meanings(old, new, (before, after)));
    changes.extend(idempotency(before, after));
    changes.extend(access(before, after));
    changes.extend(idempotency_key(before, after));
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
        let what = format!("no longer fails with {name}: {}", error.when);
        Change::of(Severity::Behaviour, what)
            .at(source_location::of_method(before).map(|place| format!("{place} (old)")))
    });
    added.chain(removed).collect()
}

/// Fields whose declared meaning when unset differs. If the unset field is now refused,
/// `verdicts` reports that.
fn unset_meanings(
    old: &ContractVersion<'_>,
    new: &ContractVersion<'_>,
    (before, after): (&Method, &Method),
) -> Vec<Change> {
    let was: BTreeMap<String, UnsetBehaviour> = old
        .unset
        .of_method(before)
        .into_iter()
        .map(|field| (field.path, field.unset))
        .collect();
    let fields = new.unset.of_method(after).into_iter();
    let changes = fields.filter_map(|field| {
        let what = match (was.get(&field.path)?, &field.unset) {
            (UnsetBehaviour::Means(was), UnsetBehaviour::Means(is)) if was != is => {
                format!("unset {} meant {was:?}, now means {is:?}", field.path)
            }
            (UnsetBehaviour::Means(was), UnsetBehaviour::Undeclared) => {
                format!(
                    "unset {} meant {was:?}, now its meaning is not declared",
                    field.path
                )
            }
            (UnsetBehaviour::Undeclared, UnsetBehaviour::Means(is)) => {
                format!(
                    "unset {} means {is:?}, which was not declared before",
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
        Idempotency::Unknown => ": clients must no longer retry failed calls",
        Idempotency::Idempotent | Idempotency::NoSideEffects => "",
    };
    let what = format!(
        "idempotency was {}, is now {}{consequence}",
        name(before),
        name(after)
    );
    Some(Change::of(Severity::Behaviour, what).at(source_location::of_method(after)))
}

/// Fewer ways to be allowed to call break clients, more do not. A method without
/// alternatives is open to anybody.
fn access(before: &Method, after: &Method) -> Option<Change> {
    let same = |left: &Access, right: &Access| {
        (&left.credential, &left.services, &left.condition)
            == (&right.credential, &right.services, &right.condition)
    };
    let contains = |outer: &Method, inner: &Method| {
        let mut inner = inner.access.iter();
        inner.all(|it| outer.access.iter().any(|other| same(it, other)))
    };
    if contains(before, after) && contains(after, before) {
        return None;
    }
    let text = |method: &Method| {
        let text = method.access_text(str::to_owned);
        text.unwrap_or_else(|| "anybody".to_owned())
    };
    let more = !before.access.is_empty() && contains(after, before);
    let severity = if more || after.access.is_empty() {
        Severity::Loosening
    } else {
        Severity::Break
    };
    let what = format!(
        "access was for {}, is now for {}",
        text(before),
        text(after)
    );
    Some(Change::of(severity, what).at(source_location::of_method(after)))
}

fn idempotency_key(before: &Method, after: &Method) -> Option<Change> {
    let what = match (&before.idempotency_key, &after.idempotency_key) {
        (Some(was), None) => format!("the idempotency key was {was}, now there is none"),
        (None, Some(is)) => format!("the idempotency key is {is}, before there was none"),
        (Some(was), Some(is)) if was != is => {
            format!("the idempotency key was {was}, is now {is}")
        }
        _ => return None,
    };
    Some(Change::of(Severity::Behaviour, what).at(source_location::of_method(after)))
}
