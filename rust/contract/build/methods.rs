//! Generates the table of all methods.

use prost_types::method_options::IdempotencyLevel;

use crate::{
    access::Access,
    options::{Contract, Method},
};

/// The source text of the table `METHODS`, sorted by path.
pub fn table(contract: &Contract) -> String {
    let rows: String = contract.methods.iter().map(row).collect();
    format!("&[\n{rows}]\n")
}

fn row(method: &Method) -> String {
    let idempotency = match method.idempotency {
        IdempotencyLevel::NoSideEffects => "NoSideEffects",
        IdempotencyLevel::Idempotent => "Idempotent",
        IdempotencyLevel::IdempotencyUnknown => "Unknown",
    };
    let access: Vec<String> = method.access.iter().map(alternative).collect();
    let errors: Vec<String> = method
        .errors
        .iter()
        .map(|error| format!("crate::errors::all::{}", error.reason))
        .collect();
    format!(
        "Method {{ path: {:?}, service: {:?}, name: {:?}, idempotency: Idempotency::{idempotency}, \
         expensive: {}, access: &[{}], client_streaming: {}, server_streaming: {}, errors: &[{}] }},\n",
        method.path,
        method.service,
        method.name,
        method.expensive,
        access.join(", "),
        method.client_streaming,
        method.server_streaming,
        errors.join(", "),
    )
}

fn alternative(access: &Access) -> String {
    let credential = Some(&access.credential).filter(|name| !name.is_empty());
    let condition = access.condition.as_ref().map(|condition| {
        format!(
            "Condition {{ field: {:?}, number: {}, explicit_presence: {}, set: {} }}",
            condition.field, condition.number, condition.explicit_presence, condition.set
        )
    });
    let condition = condition.map_or("None".to_owned(), |condition| format!("Some({condition})"));
    format!(
        "Access {{ credential: {credential:?}, services: &{:?}, condition: {condition} }}",
        access.services
    )
}
