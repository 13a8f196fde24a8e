//! Values to try, and what each of them is for.

use crate::case::Side;

/// What a value is meant to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aim {
    /// The id of the rule: `string.min_len`; for items, keys and values with their
    /// level in front: `repeated.items.string.min_len`.
    pub(crate) rule: String,
    /// Whether the value is to keep the rule or to break it.
    pub(crate) side: Side,
}

/// A value to try.
#[derive(Debug, Clone)]
pub(crate) struct Candidate<T> {
    /// The value, and others that would do as well, best first: rules that this
    /// one knows nothing of may forbid the first.
    pub(crate) values: Vec<T>,
    /// What it is for; none where it is only interesting.
    pub(crate) aim: Option<Aim>,
    /// A short name, part of the id of a case: `above`.
    pub(crate) slug: String,
    /// What it is, in words: "one above its upper bound".
    pub(crate) words: String,
}

/// Collects what to try for a value, and what can't be tried and why.
#[derive(Debug, Clone)]
pub(crate) struct Tries<T> {
    pub(crate) candidates: Vec<Candidate<T>>,
    /// A rule and a side of it that no value can be on, with the reason.
    pub(crate) impossible: Vec<(Aim, String)>,
}

impl<T> Default for Tries<T> {
    fn default() -> Self {
        Self {
            candidates: Vec::new(),
            impossible: Vec::new(),
        }
    }
}

impl<T> Tries<T> {
    /// A value that keeps a rule.
    pub(crate) fn kept(&mut self, rule: &str, slug: &str, words: &str, values: Vec<T>) {
        self.aimed(rule, Side::Kept, slug, words, values);
    }

    /// A value that breaks a rule.
    pub(crate) fn broken(&mut self, rule: &str, slug: &str, words: &str, values: Vec<T>) {
        self.aimed(rule, Side::Broken, slug, words, values);
    }

    fn aimed(&mut self, rule: &str, side: Side, slug: &str, words: &str, values: Vec<T>) {
        let rule = rule.to_owned();
        self.push(Some(Aim { rule, side }), slug, words, values);
    }

    /// A value that is interesting as such.
    pub(crate) fn plain(&mut self, slug: &str, words: &str, value: T) {
        self.push(None, slug, words, vec![value]);
    }

    fn push(&mut self, aim: Option<Aim>, slug: &str, words: &str, values: Vec<T>) {
        if !values.is_empty() {
            self.candidates.push(Candidate {
                values,
                aim,
                slug: slug.to_owned(),
                words: words.to_owned(),
            });
        }
    }

    /// Says that no value can be on this side of a rule.
    pub(crate) fn impossible(&mut self, rule: &str, side: Side, reason: impl Into<String>) {
        let rule = rule.to_owned();
        self.impossible.push((Aim { rule, side }, reason.into()));
    }

    /// The same with values of another type; those that have no counterpart are
    /// dropped.
    pub(crate) fn map<U>(self, mut convert: impl FnMut(T) -> Option<U>) -> Tries<U> {
        let candidates = self.candidates.into_iter().map(|candidate| Candidate {
            values: candidate
                .values
                .into_iter()
                .filter_map(&mut convert)
                .collect(),
            aim: candidate.aim,
            slug: candidate.slug,
            words: candidate.words,
        });
        Tries {
            candidates: candidates.filter(|it| !it.values.is_empty()).collect(),
            impossible: self.impossible,
        }
    }
}

/// Names the items of a list for slugs: all where they are few, otherwise the
/// first, the second and the last.
pub(crate) fn some_of<T>(items: &[T]) -> Vec<(String, &T)> {
    const FEW: usize = 8;
    let named = |index: usize| format!("{}", index + 1);
    if items.len() <= FEW {
        let all = items.iter().enumerate();
        return all.map(|(index, item)| (named(index), item)).collect();
    }
    let ends = [0, 1, items.len() - 1];
    ends.map(|index| (named(index), &items[index])).to_vec()
}
