//! Boundary cases: each rule of each field kept and broken, one field at a time.

use super::{
    derive::{CaseBuilder, CaseDraft, LocatedTarget},
    message_location::MessageLocation,
};
use crate::{
    case::{Phase, RuleTarget, Side},
    contract::Field,
    generator::{EvaluatedValue, Pin, RuleSide, display_value},
};

/// Adds the cases for the fields of one message.
pub(super) fn add<'c>(builder: &mut CaseBuilder<'_, 'c>, location: &MessageLocation<'c>) {
    for field in &location.message.fields {
        for problem in builder.generator.fixtures.problems(field) {
            builder.add_uncovered(&field.full_name, "", None, problem);
        }
        let pool = builder.generator.pool(location.message, field);
        for (target, reason) in &pool.gaps {
            builder.note_reason(&rule_target(field, target), reason);
        }
        // The unset phase covers fields left unset.
        for evaluated in pool.evaluated.iter().filter(|it| it.value.is_some()) {
            if evaluated.is_fixture && !evaluated.broken.is_empty() {
                let broken: Vec<&str> = evaluated.broken.iter().map(String::as_str).collect();
                let value = display_value(evaluated.value.as_ref());
                let reason = format!("the fixture {value} breaks {}", broken.join(", "));
                builder.add_uncovered(&field.full_name, "", None, reason);
            } else if evaluated.targets.is_empty() && evaluated.broken.len() > 1 {
                // Values that break one rule each test the same more precisely.
            } else {
                push(builder, location, field, evaluated);
            }
        }
    }
}

fn push<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    location: &MessageLocation<'c>,
    field: &'c Field,
    evaluated: &EvaluatedValue,
) {
    let pin = Pin {
        field,
        value: evaluated.value.clone(),
    };
    let message = builder.generator.compose(location.message, &[pin]).message;
    let embedded = location.embed(message, builder.generator);
    let path = location.path_of(&field.name);
    let targets: Vec<&RuleSide> = evaluated
        .targets
        .iter()
        .filter(|target| is_reached(target, evaluated))
        .collect();
    let id = match targets.first() {
        Some(target) => format!("boundary/{path}/{}/{}", target.rule, evaluated.slug),
        None => format!("boundary/{path}/{}", evaluated.slug),
    };
    let located = targets.iter().map(|target| LocatedTarget {
        target: rule_target(field, target),
        path: embedded.path_of(&field.name),
    });
    let targets = builder.active_targets(location, located);
    builder.add(CaseDraft {
        id,
        phase: Phase::Boundary,
        intent: format!(
            "{path} is {}: {}",
            display_value(evaluated.value.as_ref()),
            evaluated.description
        ),
        targets,
        request: embedded.request,
    });
}

/// Whether the value is on the targeted side. A value that keeps the targeted rule does not
/// count if it breaks another one.
fn is_reached(target: &RuleSide, evaluated: &EvaluatedValue) -> bool {
    match target.side {
        Side::Kept => evaluated.broken.is_empty(),
        Side::Broken => evaluated.broken.contains(&target.rule),
    }
}

fn rule_target(field: &Field, target: &RuleSide) -> RuleTarget {
    RuleTarget {
        field: field.full_name.clone(),
        rule: target.rule.clone(),
        side: target.side,
    }
}
