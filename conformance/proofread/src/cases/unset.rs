//! Each field left unset, and set to its zero value where a server can see the
//! difference.

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use super::{
    derive::{Draft, Making, Meant},
    place::{Place, Placed},
};
use crate::{
    case::{Exercise, Phase, Side},
    contract::Field,
    synth::Pin,
};

/// Adds the cases of the fields of a message.
pub(super) fn add<'c>(making: &mut Making<'_, 'c>, place: &Place<'c>) {
    for field in &place.message.fields {
        let mut without = with_value(making, place, field);
        without.clear_field(&field.descriptor);
        push(making, place, field, without, "unset", "left unset");
        if field.descriptor.supports_presence() {
            let zero = Value::default_value_for_field(&field.descriptor);
            let words = match zero {
                Value::Message(_) => "set to an empty message",
                _ => "set to its zero value",
            };
            let pin = Pin {
                field,
                value: Some(zero),
            };
            let with_zero = making.synth.compose(place.message, &[pin]).message;
            push(making, place, field, with_zero, "zero", words);
        }
    }
}

/// Adds the request in which nothing is set.
pub(super) fn everything(making: &mut Making<'_, '_>) {
    let request = DynamicMessage::new(making.baseline.descriptor());
    making.add(Draft {
        id: "unset/everything".to_owned(),
        phase: Phase::Unset,
        intent: "every field left unset".to_owned(),
        request,
        aims: Vec::new(),
    });
}

/// A message in which the field is set, so that clearing it is all that is wrong.
fn with_value<'c>(
    making: &mut Making<'_, 'c>,
    place: &Place<'c>,
    field: &'c Field,
) -> DynamicMessage {
    let pool = making.synth.pool(place.message, field);
    let pins = pool.smallest_set().map(|tried| Pin {
        field,
        value: tried.value.clone(),
    });
    let pins: Vec<Pin<'c>> = pins.into_iter().collect();
    making.synth.compose(place.message, &pins).message
}

fn push<'c>(
    making: &mut Making<'_, 'c>,
    place: &Place<'c>,
    field: &'c Field,
    message: DynamicMessage,
    slug: &str,
    words: &str,
) {
    let zero = message
        .has_field(&field.descriptor)
        .then(|| message.get_field(&field.descriptor).into_owned());
    let pool = making.synth.pool(place.message, field);
    let known = pool.tried.iter().find(|it| it.value == zero);
    let broken = known.map(|it| it.broken.clone()).unwrap_or_default();
    let Placed { request, path } = place.put(message, making.synth);
    let placed = Placed { request, path };
    let aims = broken.iter().filter(|rule| pool.keys.contains(rule));
    let aims = aims.map(|rule| Meant {
        path: placed.path_of(&field.name),
        exercise: Exercise {
            field: field.full_name.clone(),
            rule: rule.clone(),
            side: Side::Broken,
        },
    });
    let path = place.path_of(&field.name);
    let aims = making.aims(place, aims);
    making.add(Draft {
        id: format!("unset/{path}/{slug}"),
        phase: Phase::Unset,
        intent: format!("{path} {words}"),
        aims,
        request: placed.request,
    });
}
