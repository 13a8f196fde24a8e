//! The shape of a field (singular, list or map) with its value sites, and the ids of its
//! rules.

use std::sync::Arc;

use prost_protovalidate_types::{Ignore, MapRules, RepeatedRules, field_rules::Type};
use prost_reflect::Kind;

use super::{
    lists,
    literals::Literals,
    maps,
    value_site::{ValueSite, cel_rule_ids},
};
use crate::contract::{Contract, Field, Message, Rules};

/// The shape of a field with its value sites. A site is `None` if it holds messages that
/// the contract declares.
pub(crate) enum FieldShape {
    /// A field with one value.
    Singular(Option<Box<ValueSite>>),
    /// A list, with the minimum and the maximum number of items.
    List(Option<Box<ValueSite>>, u64, Option<u64>),
    /// A map: the sites of keys and values, the minimum and the maximum number of pairs.
    Map(Box<ValueSite>, Option<Box<ValueSite>>, u64, Option<u64>),
}

/// The ids of the rules of a field, with their levels.
pub(crate) fn rule_ids(contract: &Contract, message: &Message, field: &Field) -> Vec<String> {
    let rules = field.rules.as_ref();
    let literals = Arc::new(Literals::of(rules, message));
    let holds_messages = contract.message_in(field).is_some();
    rule_ids_of(rules, &shape(field, holds_messages, &literals))
}

pub(super) fn rule_ids_of(rules: Option<&Rules>, shape: &FieldShape) -> Vec<String> {
    let Some(rules) = rules.filter(|rules| rules.ignore() != Ignore::Always) else {
        return Vec::new();
    };
    let mut rule_ids = match shape {
        FieldShape::Singular(site) => site
            .as_ref()
            .map_or_else(Vec::new, |it| it.rule_ids.clone()),
        FieldShape::List(site, ..) => lists::rule_ids(&list_rules(Some(rules)), site.as_deref()),
        FieldShape::Map(key, site, ..) => {
            maps::rule_ids(&map_rules(Some(rules)), key, site.as_deref())
        }
    };
    // A site includes the rules in CEL of a singular field; the rules in CEL of a list,
    // a map or a message that the contract declares belong to the field itself.
    if !matches!(shape, FieldShape::Singular(Some(_))) {
        rule_ids.extend(cel_rule_ids(rules));
    }
    if rules.required() {
        rule_ids.push("required".to_owned());
    }
    rule_ids
}

pub(super) fn shape(field: &Field, holds_messages: bool, literals: &Arc<Literals>) -> FieldShape {
    let rules = field.rules.as_ref();
    let site = |kind: &Kind, rules: Option<&Rules>| {
        (!holds_messages).then(|| Box::new(ValueSite::new(kind, rules, literals, false)))
    };
    if let Some(key_kind) = field.key_kind() {
        let keys = rules.and_then(|it| it.keys.as_deref());
        let values = rules.and_then(|it| it.values.as_deref());
        let bounds = map_rules(rules);
        return FieldShape::Map(
            Box::new(ValueSite::new(&key_kind, keys, literals, true)),
            site(&field.value_kind(), values),
            bounds.min_pairs(),
            bounds.max_pairs,
        );
    }
    if field.descriptor.is_list() {
        let items = rules.and_then(|it| it.items.as_deref());
        let bounds = list_rules(rules);
        return FieldShape::List(
            site(&field.value_kind(), items),
            bounds.min_items(),
            bounds.max_items,
        );
    }
    FieldShape::Singular(site(&field.value_kind(), rules))
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
