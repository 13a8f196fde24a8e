//! Compares two contracts by their rules and options, beyond the wire format.
//!
//! `buf breaking` reports a field that is removed or changes its type. It does not report
//! a rule that is tightened, although requests that were accepted are then refused.
//! Here the test cases of each contract are judged by the rules of both, without a
//! server. Requests and responses are compared in the same way.

mod declarations;
mod responses;
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
    unset::UnsetAnalysis,
};

pub use text::text;

/// What differs between two contracts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The methods that differ, sorted by name.
    pub methods: Vec<MethodDiff>,
    /// The number of methods that both contracts have.
    pub compared: usize,
}

/// What differs in one method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MethodDiff {
    /// `bookstore.cart.v1.CartService/PutItem`.
    pub method: String,
    /// The changes, sorted by severity, the most severe first.
    pub changes: Vec<Change>,
    /// The ids of test cases that only the new contract has.
    pub added_cases: Vec<String>,
    /// The ids of test cases that only the old contract has.
    pub removed_cases: Vec<String>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its effect on clients.
    pub severity: Severity,
    /// A description of the change.
    pub description: String,
    /// The file and line in the new contract, or in the old one for what was removed.
    pub location: Option<String>,
    /// The shortest request or response that shows the change, as JSON.
    pub example: Option<String>,
    /// How many requests or responses show the change.
    pub example_count: usize,
    /// Whether the example is a request or a response.
    pub example_kind: ExampleKind,
}

/// What an example of a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExampleKind {
    /// A request.
    Request,
    /// A response.
    Response,
}

/// The effect of a change on clients, from the most severe to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A call that worked is refused or removed, or a response may contain values that
    /// were excluded before.
    Break,
    /// The same call has another effect, or may fail with another error.
    Behaviour,
    /// A request that was refused is now refused by other rules.
    Details,
    /// A request that was refused is now accepted.
    Loosening,
    /// A response can no longer contain values that were allowed before.
    Guarantee,
    /// A method was added.
    Addition,
}

impl Diff {
    /// Whether any change breaks clients.
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

/// One of the two contracts, with everything that is computed from it once.
struct ContractVersion<'c> {
    contract: &'c Contract,
    oracle: Oracle,
    unset: UnsetAnalysis<'c>,
    deriver: RefCell<Deriver<'c>>,
}

impl<'c> ContractVersion<'c> {
    fn new(contract: &'c Contract, fixtures: &'c Fixtures) -> Self {
        let oracle = Oracle::new(contract);
        Self {
            contract,
            deriver: RefCell::new(Deriver::new(contract, &oracle, fixtures)),
            oracle,
            unset: UnsetAnalysis::new(contract),
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
    let (old, new) = (
        ContractVersion::new(old, fixtures),
        ContractVersion::new(new, fixtures),
    );
    let (before, after) = (old.methods(), new.methods());
    let mut names: Vec<&str> = before.keys().chain(after.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let mut diff = Diff::default();
    for name in names {
        let mut found = match (before.get(name), after.get(name)) {
            (Some(before), Some(after)) => {
                diff.compared += 1;
                compare_method(&old, &new, (before, after))
            }
            (Some(_), None) => single_change(Severity::Break, "the method was removed"),
            (None, _) => single_change(Severity::Addition, "the method was added"),
        };
        found.method = name.trim_start_matches('/').to_owned();
        if !found.changes.is_empty()
            || !found.added_cases.is_empty()
            || !found.removed_cases.is_empty()
        {
            diff.methods.push(found);
        }
    }
    diff
}

fn single_change(severity: Severity, description: &str) -> MethodDiff {
    MethodDiff {
        changes: vec![Change::of(severity, description)],
        ..MethodDiff::default()
    }
}

fn compare_method(
    old: &ContractVersion<'_>,
    new: &ContractVersion<'_>,
    (before, after): (&Method, &Method),
) -> MethodDiff {
    let mut found = verdicts::compare(old, new, (before, after));
    found
        .changes
        .extend(responses::compare(old, new, (before, after)));
    found
        .changes
        .extend(declarations::compare(old, new, (before, after)));
    found.changes.sort_by(|left, right| {
        let key = |change: &Change| (change.severity, change.description.clone());
        key(left).cmp(&key(right))
    });
    found
}

impl Change {
    fn of(severity: Severity, description: impl Into<String>) -> Self {
        Self {
            severity,
            description: description.into(),
            location: None,
            example: None,
            example_count: 0,
            example_kind: ExampleKind::Request,
        }
    }

    fn at(mut self, location: Option<String>) -> Self {
        self.location = location;
        self
    }
}
