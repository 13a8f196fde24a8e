//! Several things wrong at once: a server that stops at the first one says too
//! little.

use super::{
    derive::{Draft, Making},
    place::Place,
};
use crate::{
    case::Phase,
    contract::Field,
    synth::{Pin, Tried},
};

/// More violations than this are a flood, which is a matter of its own: servers
/// have only so much room for them.
pub(super) const MOST: usize = 6;

/// Adds the cases of the fields of a message.
pub(super) fn add<'c>(making: &mut Making<'_, 'c>, place: &Place<'c>) {
    let mut wrong: Vec<Pin<'c>> = Vec::new();
    for field in &place.message.fields {
        let pool = making.synth.pool(place.message, field);
        let is_free = !wrong.iter().any(|pin| excludes(place, pin.field, field));
        let value = pool
            .tried
            .iter()
            .filter(|it| is_free && is_clear(it))
            .min_by_key(|it| it.size);
        wrong.extend(value.map(|tried| Pin {
            field,
            value: tried.value.clone(),
        }));
    }
    for pair in wrong.windows(2) {
        let names = [&pair[0].field.name, &pair[1].field.name];
        let id = format!("{}-and-{}", names[0], names[1]);
        let words = format!("{} and {} are both wrong", names[0], names[1]);
        push(making, place, pair, &id, &words);
    }
    if wrong.len() > 2 {
        wrong.truncate(MOST);
        let words = format!("{} fields are wrong at once", wrong.len());
        push(making, place, &wrong, "many", &words);
    }
}

/// Whether two fields can't both be set.
fn excludes(place: &Place<'_>, left: &Field, right: &Field) -> bool {
    let drawn = place.message.rules.oneof.iter();
    let drawn =
        drawn.filter(|it| it.fields.contains(&left.name) && it.fields.contains(&right.name));
    drawn.count() > 0 || (left.oneof.is_some() && left.oneof == right.oneof)
}

/// A value that breaks one rule of its own field.
fn is_clear(tried: &Tried) -> bool {
    tried.value.is_some()
        && tried.broken.len() == 1
        && tried
            .aims
            .iter()
            .any(|aim| tried.broken.contains(&aim.rule))
}

fn push<'c>(
    making: &mut Making<'_, 'c>,
    place: &Place<'c>,
    pins: &[Pin<'c>],
    id: &str,
    words: &str,
) {
    let message = making.synth.compose(place.message, pins).message;
    let placed = place.put(message, making.synth);
    making.add(Draft {
        id: format!("boundary/{}/several/{id}", place.in_id()),
        phase: Phase::Boundary,
        intent: format!("{}: {words}", place.in_words()),
        request: placed.request,
        aims: Vec::new(),
    });
}
