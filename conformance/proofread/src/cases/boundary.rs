//! Each rule of each field from both sides, one field at a time.

use super::{
    derive::{Draft, Making, Meant},
    place::Place,
};
use crate::{
    case::{Exercise, Phase, Side},
    contract::Field,
    synth::{Aim, Pin, Tried, shown},
};

/// Adds the cases of the fields of a message.
pub(super) fn add<'c>(making: &mut Making<'_, 'c>, place: &Place<'c>) {
    for field in &place.message.fields {
        for problem in making.synth.fixtures.problems(field) {
            making.uncovered(&field.full_name, "", None, problem);
        }
        let pool = making.synth.pool(place.message, field);
        for (aim, reason) in &pool.gaps {
            making.note(&exercise(field, aim), reason);
        }
        // Left unset is a phase of its own.
        for tried in pool.tried.iter().filter(|it| it.value.is_some()) {
            if tried.is_fixture && !tried.broken.is_empty() {
                let broken: Vec<&str> = tried.broken.iter().map(String::as_str).collect();
                let value = shown(tried.value.as_ref());
                let reason = format!("the fixture {value} breaks {}", broken.join(", "));
                making.uncovered(&field.full_name, "", None, reason);
            } else if tried.aims.is_empty() && tried.broken.len() > 1 {
                // It says nothing that another value does not say more clearly.
            } else {
                push(making, place, field, tried);
            }
        }
    }
}

fn push<'c>(making: &mut Making<'_, 'c>, place: &Place<'c>, field: &'c Field, tried: &Tried) {
    let pin = Pin {
        field,
        value: tried.value.clone(),
    };
    let message = making.synth.compose(place.message, &[pin]).message;
    let placed = place.put(message, making.synth);
    let path = place.path_of(&field.name);
    let aims: Vec<&Aim> = tried
        .aims
        .iter()
        .filter(|aim| is_true(aim, tried))
        .collect();
    let id = match aims.first() {
        Some(aim) => format!("boundary/{path}/{}/{}", aim.rule, tried.slug),
        None => format!("boundary/{path}/{}", tried.slug),
    };
    let meant = aims.iter().map(|aim| Meant {
        exercise: exercise(field, aim),
        path: placed.path_of(&field.name),
    });
    let aims = making.aims(place, meant);
    making.add(Draft {
        id,
        phase: Phase::Boundary,
        intent: format!("{path} is {}: {}", shown(tried.value.as_ref()), tried.words),
        aims,
        request: placed.request,
    });
}

/// A value may have been meant to keep one rule and break another.
fn is_true(aim: &Aim, tried: &Tried) -> bool {
    match aim.side {
        Side::Kept => tried.broken.is_empty(),
        Side::Broken => tried.broken.contains(&aim.rule),
    }
}

fn exercise(field: &Field, aim: &Aim) -> Exercise {
    Exercise {
        field: field.full_name.clone(),
        rule: aim.rule.clone(),
        side: aim.side,
    }
}
