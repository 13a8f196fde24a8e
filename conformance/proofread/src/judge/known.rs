//! What the judge knows of a method, gathered once.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use prost_reflect::MessageDescriptor;

use crate::contract::{Code, Contract, DeclaredError, Message, Method, Service};

/// What the contract says of a method, as far as a verdict needs it.
pub struct Known<'c> {
    /// The method.
    pub method: &'c Method,
    /// Its service.
    pub service: &'c Service,
    /// Whether the service says anything of errors; one that does says everything.
    pub declares: bool,
    /// Whether the request has rules.
    pub ruled: bool,
    pub(super) response: MessageDescriptor,
}

impl<'c> Known<'c> {
    pub(super) fn all(contract: &'c Contract) -> HashMap<&'c str, Self> {
        let mut all = HashMap::new();
        for service in contract.services() {
            let declares = !service.common_errors.is_empty()
                || service
                    .methods
                    .iter()
                    .any(|method| !method.errors.is_empty());
            for method in &service.methods {
                let known = Self {
                    method,
                    service,
                    declares,
                    ruled: has_rules(contract, &method.request),
                    response: method.descriptor.output(),
                };
                all.insert(method.path.as_str(), known);
            }
        }
        all
    }

    /// Everything that the method may return.
    pub fn errors(&self) -> impl Iterator<Item = &'c DeclaredError> {
        let own = self.method.errors.iter();
        own.chain(&self.service.common_errors)
    }

    /// Whether an error is declared: its code, and its reason where one is declared
    /// with the code.
    pub fn may_return(&self, code: Code, reason: Option<&str>) -> bool {
        self.errors()
            .filter(|error| error.code == code)
            .any(|error| error.reason.is_empty() || Some(error.reason.as_str()) == reason)
    }

    pub(super) fn declared(&self) -> String {
        let errors: BTreeSet<String> = self
            .errors()
            .map(|error| match error.reason.is_empty() {
                true => error.code.to_string(),
                false => format!("{} {}", error.code, error.reason),
            })
            .collect();
        match errors.is_empty() {
            true => "there is none".to_owned(),
            false => errors.into_iter().collect::<Vec<_>>().join(", "),
        }
    }
}

fn has_rules(contract: &Contract, request: &str) -> bool {
    let mut open: Vec<&Message> = contract.message(request).into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(message) = open.pop() {
        if !seen.insert(&message.full_name) {
            continue;
        }
        let whole = !message.rules.cel.is_empty()
            || !message.rules.cel_expression.is_empty()
            || !message.rules.oneof.is_empty()
            || message.oneofs.iter().any(|oneof| oneof.rules.required());
        if whole || message.fields.iter().any(|field| field.rules.is_some()) {
            return true;
        }
        let fields = message.fields.iter();
        open.extend(fields.filter_map(|field| contract.message_in(field)));
    }
    false
}

/// The hashes of responses that keep their rules.
#[derive(Default)]
pub(super) struct GoodResponses(HashSet<u64>);

impl GoodResponses {
    /// Enough for a run, in 2 MB.
    const MOST: usize = 100_000;

    pub(super) fn contains(&self, known: &Known<'_>, bytes: &[u8]) -> bool {
        self.0.contains(&hash(known, bytes))
    }

    pub(super) fn insert(&mut self, known: &Known<'_>, bytes: &[u8]) {
        if self.0.len() < Self::MOST {
            self.0.insert(hash(known, bytes));
        }
    }
}

fn hash(known: &Known<'_>, bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (known.response.full_name(), bytes).hash(&mut hasher);
    hasher.finish()
}
