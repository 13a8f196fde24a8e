//! Cases for rules of whole messages: required oneofs, fields that exclude each other,
//! and CEL over several fields. For CEL, a random search finds the messages.

use std::collections::BTreeSet;

use prost_reflect::DynamicMessage;
use rand::rngs::StdRng;

use super::{
    derive::{CaseBuilder, CaseDraft, LocatedTarget},
    message_location::MessageLocation,
};
use crate::{
    case::{Phase, RuleTarget, Side},
    contract::{Field, Message},
    generator::{Pin, cel_rule_id, rng_of},
    oracle::OracleViolation,
};

/// The id of the `(buf.validate.message).oneof` rule, by which fields exclude each other.
pub(crate) const ONEOF_RULE: &str = "message.oneof";
/// The id of the rule that a oneof must be set.
pub(crate) const REQUIRED_RULE: &str = "required";

/// A rule of a message or of one of its oneofs.
#[derive(Clone, Copy)]
struct MessageRule<'a> {
    /// The full name of the message or oneof that declares the rule.
    declared_by: &'a str,
    id: &'a str,
    /// The name of the oneof, which is the path of a violation below the message.
    oneof: Option<&'a str>,
}

/// Adds the cases for the rules of one message.
pub(super) fn add<'c>(builder: &mut CaseBuilder<'_, 'c>, location: &MessageLocation<'c>) {
    let message = location.message;
    let rules = &message.rules;
    let expressions = rules.cel_expression.iter().cloned();
    for id in expressions.chain(rules.cel.iter().map(cel_rule_id)) {
        add_cel(builder, location, &id);
    }
    for oneof_rule in &rules.oneof {
        let members = members(message, &oneof_rule.fields);
        let rule = MessageRule {
            declared_by: &message.full_name,
            id: ONEOF_RULE,
            oneof: None,
        };
        if oneof_rule.required() {
            add_none_set(builder, location, &members, rule);
        }
        add_each_alone(builder, location, &members, rule);
        add_pairs(builder, location, &members, rule);
    }
    for oneof in message.oneofs.iter().filter(|it| it.rules.required()) {
        let members = members(message, &oneof.fields);
        let rule = MessageRule {
            declared_by: &format!("{}.{}", message.full_name, oneof.name),
            id: REQUIRED_RULE,
            oneof: Some(&oneof.name),
        };
        add_none_set(builder, location, &members, rule);
        add_each_alone(builder, location, &members, rule);
    }
}

fn members<'c>(message: &'c Message, names: &[String]) -> Vec<&'c Field> {
    let fields = message.fields.iter();
    fields.filter(|field| names.contains(&field.name)).collect()
}

fn add_none_set<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    location: &MessageLocation<'c>,
    members: &[&'c Field],
    rule: MessageRule<'_>,
) {
    let mut message = builder.generator.compose(location.message, &[]).message;
    members
        .iter()
        .for_each(|field| message.clear_field(&field.descriptor));
    push(
        builder,
        location,
        message,
        rule,
        Side::Broken,
        "none",
        "none of its fields is set",
    );
}

fn add_each_alone<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    location: &MessageLocation<'c>,
    members: &[&'c Field],
    rule: MessageRule<'_>,
) {
    for field in members {
        let Some(pins) = pins(builder, location, members, &[*field]) else {
            continue;
        };
        let message = builder.generator.compose(location.message, &pins).message;
        let slug = format!("only-{}", field.name);
        let description = format!("only {} is set", field.name);
        push(
            builder,
            location,
            message,
            rule,
            Side::Kept,
            &slug,
            &description,
        );
    }
}

fn add_pairs<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    location: &MessageLocation<'c>,
    members: &[&'c Field],
    rule: MessageRule<'_>,
) {
    for pair in members.windows(2) {
        let Some(pins) = pins(builder, location, members, pair) else {
            continue;
        };
        let message = builder.generator.compose(location.message, &pins).message;
        let slug = format!("both-{}-{}", pair[0].name, pair[1].name);
        let description = format!("{} and {} are set", pair[0].name, pair[1].name);
        push(
            builder,
            location,
            message,
            rule,
            Side::Broken,
            &slug,
            &description,
        );
    }
}

/// Pins the members in `set` to their smallest value and the other members to unset.
/// `None` if one of them has no valid value.
fn pins<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    location: &MessageLocation<'c>,
    members: &[&'c Field],
    set: &[&'c Field],
) -> Option<Vec<Pin<'c>>> {
    let mut unset_pins = Vec::new();
    let mut set_pins = Vec::new();
    for &field in members {
        let is_set = set.iter().any(|it| it.name == field.name);
        if !is_set {
            unset_pins.push(Pin { field, value: None });
            continue;
        }
        let pool = builder.generator.pool(location.message, field);
        let value = pool.smallest_set()?.value.clone();
        set_pins.push(Pin { field, value });
    }
    // Unset pins go first: setting one member of a oneof clears the others anyway.
    Some(unset_pins.into_iter().chain(set_pins).collect())
}

/// Searches for messages that keep and break a rule in CEL.
fn add_cel<'c>(builder: &mut CaseBuilder<'_, 'c>, location: &MessageLocation<'c>, id: &str) {
    let message = location.message;
    let rule = MessageRule {
        declared_by: &message.full_name,
        id,
        oneof: None,
    };
    let mut rng = rng_of(&format!("{} {id}", message.full_name));
    let smallest = builder.generator.compose(message, &[]).message;
    let is_target =
        |violation: &OracleViolation| violation.path.is_empty() && violation.qualified_rule == id;
    // Zero if the rule is the only one that is broken.
    let breaks_only_the_target = |violations: &BTreeSet<OracleViolation>| {
        let missing = if violations.iter().any(is_target) {
            0
        } else {
            10
        };
        missing + violations.iter().filter(|it| !is_target(it)).count()
    };
    let found =
        builder
            .generator
            .search(message, &smallest, &[], &breaks_only_the_target, &mut rng);
    match found {
        Some(found) => {
            let reduced = without_unneeded_fields(builder, message, found, &breaks_only_the_target);
            let description = format!("breaks {id} and nothing else");
            push(
                builder,
                location,
                reduced,
                rule,
                Side::Broken,
                "broken",
                &description,
            );
        }
        None => builder.note_reason(
            &rule_target(rule, Side::Broken),
            "the search found no message that breaks it and nothing else",
        ),
    }
    push(
        builder,
        location,
        smallest,
        rule,
        Side::Kept,
        "smallest",
        "the smallest valid message",
    );
    if let Some(other) = random_valid(builder, message, &mut rng) {
        push(
            builder,
            location,
            other,
            rule,
            Side::Kept,
            "other",
            "another valid message",
        );
    }
}

fn random_valid<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    message: &'c Message,
    rng: &mut StdRng,
) -> Option<DynamicMessage> {
    let start = builder.generator.random_message(message, rng, 1);
    builder
        .generator
        .search(message, &start, &[], &BTreeSet::len, rng)
}

/// Clears each field without which `goal` still returns zero.
fn without_unneeded_fields<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    message: &'c Message,
    found: DynamicMessage,
    goal: &dyn Fn(&BTreeSet<OracleViolation>) -> usize,
) -> DynamicMessage {
    let mut reduced = found;
    for field in &message.fields {
        let mut without = reduced.clone();
        without.clear_field(&field.descriptor);
        let violations = builder.generator.oracle.detailed_violations(&without);
        if violations.is_ok_and(|violations| goal(&violations) == 0) {
            reduced = without;
        }
    }
    reduced
}

fn rule_target(rule: MessageRule<'_>, side: Side) -> RuleTarget {
    RuleTarget {
        field: rule.declared_by.to_owned(),
        rule: rule.id.to_owned(),
        side,
    }
}

fn push<'c>(
    builder: &mut CaseBuilder<'_, 'c>,
    location: &MessageLocation<'c>,
    message: DynamicMessage,
    rule: MessageRule<'_>,
    side: Side,
    slug: &str,
    description: &str,
) {
    let breaks_rule = |violation: &OracleViolation| {
        violation.path == rule.oneof.unwrap_or_default() && violation.qualified_rule == rule.id
    };
    if side == Side::Kept
        && let Ok(violations) = builder.generator.oracle.detailed_violations(&message)
        && violations.iter().any(breaks_rule)
    {
        let reason = format!("no message that keeps it was found where {description}");
        builder.note_reason(&rule_target(rule, side), &reason);
        return;
    }
    let embedded = location.embed(message, builder.generator);
    let (path, name) = match rule.oneof {
        None => (embedded.path.clone(), location.in_id().to_owned()),
        Some(oneof) => (embedded.path_of(oneof), location.path_of(oneof)),
    };
    let located = LocatedTarget {
        target: rule_target(rule, side),
        path,
    };
    let targets = builder.active_targets(location, [located]);
    builder.add(CaseDraft {
        id: format!("boundary/{name}/{}/{slug}", rule.id),
        phase: Phase::Boundary,
        intent: format!("{}: {description}", location.in_words()),
        targets,
        request: embedded.request,
    });
}
