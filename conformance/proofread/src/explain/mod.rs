//! Everything that a contract says about one method, in words.

mod find;
#[cfg(test)]
mod tests;
mod text;

use prost_reflect::Kind;
use serde::Serialize;

use crate::{
    contract::{Contract, DeclaredError, Field, Idempotency, Method},
    source_location,
    unset::{Unset, UnsetFields},
    words,
};

pub use find::{Unknown, find};
pub use text::text;

/// What there is to say about a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// `bookstore.cart.v1.CartService/PutItem`.
    pub method: String,
    /// Where it is declared: `bookstore/cart/v1/cart_service.proto:34`.
    pub place: Option<String>,
    /// Its comment.
    pub comment: String,
    /// Facts about the call, each with its title.
    pub facts: Vec<(&'static str, String)>,
    /// The full name of the request.
    pub request: String,
    /// The fields of the request, nested ones as paths.
    pub fields: Vec<FieldLine>,
    /// The rules that no single field carries.
    pub message_rules: Vec<String>,
    /// What the method itself may return.
    pub errors: Vec<ErrorLine>,
    /// What every method of its service may return.
    pub common_errors: Vec<ErrorLine>,
    /// How many cases each phase has for it, and what is not covered. Empty until
    /// somebody who can count fills it.
    pub cases: Vec<(&'static str, String)>,
}

/// What there is to say about a field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldLine {
    /// `books[].book.title`.
    pub path: String,
    /// `list of int32`, `optional string`.
    pub kind: String,
    /// Its rules in words; empty where it has none.
    pub rules: String,
    /// What happens when it is unset, in words.
    pub unset: String,
    /// Whether the contract leaves that open, which is a defect.
    pub silent: bool,
    /// Its comment.
    pub comment: String,
}

/// An error that may come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorLine {
    /// `NOT_FOUND`.
    pub code: String,
    /// `BOOK_NOT_FOUND`; empty where there is no such detail.
    pub reason: String,
    /// When it happens.
    pub when: String,
}

/// Says everything about a method that can be said without making its cases.
pub fn explain(contract: &Contract, unset: &UnsetFields<'_>, method: &Method) -> Explanation {
    let fields = unset.of_method(method);
    let service = contract
        .services()
        .find(|service| service.methods.iter().any(|it| it.path == method.path));
    let common = service.map(|service| service.common_errors.as_slice());
    let request = contract.message(&method.request);
    Explanation {
        method: method.path.trim_start_matches('/').to_owned(),
        place: source_location::of_method(method),
        comment: method.comment.clone(),
        facts: facts(method),
        request: method.request.clone(),
        message_rules: request
            .map(|message| {
                let oneofs = message.oneofs.iter().map(words::describe_oneof);
                oneofs.chain(words::describe_message(message)).collect()
            })
            .unwrap_or_default(),
        fields: fields
            .iter()
            .map(|field| FieldLine {
                path: field.path.clone(),
                kind: kind_of(field.field),
                rules: field
                    .field
                    .rules
                    .as_ref()
                    .map(words::describe)
                    .unwrap_or_default(),
                unset: unset_in_words(&field.unset),
                silent: matches!(field.unset, Unset::Silent | Unset::Broken { .. }),
                comment: field.field.comment.clone(),
            })
            .collect(),
        errors: method.errors.iter().map(error_line).collect(),
        common_errors: common.unwrap_or_default().iter().map(error_line).collect(),
        cases: Vec::new(),
    }
}

fn facts(method: &Method) -> Vec<(&'static str, String)> {
    let each = |streamed: bool| if streamed { "a stream of" } else { "one" };
    let local = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let mut facts = vec![(
        "Call",
        format!(
            "{} {}, answered by {} {}",
            each(method.client_streaming),
            local(&method.request),
            each(method.server_streaming),
            local(&method.response)
        ),
    )];
    facts.push(("Repeating", idempotency(method).to_owned()));
    if let Some(key) = &method.idempotency_key {
        facts.push((
            "Replay key",
            format!("{key}: the same value and body is the same call"),
        ));
    }
    if let Some(access) = &method.access {
        let (name, key) = (&access.credential, &access.metadata_key);
        facts.push((
            "Credential",
            format!("{name}, as metadata {key}: Bearer TOKEN"),
        ));
    }
    if let Some(paging) = &method.paging {
        facts.push((
            "Pages",
            format!(
                "at most {} {}; {} goes into {} of the next call",
                paging.size_field, paging.items_field, paging.next_token_field, paging.token_field
            ),
        ));
    }
    if let Some(reason) = &method.nondeterministic {
        facts.push(("Varies", reason.clone()));
    }
    facts
}

fn idempotency(method: &Method) -> &'static str {
    match method.idempotency {
        Idempotency::NoSideEffects => "at will, it changes nothing (NO_SIDE_EFFECTS)",
        Idempotency::Idempotent => "safe, it has the effect of one call (IDEMPOTENT)",
        Idempotency::Unknown => "not declared to be safe",
    }
}

fn error_line(error: &DeclaredError) -> ErrorLine {
    ErrorLine {
        code: error.code.to_string(),
        reason: error.reason.clone(),
        when: error.when.clone(),
    }
}

/// The type of a field as one says it.
fn kind_of(field: &Field) -> String {
    let value = kind_name(&field.value_kind());
    if let Some(key) = field.key_kind() {
        return format!("map of {} to {value}", kind_name(&key));
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

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(enumeration) => enumeration.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

/// What happens to an unset field, in plain words.
pub fn unset_in_words(unset: &Unset) -> String {
    match unset {
        Unset::Refused { rules } => format!("refused by {}", rules.join(", ")),
        Unset::RefusedAlone { others, rule } if others.is_empty() => format!("refused by {rule}"),
        Unset::RefusedAlone { others, rule } => {
            format!("refused by {rule}, unless {} is set", others.join(" or "))
        }
        Unset::Means(text) => format!("means: {text}"),
        Unset::Silent => "the contract does not say".to_owned(),
        Unset::Broken { cause } => format!("the rules can't be evaluated: {cause}"),
    }
}
