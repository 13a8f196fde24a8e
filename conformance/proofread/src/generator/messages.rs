//! Candidates for a field that holds a message which the contract declares.

use prost_reflect::{DynamicMessage, Kind, ReflectMessage, Value};

use super::{candidate::Candidates, literals::Literals, pool::PoolInput, value_site::cel_rule_ids};

/// The greatest number of messages that are tried for a rule in CEL.
const MAX_VARIANTS: usize = 100;

/// The smallest valid message, the empty one, and messages that keep and break the rules in
/// CEL that the field has.
pub(super) fn candidates(input: &PoolInput<'_>, literals: &Literals) -> Candidates<Value> {
    let mut candidates = Candidates::default();
    let smallest = input.smallest.iter().map(|it| Value::Message(it.clone()));
    smallest.for_each(|it| {
        candidates.add_keeping(
            "required",
            "smallest",
            "the smallest valid message",
            vec![it],
        )
    });
    let Kind::Message(message) = input.field.value_kind() else {
        return candidates;
    };
    let empty = DynamicMessage::new(message);
    if let Some(rules) = &input.field.rules {
        let start = input.smallest.as_ref().unwrap_or(&empty);
        for id in cel_rule_ids(rules) {
            let variants = variants(start, literals);
            candidates.add_keeping(&id, "kept", "a message that keeps it", variants.clone());
            candidates.add_breaking(&id, "broken", "a message that breaks it", variants);
        }
    }
    let description = "a message with all its fields unset";
    candidates.add_neutral("empty", description, Value::Message(empty));
    candidates
}

/// The message, and variants of it in which one field has a value of or near a literal.
fn variants(start: &DynamicMessage, literals: &Literals) -> Vec<Value> {
    let mut variants = vec![start.clone()];
    for field in start.descriptor().fields().filter(|it| !it.is_list()) {
        for value in values(&field.kind(), literals) {
            let mut variant = start.clone();
            // Values of another type than the field leave the message as it is.
            if variant.try_set_field(&field, value).is_ok() {
                variants.push(variant);
            }
        }
    }
    variants.truncate(MAX_VARIANTS);
    variants.into_iter().map(Value::Message).collect()
}

fn values(kind: &Kind, literals: &Literals) -> Vec<Value> {
    let near = literals.numbers.iter().flat_map(|it| (it - 2)..=(it + 2));
    let numbers = near.chain([0, 1, 2]);
    match kind {
        Kind::Bool => [true, false].map(Value::Bool).to_vec(),
        Kind::String => {
            let strings = literals.strings.iter().cloned().map(Value::String);
            strings.chain([Value::String("a".to_owned())]).collect()
        }
        Kind::Float => literals
            .floats
            .iter()
            .map(|it| Value::F32(*it as f32))
            .collect(),
        Kind::Double => literals.floats.iter().map(|it| Value::F64(*it)).collect(),
        kind => numbers
            .filter_map(|it| super::integers::integer(kind, it))
            .collect(),
    }
}
