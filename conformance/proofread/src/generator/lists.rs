//! Generates lists.

use std::collections::HashSet;

use prost_protovalidate_types::RepeatedRules;
use prost_reflect::{DynamicMessage, Value};
use rand::rngs::StdRng;

use super::{
    candidate::{Candidate, Candidates, RuleSide},
    evaluator::{Evaluator, ITEMS},
    literals::Literals,
    strings::MAX_VALUE_BYTES,
    value_site::ValueSite,
};
use crate::case::Side;

/// The maximum number of items or pairs that are sent: in memory each takes much more
/// space than in a message.
pub(crate) const MAX_ELEMENTS: usize = 20_000;

/// The elements of a list, or the values of a map.
pub(crate) enum Element<'a> {
    /// Values that a site generates.
    Value(&'a ValueSite),
    /// Messages that the contract declares, with a valid instance; `None` if there is none.
    Message(Option<&'a DynamicMessage>),
}

/// Generates lists for one field.
pub(crate) struct ListGenerator<'a> {
    pub(crate) element: Element<'a>,
    pub(crate) rules: RepeatedRules,
    pub(crate) evaluator: &'a Evaluator,
    pub(crate) literals: &'a Literals,
}

/// The ids of the rules of the list, followed by those of its items with their level.
pub(crate) fn rule_ids(rules: &RepeatedRules, site: Option<&ValueSite>) -> Vec<String> {
    let set = [
        (rules.min_items.is_some(), "repeated.min_items"),
        (rules.max_items.is_some(), "repeated.max_items"),
        (rules.unique(), "repeated.unique"),
    ];
    let set = set.iter().filter(|(set, _)| *set);
    let own = set.map(|(_, id)| (*id).to_owned());
    let items = site.map_or(&[][..], |site| site.rule_ids.as_slice());
    own.chain(items.iter().map(|key| format!("{ITEMS}{key}")))
        .collect()
}

impl ListGenerator<'_> {
    /// The lists to try.
    pub(crate) fn candidates(&self, rng: &mut StdRng) -> Candidates<Value> {
        let mut candidates = Candidates::default();
        let (mut valid, items) = self.items(rng);
        self.add_sizes(&mut valid, &mut candidates, rng);
        if self.rules.unique() {
            self.add_repeated_item(&mut valid, &mut candidates, rng);
        }
        for (slug, description, size) in [("one", "one item", 1), ("two", "two items", 2)] {
            let list = self.of_size(size, &mut valid, rng).into_iter();
            list.for_each(|list| candidates.add_neutral(slug, description, list));
        }
        candidates.add_neutral("empty", "an empty list", Value::List(Vec::new()));
        if let Element::Message(Some(message)) = &self.element {
            let empty = Value::Message(DynamicMessage::new(
                prost_reflect::ReflectMessage::descriptor(*message),
            ));
            candidates.add_neutral(
                "empty-item",
                "an item with all its fields unset",
                Value::List(vec![empty]),
            );
        }
        self.add_each_item(items, &mut valid, &mut candidates, rng);
        candidates
    }

    /// Distinct valid items, the smallest first, and the candidates for an item.
    fn items(&self, rng: &mut StdRng) -> (Vec<Value>, Candidates<Value>) {
        match &self.element {
            Element::Message(message) => {
                let valid = message.iter().map(|it| Value::Message((*it).clone()));
                (valid.collect(), Candidates::default())
            }
            Element::Value(site) => {
                let mut evaluate = |item: &Value| self.evaluate(item);
                let candidates = site.candidates(&mut evaluate, rng);
                let mut valid: Vec<Value> = Vec::new();
                for value in candidates.all.iter().flat_map(|it| &it.values) {
                    if !valid.contains(value) && is_valid(self.evaluate(value)) {
                        valid.push(value.clone());
                    }
                }
                // Lists of small items are easier to read.
                valid.sort_by_key(|it| self.evaluator.size(Some(&Value::List(vec![it.clone()]))));
                (valid, candidates)
            }
        }
    }

    fn evaluate(&self, item: &Value) -> Option<std::collections::BTreeSet<String>> {
        self.evaluator
            .evaluate_level(ITEMS, &Value::List(vec![item.clone()]))
    }

    /// A list with `size` valid items, distinct if the rules require it. `None` if there are
    /// not enough items, or the list would be too large.
    fn of_size(&self, size: usize, valid: &mut Vec<Value>, rng: &mut StdRng) -> Option<Value> {
        if size > MAX_ELEMENTS {
            return None;
        }
        if self.rules.unique() {
            self.find_more(size, valid, rng);
        }
        let first = valid.first()?;
        let one = self.evaluator.size(Some(&Value::List(vec![first.clone()])));
        let is_too_big = (one * size) as u64 > MAX_VALUE_BYTES;
        let is_short = self.rules.unique() && valid.len() < size;
        if is_too_big || is_short {
            return None;
        }
        // Unless items must be unique, only the smallest ones are used, and repeated.
        let few = valid.len().min(8);
        let pool = if self.rules.unique() {
            valid.len()
        } else {
            few
        };
        Some(Value::List(
            valid[..pool].iter().cycle().take(size).cloned().collect(),
        ))
    }

    /// Adds random valid items until there are `size` distinct ones.
    fn find_more(&self, size: usize, valid: &mut Vec<Value>, rng: &mut StdRng) {
        let Element::Value(site) = &self.element else {
            return;
        };
        if valid.len() >= size {
            return;
        }
        let mut known: HashSet<String> = valid.iter().map(ToString::to_string).collect();
        for _ in 0..size * 20 {
            if valid.len() >= size {
                return;
            }
            let Some(item) = site.random(rng) else {
                return;
            };
            if !known.contains(&item.to_string()) && is_valid(self.evaluate(&item)) {
                known.insert(item.to_string());
                valid.push(item);
            }
        }
    }

    fn add_sizes(
        &self,
        valid: &mut Vec<Value>,
        candidates: &mut Candidates<Value>,
        rng: &mut StdRng,
    ) {
        let bounds = [
            ("repeated.min_items", self.rules.min_items, false),
            ("repeated.max_items", self.rules.max_items, true),
        ];
        for (rule, bound, less) in bounds {
            let Some(bound) = bound.and_then(|it| usize::try_from(it).ok()) else {
                continue;
            };
            let sizes = [
                (bound.checked_sub(1), less, "one-less"),
                (Some(bound), true, "exact"),
                (bound.checked_add(1), !less, "one-more"),
            ];
            for (size, inside, slug) in sizes {
                let side = if inside { Side::Kept } else { Side::Broken };
                let Some(size) = size else {
                    candidates.add_impossible(rule, side, "nothing is shorter than empty");
                    continue;
                };
                match self.of_size(size, valid, rng) {
                    Some(list) if inside => {
                        candidates.add_keeping(rule, slug, &format!("{size} items"), vec![list])
                    }
                    Some(list) => {
                        candidates.add_breaking(rule, slug, &format!("{size} items"), vec![list])
                    }
                    None => candidates.add_impossible(rule, side, self.size_failure(size, valid)),
                }
            }
        }
        for size in self.literals.sizes() {
            for size in [size.saturating_sub(1), size, size + 1] {
                let list = self.of_size(size, valid, rng).into_iter();
                list.for_each(|list| {
                    candidates.add_neutral(
                        &format!("size-{size}"),
                        "a size near a number that a rule names",
                        list,
                    )
                });
            }
        }
    }

    fn size_failure(&self, size: usize, valid: &[Value]) -> String {
        match valid.len() {
            0 => "no item keeps its rules".to_owned(),
            count if self.rules.unique() && count < size && size <= MAX_ELEMENTS => {
                format!("{size} different items are asked for and only {count} were found")
            }
            _ => format!("{size} items are more than proofread sends"),
        }
    }

    /// Adds lists with a repeated item.
    fn add_repeated_item(
        &self,
        valid: &mut Vec<Value>,
        candidates: &mut Candidates<Value>,
        rng: &mut StdRng,
    ) {
        let rule = "repeated.unique";
        let min = usize::try_from(self.rules.min_items()).unwrap_or(0).max(2);
        let mut values = Vec::new();
        for size in [min - 1, min, 1] {
            if let Some(Value::List(mut list)) = self.of_size(size, valid, rng)
                && let Some(first) = list.first().cloned()
            {
                list.push(first);
                values.push(Value::List(list));
            }
        }
        let apart = values
            .iter()
            .find(|it| it.as_list().is_some_and(|list| list.len() > 2))
            .cloned();
        candidates.add_breaking(rule, "twice", "the same item twice", values);
        candidates.add_breaking(
            rule,
            "twice-apart",
            "the same item first and last",
            apart.into_iter().collect(),
        );
        let different = [min, min - 1].map(|size| self.of_size(size, valid, rng));
        candidates.add_keeping(
            rule,
            "different",
            "items that all differ",
            different.into_iter().flatten().collect(),
        );
    }

    /// Adds lists in which one item is a candidate and the others are valid.
    fn add_each_item(
        &self,
        items: Candidates<Value>,
        valid: &mut Vec<Value>,
        candidates: &mut Candidates<Value>,
        rng: &mut StdRng,
    ) {
        let min = usize::try_from(self.rules.min_items()).unwrap_or(0).max(1);
        let Some(Value::List(others)) = self
            .of_size(min.max(2), valid, rng)
            .or_else(|| self.of_size(min, valid, rng))
            .or(Some(Value::List(Vec::new())))
        else {
            return;
        };
        let mut seen = HashSet::new();
        for candidate in items.all {
            let Candidate {
                values,
                target,
                slug,
                description,
            } = candidate;
            let with = |item: &Value, first: bool, size: usize| {
                let rest = others
                    .iter()
                    .filter(|it| *it != item)
                    .take(size - 1)
                    .cloned();
                let item = std::iter::once(item.clone());
                if first {
                    Value::List(item.chain(rest).collect())
                } else {
                    Value::List(rest.chain(item).collect())
                }
            };
            let prefixed = |target: &RuleSide| RuleSide {
                rule: format!("{ITEMS}{}", target.rule),
                side: target.side,
            };
            let is_new = target.as_ref().is_some_and(|target| {
                target.side == Side::Broken && seen.insert(target.rule.clone())
            });
            if is_new && others.len() > 1 {
                candidates.all.push(Candidate {
                    values: values
                        .iter()
                        .map(|it| with(it, false, min.max(2)))
                        .collect(),
                    target: target.as_ref().map(prefixed),
                    slug: format!("{slug}-last"),
                    description: format!("the last item is {description}"),
                });
            }
            candidates.all.push(Candidate {
                values: values.iter().map(|it| with(it, true, min)).collect(),
                target: target.as_ref().map(prefixed),
                slug: format!("item-{slug}"),
                description: format!("an item is {description}"),
            });
        }
        for (target, reason) in items.impossible {
            candidates.add_impossible(&format!("{ITEMS}{}", target.rule), target.side, reason);
        }
    }
}

fn is_valid(broken: Option<std::collections::BTreeSet<String>>) -> bool {
    broken.is_some_and(|it| it.is_empty())
}
