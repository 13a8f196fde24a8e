//! Unset cases: each field left unset, and set to its zero value if the field has
//! presence.

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use super::{
    derive::{CaseBuilder, CaseDraft, LocatedTarget},
    message_location::{EmbeddedRequest, MessageLocation},
};
use crate::{
    case::{Phase, RuleTarget, Side},
    contract::Field,
    generator::Pin,
};

/// Adds the cases for the fields of one message.
pub(super) fn add<'c>(builder: &mut CaseBuilder<'_, 'c>, location: &MessageLocation<'c>) {
    for field in &location.message.fields {
        let mut without = with_value(builder, location, field);
        without.clear_field(&field.descriptor);
        push(builder, location, field, without, "unset", "left unset");
        if field.descriptor.supports_presence() {
            let zero = Value::default_value_for_field(&field.descriptor);
            let description = match zero {
                Value::Message(_) => "set to an empty message",
                _ => "set to its zero value",
            };
            let pin = Pin {
                field,
                value: Some(zero),
            };
            let with_zero = builder.generator.compose(location.message, &[pin]).message;
            push(builder, location, field, with_zero, "zero", description);
        }
    }
}

/// Adds the request in which no field is set.
pub(super) fn add_everything_unset(builder: &mut CaseBuilder<'_, '_>) {
    let request = DynamicMessage::new(builder.baseline.descriptor());
    builder.add(CaseDraft {
        id: "unset/everything".to_owned(),
        phase: Phase::Unset,
        intent: "every field left unset".to_owned(),
        request,
        targets: Vec::new(),
    });
}

/// A valid message in which the field is set, so that clearing it is the only change.
fn with_value<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    location: &MessageLocation<'c>,
    field: &'c Field,
) -> DynamicMessage {
    let pool = builder.generator.pool(location.message, field);
    let pins = pool.smallest_set().map(|evaluated| Pin {
        field,
        value: evaluated.value.clone(),
    });
    let pins: Vec<Pin<'c>> = pins.into_iter().collect();
    builder.generator.compose(location.message, &pins).message
}

fn push<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    location: &MessageLocation<'c>,
    field: &'c Field,
    message: DynamicMessage,
    slug: &str,
    description: &str,
) {
    let zero = message
        .has_field(&field.descriptor)
        .then(|| message.get_field(&field.descriptor).into_owned());
    let pool = builder.generator.pool(location.message, field);
    let evaluated = pool.evaluated.iter().find(|it| it.value == zero);
    let broken = evaluated.map(|it| it.broken.clone()).unwrap_or_default();
    let EmbeddedRequest { request, path } = location.embed(message, builder.generator);
    let embedded = EmbeddedRequest { request, path };
    let targets = broken.iter().filter(|rule| pool.rule_ids.contains(rule));
    let targets = targets.map(|rule| LocatedTarget {
        path: embedded.path_of(&field.name),
        target: RuleTarget {
            field: field.full_name.clone(),
            rule: rule.clone(),
            side: Side::Broken,
        },
    });
    let path = location.path_of(&field.name);
    let targets = builder.active_targets(location, targets);
    builder.add(CaseDraft {
        id: format!("unset/{path}/{slug}"),
        phase: Phase::Unset,
        intent: format!("{path} {description}"),
        targets,
        request: embedded.request,
    });
}
