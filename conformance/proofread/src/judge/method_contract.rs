//! What the contract says about each method, collected once for all verdicts.

use std::collections::{BTreeSet, HashMap};

use prost_reflect::MessageDescriptor;

use crate::contract::{Code, Contract, DeclaredError, Message, Method, Service};

/// The parts of the contract that the verdicts about one method need.
pub struct MethodContract<'c> {
    /// The method itself.
    pub method: &'c Method,
    /// The service of the method.
    pub service: &'c Service,
    /// Whether the service declares any error. If it does, errors that it does not
    /// declare are findings.
    pub declares_errors: bool,
    /// Whether the request message, or one nested in it, has rules.
    pub has_rules: bool,
    pub(super) response: MessageDescriptor,
}

impl<'c> MethodContract<'c> {
    pub(crate) fn all(contract: &'c Contract) -> HashMap<&'c str, Self> {
        let mut all = HashMap::new();
        for service in contract.services() {
            let declares_errors = !service.common_errors.is_empty()
                || service
                    .methods
                    .iter()
                    .any(|method| !method.errors.is_empty());
            for method in &service.methods {
                let method_contract = Self {
                    method,
                    service,
                    declares_errors,
                    has_rules: has_rules(contract, &method.request),
                    response: method.descriptor.output(),
                };
                all.insert(method.path.as_str(), method_contract);
            }
        }
        all
    }

    /// The errors that the method may return: its own and the common ones of the service.
    pub fn errors(&self) -> impl Iterator<Item = &'c DeclaredError> {
        let own = self.method.errors.iter();
        own.chain(&self.service.common_errors)
    }

    /// Whether an error is declared. Where the contract declares a reason with the code,
    /// the reason must be equal too.
    pub fn may_return(&self, code: Code, reason: Option<&str>) -> bool {
        self.errors()
            .filter(|error| error.code == code)
            .any(|error| error.reason.is_empty() || Some(error.reason.as_str()) == reason)
    }

    /// The declared errors as text: `NOT_FOUND BOOK_NOT_FOUND, UNAVAILABLE`.
    pub(super) fn declared_errors(&self) -> String {
        let errors: BTreeSet<String> = self
            .errors()
            .map(|error| {
                if error.reason.is_empty() {
                    error.code.to_string()
                } else {
                    format!("{} {}", error.code, error.reason)
                }
            })
            .collect();
        if errors.is_empty() {
            "there is none".to_owned()
        } else {
            errors.into_iter().collect::<Vec<_>>().join(", ")
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
        let message_has_rules = !message.rules.cel.is_empty()
            || !message.rules.cel_expression.is_empty()
            || !message.rules.oneof.is_empty()
            || message.oneofs.iter().any(|oneof| oneof.rules.required());
        if message_has_rules || message.fields.iter().any(|field| field.rules.is_some()) {
            return true;
        }
        let fields = message.fields.iter();
        open.extend(fields.filter_map(|field| contract.message_in(field)));
    }
    false
}
