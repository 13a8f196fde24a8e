//! The values of one field that are worth sending, with what each of them breaks.

use std::{collections::BTreeSet, sync::Arc};

use prost_reflect::{DynamicMessage, Kind, MapKey, Value};
use rand::rngs::StdRng;

use super::{
    candidate::{Aim, Candidate, Tries},
    lists::{Element, Lists},
    literals::Literals,
    maps::Maps,
    scale::{ITEMS, KEYS, Scale, VALUES},
    shape::{Shape, keys_in, list_rules, map_rules, shape},
};
use crate::{
    case::Side,
    contract::{Field, Message},
    oracle::Oracle,
};

/// A value that was tried, and what it does.
#[derive(Debug, Clone)]
pub(crate) struct Tried {
    /// The value; none is the field left unset.
    pub(crate) value: Option<Value>,
    /// Which rules it is to keep or to break, and does.
    pub(crate) aims: Vec<Aim>,
    /// A short name: `above`.
    pub(crate) slug: String,
    /// What it is, in words.
    pub(crate) words: String,
    /// The ids of all rules that it breaks, with their levels; what is broken in
    /// nested messages has its path in front.
    pub(crate) broken: BTreeSet<String>,
    /// The bytes that it takes on the wire.
    pub(crate) size: usize,
    /// Whether it names something that exists.
    pub(crate) is_fixture: bool,
}

/// What is known of the values of one field.
pub(crate) struct Pool {
    /// The ids of its rules.
    pub(crate) keys: Vec<String>,
    /// Values worth sending.
    pub(crate) tried: Vec<Tried>,
    /// What no value was found for, with the reason.
    pub(crate) gaps: Vec<(Aim, String)>,
    /// Where its values stand.
    pub(crate) shape: Shape,
}

/// What a pool is made of.
pub(crate) struct Material<'a> {
    pub(crate) oracle: &'a Oracle,
    pub(crate) message: &'a Message,
    pub(crate) field: &'a Field,
    /// Whether the field holds messages of the contract.
    pub(crate) holds_messages: bool,
    /// The smallest valid one of those messages.
    pub(crate) smallest: Option<DynamicMessage>,
    /// Values that name something that exists.
    pub(crate) fixtures: Vec<Value>,
}

impl Pool {
    /// Tries values for a field.
    pub(crate) fn new(material: &Material<'_>, rng: &mut StdRng) -> Self {
        let field = material.field;
        let rules = field.rules.as_ref();
        let literals = Arc::new(Literals::of(rules, material.message));
        let scale = Scale::new(
            material.oracle,
            &material.message.descriptor,
            &field.descriptor,
        );
        let shape = shape(field, material.holds_messages, &literals);
        let tries = tries(&shape, material, &scale, &literals, rng);
        let mut pool = Self {
            keys: keys_in(rules, &shape),
            tried: Vec::new(),
            gaps: Vec::new(),
            shape,
        };
        pool.add_unset(&scale);
        for fixture in &material.fixtures {
            pool.add_fixture(fixture, &scale);
        }
        for candidate in &tries.candidates {
            pool.add(candidate, &scale);
        }
        pool.settle(&tries.impossible, scale.refusal().as_deref());
        pool
    }

    fn add_unset(&mut self, scale: &Scale) {
        if let Some(broken) = scale.weigh(None) {
            let aims = broken.iter().map(|rule| Aim {
                rule: rule.clone(),
                side: Side::Broken,
            });
            self.tried.push(Tried {
                value: None,
                aims: aims.filter(|aim| self.keys.contains(&aim.rule)).collect(),
                slug: "unset".to_owned(),
                words: "left unset".to_owned(),
                broken,
                size: 0,
                is_fixture: false,
            });
        }
    }

    fn add_fixture(&mut self, value: &Value, scale: &Scale) {
        if let Some(broken) = scale.weigh(Some(value)) {
            self.tried.push(Tried {
                value: Some(value.clone()),
                aims: Vec::new(),
                slug: "fixture".to_owned(),
                words: "a value that the configuration names".to_owned(),
                broken,
                size: scale.size(Some(value)),
                is_fixture: true,
            });
        }
    }

    /// Takes the first value of a candidate that does what is aimed at, or the one
    /// that comes nearest.
    fn add(&mut self, candidate: &Candidate<Value>, scale: &Scale) {
        let aim = candidate
            .aim
            .as_ref()
            .filter(|aim| self.keys.contains(&aim.rule));
        let mut best: Option<(usize, &Value, BTreeSet<String>)> = None;
        for value in &candidate.values {
            let Some(broken) = scale.weigh(Some(value)) else {
                continue;
            };
            let off = match aim {
                Some(Aim {
                    rule,
                    side: Side::Broken,
                }) if broken.contains(rule) => broken.len() - 1,
                Some(Aim {
                    side: Side::Kept, ..
                }) if broken.is_empty() => 0,
                Some(_) => continue,
                None => 0,
            };
            if best.as_ref().is_none_or(|(least, ..)| off < *least) {
                best = Some((off, value, broken));
            }
            if off == 0 {
                break;
            }
        }
        let Some((_, value, broken)) = best else {
            return;
        };
        let aims = aim.cloned();
        let size = scale.size(Some(value));
        let same = |it: &&mut Tried| it.size == size && it.value.as_ref() == Some(value);
        match self.tried.iter_mut().find(same) {
            Some(known) => {
                let new = aims.filter(|aim| !known.aims.contains(aim));
                known.aims.extend(new);
            }
            None => self.tried.push(Tried {
                value: Some(value.clone()),
                aims: aims.into_iter().collect(),
                slug: candidate.slug.clone(),
                words: candidate.words.clone(),
                broken,
                size,
                is_fixture: false,
            }),
        }
    }

    /// Gives each side of each rule that nothing was aimed at a value that happens
    /// to be there, and notes where there is none.
    fn settle(&mut self, impossible: &[(Aim, String)], refusal: Option<&str>) {
        for rule in self.keys.clone() {
            for side in [Side::Kept, Side::Broken] {
                let aim = Aim {
                    rule: rule.clone(),
                    side,
                };
                if self.tried.iter().any(|it| it.aims.contains(&aim)) {
                    continue;
                }
                let fits = |it: &&mut Tried| match side {
                    Side::Kept => it.value.is_some() && it.broken.is_empty() && it.has(&rule),
                    Side::Broken => it.broken.contains(&rule),
                };
                let found = self.tried.iter_mut().filter(fits);
                match found.min_by_key(|it| (it.broken.len(), it.size)) {
                    Some(tried) => tried.aims.push(aim),
                    None => {
                        let reason = self.why_not(&aim, impossible, refusal);
                        self.gaps.push((aim, reason));
                    }
                }
            }
        }
        // A value that breaks more than it is aimed at tells nothing new where
        // another one breaks that rule alone.
        let alone: BTreeSet<String> = self
            .tried
            .iter()
            .filter(|it| it.broken.len() == 1 && !it.aims.is_empty())
            .flat_map(|it| it.broken.clone())
            .collect();
        for tried in self
            .tried
            .iter_mut()
            .filter(|it| it.broken.len() > 1 && it.value.is_some())
        {
            tried.aims.retain(|aim| !alone.contains(&aim.rule));
        }
    }

    fn why_not(&self, aim: &Aim, impossible: &[(Aim, String)], refusal: Option<&str>) -> String {
        if let Some((_, reason)) = impossible.iter().find(|(known, _)| known == aim) {
            return reason.clone();
        }
        if let Some(refusal) = refusal {
            return format!("values could not be judged: {refusal}");
        }
        let count = self.tried.len();
        match aim.side {
            Side::Kept if self.valid().all(|it| it.value.is_none()) => {
                format!(
                    "no value keeps all rules of the field: they contradict each other, or the search through {count} values gave up"
                )
            }
            Side::Kept => format!("none of {count} values has what the rule is about"),
            Side::Broken => format!(
                "none of {count} values breaks it: it follows from the type or the other rules, or the search gave up"
            ),
        }
    }

    /// Why no value keeps all rules, as far as the values that were tried show it.
    pub(crate) fn what_breaks(&self) -> String {
        let least = self
            .tried
            .iter()
            .map(|it| it.broken.len())
            .min()
            .unwrap_or(0);
        let nearest = self.tried.iter().filter(|it| it.broken.len() == least);
        let nearest: BTreeSet<String> = nearest
            .map(|it| {
                it.broken
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(" and ")
            })
            .collect();
        let nearest: Vec<String> = nearest.into_iter().take(4).collect();
        match nearest.is_empty() {
            true => "none could be judged".to_owned(),
            false => format!(
                "each of {} that were tried breaks {}",
                self.tried.len(),
                nearest.join(" or ")
            ),
        }
    }

    /// The values that keep all rules, unset among them where it does.
    pub(crate) fn valid(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(|it| it.broken.is_empty())
    }

    /// The smallest valid value, a fixture before all others, and unset before
    /// those that are not.
    pub(crate) fn smallest(&self) -> Option<&Tried> {
        let fixture = self.valid().find(|it| it.is_fixture);
        fixture.or_else(|| self.valid().min_by_key(|it| it.size))
    }

    /// The smallest valid value that is set.
    pub(crate) fn smallest_set(&self) -> Option<&Tried> {
        let fixture = self.valid().find(|it| it.is_fixture);
        let set = self.valid().filter(|it| it.value.is_some());
        // A value of no bytes is no value where the field has no presence.
        fixture.or_else(|| set.min_by_key(|it| (it.size == 0, it.size)))
    }
}

impl Tried {
    /// Whether the value has what a rule is about: an empty list says nothing of
    /// the rules of its items.
    fn has(&self, rule: &str) -> bool {
        match &self.value {
            Some(Value::List(items)) => !rule.starts_with(ITEMS) || !items.is_empty(),
            Some(Value::Map(pairs)) => {
                let is_inside = [KEYS, VALUES].iter().any(|level| rule.starts_with(level));
                !is_inside || !pairs.is_empty()
            }
            _ => true,
        }
    }
}

fn tries(
    shape: &Shape,
    material: &Material<'_>,
    scale: &Scale,
    literals: &Literals,
    rng: &mut StdRng,
) -> Tries<Value> {
    let rules = material.field.rules.as_ref();
    match shape {
        Shape::One(Some(spot)) => spot.tries(&mut |value| scale.weigh(Some(value)), rng),
        Shape::One(None) => messages(material),
        Shape::List(spot, ..) => {
            let lists = Lists {
                element: match spot {
                    Some(spot) => Element::Value(spot),
                    None => Element::Message(material.smallest.as_ref()),
                },
                rules: list_rules(rules),
                scale,
                literals,
            };
            lists.tries(rng)
        }
        Shape::Map(key, spot, ..) => {
            let value_kind = material.field.value_kind();
            let maps = Maps {
                key,
                element: match spot {
                    Some(spot) => Element::Value(spot),
                    None => Element::Message(material.smallest.as_ref()),
                },
                blank: Value::default_value(&value_kind),
                any_key: material
                    .field
                    .key_kind()
                    .map_or(MapKey::Bool(false), |kind| MapKey::default_value(&kind)),
                rules: map_rules(rules),
                scale,
                literals,
            };
            maps.tries(rng)
        }
    }
}

fn messages(material: &Material<'_>) -> Tries<Value> {
    let mut tries = Tries::default();
    let smallest = material
        .smallest
        .iter()
        .map(|it| Value::Message(it.clone()));
    smallest.for_each(|it| {
        tries.kept(
            "required",
            "smallest",
            "the smallest valid message",
            vec![it],
        )
    });
    if let Kind::Message(message) = material.field.value_kind() {
        let empty = Value::Message(DynamicMessage::new(message));
        tries.plain("empty", "a message with all its fields unset", empty);
    }
    tries
}
