//! What changes for callers between two contracts, beyond what the wire shows.
//!
//! `buf breaking` sees a field that goes or changes its type. It does not see a rule
//! that is tightened: the same bytes that were answered yesterday are refused today.
//! Here the cases of each contract are judged by the rules of both, without a
//! server: requests, and in the same way what answers may hold.

mod answers;
mod declared;
#[cfg(test)]
mod tests;
mod text;
mod verdicts;

use std::{cell::RefCell, collections::BTreeMap};

use serde::Serialize;

use crate::{
    case::Case,
    cases::{Deriver, Fixtures},
    contract::{Contract, Method},
    oracle::Oracle,
    unset::UnsetFields,
};

pub use text::text;

/// What differs between two contracts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The methods that differ, by name.
    pub methods: Vec<MethodDiff>,
    /// How many methods were compared.
    pub compared: usize,
}

/// What differs in one method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MethodDiff {
    /// `bookstore.cart.v1.CartService/PutItem`.
    pub method: String,
    /// What changes for its callers, the worst first.
    pub changes: Vec<Change>,
    /// The cases that the new contract has and the old one has not, by their ids.
    pub appear: Vec<String>,
    /// The cases that only the old contract has.
    pub disappear: Vec<String>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// How bad it is.
    pub severity: Severity,
    /// What changes, in words.
    pub what: String,
    /// Where the contract says so: the new one, or for what is gone the old one.
    pub place: Option<String>,
    /// A request or an answer that shows it, as JSON.
    pub example: Option<String>,
    /// How many of them show it.
    pub shown_by: usize,
    /// Which of the two they are.
    pub shows: Shows,
}

/// What shows a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shows {
    /// What is asked.
    Request,
    /// What is answered.
    Answer,
}

/// How bad a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// What worked is refused, or gone; or what never came may come.
    Break,
    /// The same call does something else, or may fail in another way.
    Behaviour,
    /// What was refused is refused for other reasons.
    Details,
    /// What was refused is accepted.
    Loosening,
    /// What answers might hold they don't any more.
    Promise,
    /// New.
    Addition,
}

impl Diff {
    /// Whether something that worked does not work any more.
    pub fn breaks(&self) -> bool {
        let mut changes = self.methods.iter().flat_map(|method| &method.changes);
        changes.any(|change| change.severity == Severity::Break)
    }

    /// How many changes there are of each severity.
    pub fn counts(&self) -> BTreeMap<Severity, usize> {
        let mut counts = BTreeMap::new();
        for change in self.methods.iter().flat_map(|method| &method.changes) {
            *counts.entry(change.severity).or_default() += 1;
        }
        counts
    }
}

/// One of the two contracts, with what is asked of it again and again.
struct Side<'c> {
    contract: &'c Contract,
    oracle: Oracle,
    unset: UnsetFields<'c>,
    deriver: RefCell<Deriver<'c>>,
}

impl<'c> Side<'c> {
    fn new(contract: &'c Contract, fixtures: &'c Fixtures) -> Self {
        let oracle = Oracle::new(contract);
        Self {
            contract,
            deriver: RefCell::new(Deriver::new(contract, &oracle, fixtures)),
            oracle,
            unset: UnsetFields::decide(contract),
        }
    }

    fn cases(&self, method: &Method) -> Vec<Case> {
        self.deriver.borrow_mut().derive(method).cases
    }

    fn methods(&self) -> BTreeMap<&'c str, &'c Method> {
        let methods = self.contract.methods();
        methods
            .map(|method| (method.path.as_str(), method))
            .collect()
    }
}

/// Compares two contracts.
pub fn diff(old: &Contract, new: &Contract, fixtures: &Fixtures) -> Diff {
    let (old, new) = (Side::new(old, fixtures), Side::new(new, fixtures));
    let (before, after) = (old.methods(), new.methods());
    let mut names: Vec<&str> = before.keys().chain(after.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let mut diff = Diff::default();
    for name in names {
        let mut found = match (before.get(name), after.get(name)) {
            (Some(before), Some(after)) => {
                diff.compared += 1;
                method(&old, &new, (before, after))
            }
            (Some(_), None) => only(Severity::Break, "the method is gone"),
            (None, _) => only(Severity::Addition, "the method is new"),
        };
        found.method = name.trim_start_matches('/').to_owned();
        if !found.changes.is_empty() || !found.appear.is_empty() || !found.disappear.is_empty() {
            diff.methods.push(found);
        }
    }
    diff
}

fn only(severity: Severity, what: &str) -> MethodDiff {
    MethodDiff {
        changes: vec![Change::of(severity, what)],
        ..MethodDiff::default()
    }
}

fn method(old: &Side<'_>, new: &Side<'_>, (before, after): (&Method, &Method)) -> MethodDiff {
    let mut found = verdicts::compare(old, new, (before, after));
    found
        .changes
        .extend(answers::compare(old, new, (before, after)));
    found
        .changes
        .extend(declared::compare(old, new, (before, after)));
    found.changes.sort_by(|left, right| {
        let key = |change: &Change| (change.severity, change.what.clone());
        key(left).cmp(&key(right))
    });
    found
}

impl Change {
    fn of(severity: Severity, what: impl Into<String>) -> Self {
        Self {
            severity,
            what: what.into(),
            place: None,
            example: None,
            shown_by: 0,
            shows: Shows::Request,
        }
    }

    fn at(mut self, place: Option<String>) -> Self {
        self.place = place;
        self
    }
}
