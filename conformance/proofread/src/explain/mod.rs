//! Explains one method: everything that the contract declares about it, as text.

mod find_method;
#[cfg(test)]
mod tests;
mod text;

use prost_reflect::Kind;
use serde::Serialize;

use crate::{
    contract::{Contract, DeclaredError, Field, Idempotency, Method},
    rule_text, source_location,
    unset::{UnsetAnalysis, UnsetBehaviour},
};

pub use find_method::{MethodLookupError, find_method, is_name_of};
pub use text::text;

/// The explanation of a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// `bookstore.cart.v1.CartService/PutItem`.
    pub method: String,
    /// The file and line of its declaration: `bookstore/cart/v1/cart_service.proto:34`.
    pub location: Option<String>,
    /// Its comment.
    pub comment: String,
    /// Properties of the call, such as idempotency and paging: title and text.
    pub facts: Vec<(&'static str, String)>,
    /// The full name of the request.
    pub request: String,
    /// The fields of the request, including nested fields.
    pub fields: Vec<FieldExplanation>,
    /// The rules of oneofs and of the request message itself.
    pub message_rules: Vec<String>,
    /// The errors that the method declares.
    pub errors: Vec<ErrorExplanation>,
    /// The errors that its service declares for every method.
    pub common_errors: Vec<ErrorExplanation>,
    /// The number of test cases in each phase, and what is not covered: title and text.
    /// [`explain`] leaves it empty; the command fills it in.
    pub cases: Vec<(&'static str, String)>,
}

/// The explanation of a request field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldExplanation {
    /// `books[].book.title`.
    pub path: String,
    /// Its type: `list of int32`, `optional string`.
    pub kind: String,
    /// A description of its rules; empty if it has none.
    pub rules: String,
    /// A description of what happens when it is unset.
    pub unset: String,
    /// Whether the contract does not declare what happens when it is unset, a defect.
    pub undeclared: bool,
    /// Its comment.
    pub comment: String,
}

/// An error that a method may return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorExplanation {
    /// `NOT_FOUND`.
    pub code: String,
    /// `BOOK_NOT_FOUND`; empty if the error has no `google.rpc.ErrorInfo`.
    pub reason: String,
    /// The condition under which it is returned.
    pub when: String,
}

/// Explains a method, without generating its test cases.
pub fn explain(contract: &Contract, unset: &UnsetAnalysis<'_>, method: &Method) -> Explanation {
    let fields = unset.of_method(method);
    let service = contract
        .services()
        .find(|service| service.methods.iter().any(|it| it.path == method.path));
    let common = service.map(|service| service.common_errors.as_slice());
    let request = contract.message(&method.request);
    Explanation {
        method: method.path.trim_start_matches('/').to_owned(),
        location: source_location::of_method(method),
        comment: method.comment.clone(),
        facts: facts(method),
        request: method.request.clone(),
        message_rules: request
            .map(|message| {
                let oneofs = message.oneofs.iter().map(rule_text::describe_oneof);
                oneofs.chain(rule_text::describe_message(message)).collect()
            })
            .unwrap_or_default(),
        fields: fields
            .iter()
            .map(|field| FieldExplanation {
                path: field.path.clone(),
                kind: type_text(field.field),
                rules: field
                    .field
                    .rules
                    .as_ref()
                    .map(rule_text::describe)
                    .unwrap_or_default(),
                unset: unset_text(&field.unset),
                undeclared: matches!(
                    field.unset,
                    UnsetBehaviour::Undeclared | UnsetBehaviour::InvalidRules { .. }
                ),
                comment: field.field.comment.clone(),
            })
            .collect(),
        errors: method.errors.iter().map(error_explanation).collect(),
        common_errors: common
            .unwrap_or_default()
            .iter()
            .map(error_explanation)
            .collect(),
        cases: Vec::new(),
    }
}

fn facts(method: &Method) -> Vec<(&'static str, String)> {
    let each = |streamed: bool| if streamed { "a stream of" } else { "one" };
    let local = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let mut facts = vec![(
        "Call",
        format!(
            "takes {} {}, returns {} {}",
            each(method.client_streaming),
            local(&method.request),
            each(method.server_streaming),
            local(&method.response)
        ),
    )];
    facts.push(("Idempotency", idempotency(method).to_owned()));
    if let Some(key) = &method.idempotency_key {
        facts.push((
            "Idempotency key",
            format!("{key}: a call with the same value and body is a repetition"),
        ));
    }
    if let Some(access) = method.access_text(str::to_owned) {
        facts.push(("Access", access));
        facts.push(("Credentials", method.access_metadata().join(" or ")));
    }
    if let Some(paging) = &method.paging {
        facts.push((
            "Paging",
            format!(
                "{} limits the {} on a page; pass {} as {} of the next call",
                paging.size_field, paging.items_field, paging.next_token_field, paging.token_field
            ),
        ));
    }
    if let Some(reason) = &method.nondeterministic {
        facts.push(("Nondeterministic", reason.clone()));
    }
    facts
}

fn idempotency(method: &Method) -> &'static str {
    match method.idempotency {
        Idempotency::NoSideEffects => "may be repeated, changes nothing (NO_SIDE_EFFECTS)",
        Idempotency::Idempotent => "may be repeated, with the effect of one call (IDEMPOTENT)",
        Idempotency::Unknown => "not declared as safe to repeat",
    }
}

fn error_explanation(error: &DeclaredError) -> ErrorExplanation {
    ErrorExplanation {
        code: error.code.to_string(),
        reason: error.reason.clone(),
        when: error.when.clone(),
    }
}

/// The type of a field, such as `list of int32`.
fn type_text(field: &Field) -> String {
    let value = type_name(&field.value_kind());
    if let Some(key) = field.key_kind() {
        return format!("map of {} to {value}", type_name(&key));
    }
    if field.descriptor.is_list() {
        return format!("list of {value}");
    }
    match &field.oneof {
        Some(oneof) => format!("{value} in oneof {oneof}"),
        None if field.descriptor.field_descriptor_proto().proto3_optional() => {
            format!("optional {value}")
        }
        None => value,
    }
}

fn type_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(enumeration) => enumeration.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

/// Describes what happens when a field is unset.
pub fn unset_text(unset: &UnsetBehaviour) -> String {
    match unset {
        UnsetBehaviour::Refused { rules } => format!("refused by {}", rules.join(", ")),
        UnsetBehaviour::RequiredByType => "must be set: its type requires it".to_owned(),
        UnsetBehaviour::RefusedUnlessOther { others, rule } if others.is_empty() => {
            format!("refused by {rule}")
        }
        UnsetBehaviour::RefusedUnlessOther { others, rule } => {
            format!("refused by {rule}, unless {} is set", others.join(" or "))
        }
        UnsetBehaviour::Means(text) => format!("means: {text}"),
        UnsetBehaviour::Undeclared => "not declared in the contract".to_owned(),
        UnsetBehaviour::InvalidRules { cause } => format!("the rules can't be evaluated: {cause}"),
    }
}
