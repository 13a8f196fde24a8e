//! Rules of a message as a whole: required oneofs, fields that exclude each other,
//! and CEL over several fields, for which values are searched.

use std::collections::BTreeSet;

use prost_reflect::DynamicMessage;
use rand::rngs::StdRng;

use super::{
    derive::{Draft, Making, Meant},
    place::Place,
};
use crate::{
    case::{Exercise, Phase, Side},
    contract::{Field, Message},
    oracle::Breach,
    synth::{Pin, cel_key, rng_of},
};

/// The id of the rule by which fields exclude each other.
pub(crate) const DRAWN: &str = "message.oneof";
/// The id of the rule that a oneof must be set.
pub(crate) const REQUIRED: &str = "required";

/// Adds the cases of the rules of a message.
pub(super) fn add<'c>(making: &mut Making<'_, 'c>, place: &Place<'c>) {
    let message = place.message;
    let rules = &message.rules;
    let expressions = rules.cel_expression.iter().cloned();
    for rule in expressions.chain(rules.cel.iter().map(cel_key)) {
        searched(making, place, &rule);
    }
    for drawn in &rules.oneof {
        let members = members(message, &drawn.fields);
        let about = (message.full_name.as_str(), DRAWN, "");
        if drawn.required() {
            none(making, place, &members, about);
        }
        each(making, place, &members, about);
        both(making, place, &members, about);
    }
    for oneof in message.oneofs.iter().filter(|it| it.rules.required()) {
        let members = members(message, &oneof.fields);
        let field = format!("{}.{}", message.full_name, oneof.name);
        let about = (field.as_str(), REQUIRED, oneof.name.as_str());
        none(making, place, &members, about);
        each(making, place, &members, about);
    }
}

fn members<'c>(message: &'c Message, names: &[String]) -> Vec<&'c Field> {
    let fields = message.fields.iter();
    fields.filter(|field| names.contains(&field.name)).collect()
}

/// What a rule is about: what declares it, its id, and the path that violations
/// have below the message.
type About<'a> = (&'a str, &'a str, &'a str);

fn none<'c>(
    making: &mut Making<'_, 'c>,
    place: &Place<'c>,
    members: &[&'c Field],
    about: About<'_>,
) {
    let mut message = making.synth.compose(place.message, &[]).message;
    members
        .iter()
        .for_each(|field| message.clear_field(&field.descriptor));
    push(
        making,
        place,
        message,
        about,
        Side::Broken,
        "none",
        "none of its fields is set",
    );
}

fn each<'c>(
    making: &mut Making<'_, 'c>,
    place: &Place<'c>,
    members: &[&'c Field],
    about: About<'_>,
) {
    for field in members {
        let Some(pins) = alone(making, place, members, &[*field]) else {
            continue;
        };
        let message = making.synth.compose(place.message, &pins).message;
        let words = format!("only {} is set", field.name);
        push(
            making,
            place,
            message,
            about,
            Side::Kept,
            &format!("only-{}", field.name),
            &words,
        );
    }
}

fn both<'c>(
    making: &mut Making<'_, 'c>,
    place: &Place<'c>,
    members: &[&'c Field],
    about: About<'_>,
) {
    for pair in members.windows(2) {
        let Some(pins) = alone(making, place, members, pair) else {
            continue;
        };
        let message = making.synth.compose(place.message, &pins).message;
        let words = format!("{} and {} are set", pair[0].name, pair[1].name);
        let slug = format!("both-{}-{}", pair[0].name, pair[1].name);
        push(making, place, message, about, Side::Broken, &slug, &words);
    }
}

/// Pins some of the members to values, and the others to be unset.
fn alone<'c>(
    making: &mut Making<'_, 'c>,
    place: &Place<'c>,
    members: &[&'c Field],
    set: &[&'c Field],
) -> Option<Vec<Pin<'c>>> {
    let mut unset = Vec::new();
    let mut pins = Vec::new();
    for &field in members {
        let is_set = set.iter().any(|it| it.name == field.name);
        if !is_set {
            unset.push(Pin { field, value: None });
            continue;
        }
        let pool = making.synth.pool(place.message, field);
        let value = pool.smallest_set()?.value.clone();
        pins.push(Pin { field, value });
    }
    // Clearing comes first: setting a member of a oneof clears the others anyway.
    Some(unset.into_iter().chain(pins).collect())
}

/// Searches for messages that keep and break a rule in CEL.
fn searched<'c>(making: &mut Making<'_, 'c>, place: &Place<'c>, rule: &str) {
    let message = place.message;
    let about = (message.full_name.as_str(), rule, "");
    let mut rng = rng_of(&format!("{} {rule}", message.full_name));
    let start = making.synth.compose(message, &[]).message;
    let is_it = |breach: &Breach| breach.path.is_empty() && breach.key == rule;
    let only_it = |breaches: &BTreeSet<Breach>| {
        let missing = if breaches.iter().any(is_it) { 0 } else { 10 };
        missing + breaches.iter().filter(|it| !is_it(it)).count()
    };
    match making
        .synth
        .search(message, &start, &[], &only_it, &mut rng)
    {
        Some(found) => {
            let found = smaller(making, message, found, &only_it);
            let words = format!("breaks {rule} and nothing else");
            push(making, place, found, about, Side::Broken, "broken", &words);
        }
        None => making.note(
            &exercise(about, Side::Broken),
            "the search found no message that breaks it and nothing else",
        ),
    }
    push(
        making,
        place,
        start.clone(),
        about,
        Side::Kept,
        "smallest",
        "the smallest valid message",
    );
    let valid = |breaches: &BTreeSet<Breach>| breaches.len();
    if let Some(other) = varied(making, message, &valid, &mut rng) {
        push(
            making,
            place,
            other,
            about,
            Side::Kept,
            "other",
            "another valid message",
        );
    }
}

/// A valid message at random.
fn varied<'c>(
    making: &mut Making<'_, 'c>,
    message: &'c Message,
    goal: &dyn Fn(&BTreeSet<Breach>) -> usize,
    rng: &mut StdRng,
) -> Option<DynamicMessage> {
    let start = making.synth.random_message(message, rng, 1);
    making.synth.search(message, &start, &[], goal, rng)
}

/// Leaves out what the goal does not need.
fn smaller<'c>(
    making: &mut Making<'_, 'c>,
    message: &'c Message,
    found: DynamicMessage,
    goal: &dyn Fn(&BTreeSet<Breach>) -> usize,
) -> DynamicMessage {
    let mut smaller = found;
    for field in &message.fields {
        let mut without = smaller.clone();
        without.clear_field(&field.descriptor);
        let reached = making.synth.oracle.breaches(&without);
        if reached.is_ok_and(|breaches| goal(&breaches) == 0) {
            smaller = without;
        }
    }
    smaller
}

fn exercise((field, rule, _): About<'_>, side: Side) -> Exercise {
    Exercise {
        field: field.to_owned(),
        rule: rule.to_owned(),
        side,
    }
}

fn push<'c>(
    making: &mut Making<'_, 'c>,
    place: &Place<'c>,
    message: DynamicMessage,
    about: About<'_>,
    side: Side,
    slug: &str,
    words: &str,
) {
    let placed = place.put(message, making.synth);
    let path = match about.2 {
        "" => placed.path.clone(),
        oneof => placed.path_of(oneof),
    };
    let name = match about.2 {
        "" => place.in_id().to_owned(),
        oneof => place.path_of(oneof),
    };
    let meant = Meant {
        exercise: exercise(about, side),
        path,
    };
    let aims = making.aims(place, [meant]);
    making.add(Draft {
        id: format!("boundary/{name}/{}/{slug}", about.1),
        phase: Phase::Boundary,
        intent: format!("{}: {words}", place.in_words()),
        aims,
        request: placed.request,
    });
}
