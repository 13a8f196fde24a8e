//! Where the values of a field stand, and the ids of the rules that are on them.

use std::sync::Arc;

use prost_protovalidate_types::{Ignore, MapRules, RepeatedRules, field_rules::Type};
use prost_reflect::Kind;

use super::{
    lists,
    literals::Literals,
    maps,
    spot::{Spot, cel_keys},
};
use crate::contract::{Contract, Field, Message, Rules};

/// Where the values of a field stand. A spot is none where a message of the
/// contract stands.
pub(crate) enum Shape {
    /// A field of one value.
    One(Option<Box<Spot>>),
    /// A list, with the least and the greatest number of items.
    List(Option<Box<Spot>>, u64, Option<u64>),
    /// A map, with the same of its pairs.
    Map(Box<Spot>, Option<Box<Spot>>, u64, Option<u64>),
}

/// The ids of the rules of a field, with their levels.
pub(crate) fn keys(contract: &Contract, message: &Message, field: &Field) -> Vec<String> {
    let rules = field.rules.as_ref();
    let literals = Arc::new(Literals::of(rules, message));
    let holds_messages = contract.message_in(field).is_some();
    keys_in(rules, &shape(field, holds_messages, &literals))
}

pub(super) fn keys_in(rules: Option<&Rules>, shape: &Shape) -> Vec<String> {
    let Some(rules) = rules.filter(|rules| rules.ignore() != Ignore::Always) else {
        return Vec::new();
    };
    let mut keys = match shape {
        Shape::One(spot) => spot.as_ref().map_or_else(Vec::new, |it| it.keys.clone()),
        Shape::List(spot, ..) => lists::keys(&list_rules(Some(rules)), spot.as_deref()),
        Shape::Map(key, spot, ..) => maps::keys(&map_rules(Some(rules)), key, spot.as_deref()),
    };
    // A spot knows its own rules in CEL; those of a list, a map or a message of the
    // contract are of the field.
    if !matches!(shape, Shape::One(Some(_))) {
        keys.extend(cel_keys(rules));
    }
    if rules.required() {
        keys.push("required".to_owned());
    }
    keys
}

pub(super) fn shape(field: &Field, holds_messages: bool, literals: &Arc<Literals>) -> Shape {
    let rules = field.rules.as_ref();
    let spot = |kind: &Kind, rules: Option<&Rules>| {
        (!holds_messages).then(|| Box::new(Spot::new(kind, rules, literals, false)))
    };
    if let Some(key_kind) = field.key_kind() {
        let keys = rules.and_then(|it| it.keys.as_deref());
        let values = rules.and_then(|it| it.values.as_deref());
        let bounds = map_rules(rules);
        return Shape::Map(
            Box::new(Spot::new(&key_kind, keys, literals, true)),
            spot(&field.value_kind(), values),
            bounds.min_pairs(),
            bounds.max_pairs,
        );
    }
    if field.descriptor.is_list() {
        let items = rules.and_then(|it| it.items.as_deref());
        let bounds = list_rules(rules);
        return Shape::List(
            spot(&field.value_kind(), items),
            bounds.min_items(),
            bounds.max_items,
        );
    }
    Shape::One(spot(&field.value_kind(), rules))
}

pub(super) fn list_rules(rules: Option<&Rules>) -> RepeatedRules {
    match rules.and_then(|it| it.standard.r#type.as_ref()) {
        Some(Type::Repeated(rules)) => rules.as_ref().clone(),
        _ => RepeatedRules::default(),
    }
}

pub(super) fn map_rules(rules: Option<&Rules>) -> MapRules {
    match rules.and_then(|it| it.standard.r#type.as_ref()) {
        Some(Type::Map(rules)) => rules.as_ref().clone(),
        _ => MapRules::default(),
    }
}
