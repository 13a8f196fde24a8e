//! Cases with several violations in one request: a server that stops at the first one
//! reports too few.

use super::{
    derive::{CaseBuilder, CaseDraft},
    message_location::MessageLocation,
};
use crate::{
    case::Phase,
    contract::Field,
    generator::{EvaluatedValue, Pin},
};

/// The maximum number of violations in a case. The size of an answer with many more is
/// checked by the behaviour phase.
pub(super) const MAX_VIOLATIONS: usize = 6;

/// Adds the cases for the fields of one message.
pub(super) fn add<'c>(builder: &mut CaseBuilder<'_, 'c>, location: &MessageLocation<'c>) {
    let mut invalid: Vec<Pin<'c>> = Vec::new();
    for field in &location.message.fields {
        let pool = builder.generator.pool(location.message, field);
        let is_free = !invalid
            .iter()
            .any(|pin| are_exclusive(location, pin.field, field));
        let value = pool
            .evaluated
            .iter()
            .filter(|it| is_free && breaks_one_rule_of_its_field(it))
            .min_by_key(|it| it.size);
        invalid.extend(value.map(|evaluated| Pin {
            field,
            value: evaluated.value.clone(),
        }));
    }
    for pair in invalid.windows(2) {
        let names = [&pair[0].field.name, &pair[1].field.name];
        let id = format!("{}-and-{}", names[0], names[1]);
        let description = format!("{} and {} are both wrong", names[0], names[1]);
        push(builder, location, pair, &id, &description);
    }
    if invalid.len() > 2 {
        invalid.truncate(MAX_VIOLATIONS);
        let description = format!("{} fields are wrong at once", invalid.len());
        push(builder, location, &invalid, "many", &description);
    }
}

/// Whether two fields can't both be set.
fn are_exclusive(location: &MessageLocation<'_>, left: &Field, right: &Field) -> bool {
    let oneof_rules = location.message.rules.oneof.iter();
    let oneof_rules =
        oneof_rules.filter(|it| it.fields.contains(&left.name) && it.fields.contains(&right.name));
    oneof_rules.count() > 0 || (left.oneof.is_some() && left.oneof == right.oneof)
}

/// Whether the value is set, breaks exactly one rule, and that rule is one of its own
/// field.
fn breaks_one_rule_of_its_field(evaluated: &EvaluatedValue) -> bool {
    evaluated.value.is_some()
        && evaluated.broken.len() == 1
        && evaluated
            .targets
            .iter()
            .any(|target| evaluated.broken.contains(&target.rule))
}

fn push<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    location: &MessageLocation<'c>,
    pins: &[Pin<'c>],
    id: &str,
    description: &str,
) {
    let message = builder.generator.compose(location.message, pins).message;
    let embedded = location.embed(message, builder.generator);
    builder.add(CaseDraft {
        id: format!("boundary/{}/several/{id}", location.in_id()),
        phase: Phase::Boundary,
        intent: format!("{}: {description}", location.in_words()),
        request: embedded.request,
        targets: Vec::new(),
    });
}
