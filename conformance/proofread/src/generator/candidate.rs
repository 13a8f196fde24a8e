//! Candidates: values to evaluate, each with the rule that it targets.

use crate::case::Side;

/// A rule of a field and one of its sides: what a value targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleSide {
    /// The id of the rule: `string.min_len`; for items, keys and values with their
    /// level in front: `repeated.items.string.min_len`.
    pub(crate) rule: String,
    /// Whether the value shall keep or break the rule.
    pub(crate) side: Side,
}

/// A value to evaluate.
#[derive(Debug, Clone)]
pub(crate) struct Candidate<T> {
    /// The value and its alternatives, best first. Another rule of the field may forbid
    /// the first one.
    pub(crate) values: Vec<T>,
    /// The rule side that it targets; `None` for a value that is useful with any rule.
    pub(crate) target: Option<RuleSide>,
    /// A short name, part of the id of a case: `above`.
    pub(crate) slug: String,
    /// What the value is, in words: "one above its upper bound".
    pub(crate) description: String,
}

/// The candidates for one value site, and the rule sides that no value can be on.
#[derive(Debug, Clone)]
pub(crate) struct Candidates<T> {
    pub(crate) all: Vec<Candidate<T>>,
    /// Rule sides that no value can be on, each with the reason.
    pub(crate) impossible: Vec<(RuleSide, String)>,
}

impl<T> Default for Candidates<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            impossible: Vec::new(),
        }
    }
}

impl<T> Candidates<T> {
    /// Adds a candidate that shall keep a rule.
    pub(crate) fn add_keeping(
        &mut self,
        rule: &str,
        slug: &str,
        description: &str,
        values: Vec<T>,
    ) {
        self.add_targeted(rule, Side::Kept, slug, description, values);
    }

    /// Adds a candidate that shall break a rule.
    pub(crate) fn add_breaking(
        &mut self,
        rule: &str,
        slug: &str,
        description: &str,
        values: Vec<T>,
    ) {
        self.add_targeted(rule, Side::Broken, slug, description, values);
    }

    fn add_targeted(
        &mut self,
        rule: &str,
        side: Side,
        slug: &str,
        description: &str,
        values: Vec<T>,
    ) {
        let rule = rule.to_owned();
        self.push(Some(RuleSide { rule, side }), slug, description, values);
    }

    /// Adds a candidate without a target.
    pub(crate) fn add_neutral(&mut self, slug: &str, description: &str, value: T) {
        self.push(None, slug, description, vec![value]);
    }

    fn push(&mut self, target: Option<RuleSide>, slug: &str, description: &str, values: Vec<T>) {
        if !values.is_empty() {
            self.all.push(Candidate {
                values,
                target,
                slug: slug.to_owned(),
                description: description.to_owned(),
            });
        }
    }

    /// Records that no value can be on this side of a rule.
    pub(crate) fn add_impossible(&mut self, rule: &str, side: Side, reason: impl Into<String>) {
        let rule = rule.to_owned();
        self.impossible
            .push((RuleSide { rule, side }, reason.into()));
    }

    /// Converts the values to another type; values without a counterpart are dropped.
    pub(crate) fn map<U>(self, mut convert: impl FnMut(T) -> Option<U>) -> Candidates<U> {
        let all = self.all.into_iter().map(|candidate| Candidate {
            values: candidate
                .values
                .into_iter()
                .filter_map(&mut convert)
                .collect(),
            target: candidate.target,
            slug: candidate.slug,
            description: candidate.description,
        });
        Candidates {
            all: all.filter(|it| !it.values.is_empty()).collect(),
            impossible: self.impossible,
        }
    }
}

/// Samples of a list, each with its number from 1 for slugs: all items of a list of up
/// to eight, otherwise the first, the second and the last.
pub(crate) fn numbered_samples<T>(items: &[T]) -> Vec<(String, &T)> {
    const FEW: usize = 8;
    let named = |index: usize| format!("{}", index + 1);
    if items.len() <= FEW {
        let all = items.iter().enumerate();
        return all.map(|(index, item)| (named(index), item)).collect();
    }
    let ends = [0, 1, items.len() - 1];
    ends.map(|index| (named(index), &items[index])).to_vec()
}
