//! Generates integers for a range and lists of values. Durations and timestamps are
//! counted in nanoseconds and use it too.

use rand::{RngExt, rngs::StdRng};

use super::candidate::{Candidates, numbered_samples};
use crate::case::Side;

/// The rules of an integer of any type.
#[derive(Debug, Clone)]
pub(crate) struct IntegerRange {
    /// The first part of the rule ids: `int32`.
    pub(crate) prefix: &'static str,
    /// The minimum of the type.
    pub(crate) min: i128,
    /// The maximum of the type.
    pub(crate) max: i128,
    /// The distance from one value to the next.
    pub(crate) step: i128,
    pub(crate) constant: Option<i128>,
    /// The lower bound, and whether the bound itself is allowed.
    pub(crate) lower: Option<(i128, bool)>,
    /// The upper bound, likewise.
    pub(crate) upper: Option<(i128, bool)>,
    /// The values of `in`.
    pub(crate) allowed: Vec<i128>,
    /// The values of `not_in`.
    pub(crate) excluded: Vec<i128>,
}

/// The id of the rule that two bounds form together, such as `int32.gte_lte`. If the upper
/// bound is below the lower one, the values between them are excluded, and the id ends
/// with `_exclusive`.
pub(crate) fn range_id<T: PartialOrd>(
    prefix: &str,
    lower: Option<(T, bool)>,
    upper: Option<(T, bool)>,
) -> Option<String> {
    let low = |closed| if closed { "gte" } else { "gt" };
    let high = |closed| if closed { "lte" } else { "lt" };
    match (lower, upper) {
        (None, None) => None,
        (Some((_, closed)), None) => Some(format!("{prefix}.{}", low(closed))),
        (None, Some((_, closed))) => Some(format!("{prefix}.{}", high(closed))),
        (Some((min, low_closed)), Some((max, high_closed))) => {
            let between = min < max || (min == max && low_closed && high_closed);
            let suffix = if between { "" } else { "_exclusive" };
            Some(format!(
                "{prefix}.{}_{}{suffix}",
                low(low_closed),
                high(high_closed)
            ))
        }
    }
}

impl IntegerRange {
    /// A range without rules, for a type with these limits.
    pub(crate) fn of(prefix: &'static str, min: i128, max: i128, step: i128) -> Self {
        Self {
            prefix,
            min,
            max,
            step,
            constant: None,
            lower: None,
            upper: None,
            allowed: Vec::new(),
            excluded: Vec::new(),
        }
    }

    fn id(&self, rule: &str) -> String {
        format!("{}.{rule}", self.prefix)
    }

    fn range_id(&self) -> Option<String> {
        range_id(self.prefix, self.lower, self.upper)
    }

    /// The smallest value that the lower bound allows.
    fn min_allowed(&self) -> Option<i128> {
        self.lower
            .map(|(bound, closed)| if closed { bound } else { bound + self.step })
    }

    /// The greatest value that the upper bound allows.
    fn max_allowed(&self) -> Option<i128> {
        self.upper
            .map(|(bound, closed)| if closed { bound } else { bound - self.step })
    }

    /// The ids of the rules that are set.
    pub(crate) fn rule_ids(&self) -> Vec<String> {
        let mut rule_ids = Vec::new();
        rule_ids.extend(self.constant.map(|_| self.id("const")));
        rule_ids.extend(self.range_id());
        if !self.allowed.is_empty() {
            rule_ids.push(self.id("in"));
        }
        if !self.excluded.is_empty() {
            rule_ids.push(self.id("not_in"));
        }
        rule_ids
    }

    /// The values to try. `numbers` are the literals in rules in CEL.
    pub(crate) fn candidates(&self, numbers: &[i128]) -> Candidates<i128> {
        let mut candidates = Candidates::default();
        if let Some(constant) = self.constant {
            let id = self.id("const");
            candidates.add_keeping(&id, "equal", "the only allowed value", vec![constant]);
            candidates.add_breaking(
                &id,
                "below",
                "one below the only allowed value",
                vec![constant - self.step],
            );
            candidates.add_breaking(
                &id,
                "above",
                "one above the only allowed value",
                vec![constant + self.step],
            );
        }
        self.range(&mut candidates);
        self.lists(&mut candidates);
        let known = [
            (0, "zero", "zero"),
            (self.step, "one", "one"),
            (-self.step, "minus-one", "minus one"),
            (self.max, "greatest", "the greatest value of its type"),
            (self.min, "least", "the least value of its type"),
        ];
        for (value, slug, description) in known {
            candidates.add_neutral(slug, description, value);
        }
        for number in numbers {
            for value in [number - self.step, *number, number + self.step] {
                candidates.add_neutral(
                    &format!("value-{value}"),
                    "a value near one that a rule names",
                    value,
                );
            }
        }
        for candidate in &mut candidates.all {
            let fits = |value: &i128| (self.min..=self.max).contains(value);
            candidate.values.retain(fits);
        }
        candidates.all.retain(|it| !it.values.is_empty());
        candidates
    }

    fn range(&self, candidates: &mut Candidates<i128>) {
        let Some(id) = self.range_id() else {
            return;
        };
        let exclusive = id.ends_with("_exclusive");
        if let Some(low) = self.min_allowed() {
            candidates.add_keeping(&id, "at-least", "its least allowed value", vec![low]);
            candidates.add_keeping(
                &id,
                "over-least",
                "one above its least allowed value",
                vec![low + self.step],
            );
            candidates.add_breaking(
                &id,
                "below",
                "one below its lower bound",
                vec![low - self.step],
            );
        }
        if let Some(high) = self.max_allowed() {
            candidates.add_keeping(&id, "at-most", "its greatest allowed value", vec![high]);
            candidates.add_keeping(
                &id,
                "under-most",
                "one below its greatest allowed value",
                vec![high - self.step],
            );
            candidates.add_breaking(
                &id,
                "above",
                "one above its upper bound",
                vec![high + self.step],
            );
        }
        if let Some((from, to)) = self.min_allowed().zip(self.max_allowed()) {
            let middle = from + (to - from) / 2 / self.step * self.step;
            if exclusive {
                candidates.add_breaking(
                    &id,
                    "middle",
                    "in the middle of the excluded values",
                    vec![middle],
                )
            } else {
                candidates.add_keeping(
                    &id,
                    "middle",
                    "in the middle of the allowed values",
                    vec![middle],
                )
            }
        }
        let nothing_below = self.min_allowed().is_none_or(|low| low <= self.min);
        let nothing_above = self.max_allowed().is_none_or(|high| high >= self.max);
        if !exclusive && nothing_below && nothing_above {
            let reason = format!("the type holds no value outside of {}", self.bounds());
            candidates.add_impossible(&id, Side::Broken, reason);
        }
        let nothing_inside = match (self.min_allowed(), self.max_allowed()) {
            (Some(low), Some(high)) if !exclusive => low > high,
            (Some(low), None) => low > self.max,
            (None, Some(high)) => high < self.min,
            _ => false,
        };
        if nothing_inside {
            let reason = format!("there is no value in {}", self.bounds());
            candidates.add_impossible(&id, Side::Kept, reason);
        }
        let gap_is_empty = matches!((self.min_allowed(), self.max_allowed()),
            (Some(low), Some(high)) if low <= high + self.step);
        if exclusive && gap_is_empty {
            let reason = format!("there is no value that {} leave out", self.bounds());
            candidates.add_impossible(&id, Side::Broken, reason);
        }
    }

    fn bounds(&self) -> String {
        let low = self.min_allowed().unwrap_or(self.min);
        let high = self.max_allowed().unwrap_or(self.max);
        format!("{low} to {high}")
    }

    fn lists(&self, candidates: &mut Candidates<i128>) {
        let id = self.id("in");
        for (name, value) in numbered_samples(&self.allowed) {
            candidates.add_keeping(
                &id,
                &format!("listed-{name}"),
                "a listed value",
                vec![*value],
            );
            let near = self.near(*value, &self.allowed);
            candidates.add_breaking(
                &id,
                &format!("beside-{name}"),
                "next to a listed value",
                near,
            );
        }
        let id = self.id("not_in");
        for (name, value) in numbered_samples(&self.excluded) {
            candidates.add_breaking(
                &id,
                &format!("listed-{name}"),
                "an excluded value",
                vec![*value],
            );
            let near = self.near(*value, &self.excluded);
            candidates.add_keeping(
                &id,
                &format!("beside-{name}"),
                "next to an excluded value",
                near,
            );
        }
    }

    /// Values close to `value` that are not in `list`.
    fn near(&self, value: i128, list: &[i128]) -> Vec<i128> {
        let near = [1, -1, 2, -2, 10].map(|steps| value + steps * self.step);
        near.into_iter().filter(|it| !list.contains(it)).collect()
    }

    /// A random value outside of the range, mostly close to it; `None` if there is no range.
    pub(crate) fn random_outside(&self, rng: &mut StdRng) -> Option<i128> {
        const FAR: i128 = 1_000;
        let exclusive = self.range_id()?.ends_with("_exclusive");
        let far = match rng.random_bool(0.5) {
            true => FAR * self.step,
            false => self.max - self.min,
        };
        let below = self.min_allowed().map(|low| (low - far, low - self.step));
        let above = self
            .max_allowed()
            .map(|high| (high + self.step, high + far));
        let (from, to) = match (below, above) {
            (Some((_, to)), Some((from, _))) if exclusive => (from, to),
            (Some(below), Some(above)) => match rng.random_bool(0.5) {
                true => below,
                false => above,
            },
            (below, above) => below.or(above)?,
        };
        let (from, to) = (from.max(self.min), to.min(self.max));
        (from <= to).then(|| from + rng.random_range(0..=(to - from) / self.step) * self.step)
    }

    /// A random value that keeps the constant, the list or the range.
    pub(crate) fn random(&self, rng: &mut StdRng) -> i128 {
        if let Some(constant) = self.constant {
            return constant;
        }
        if !self.allowed.is_empty() {
            return self.allowed[rng.random_range(0..self.allowed.len())];
        }
        let low = self.min_allowed().unwrap_or(self.min).max(self.min);
        let high = self.max_allowed().unwrap_or(self.max).min(self.max);
        let exclusive = self.range_id().is_some_and(|id| id.ends_with("_exclusive"));
        let (low, high) = match (exclusive, rng.random_bool(0.5)) {
            (false, _) => (low, high),
            (true, true) => (low, self.max),
            (true, false) => (self.min, high),
        };
        if low > high {
            return low;
        }
        // Half of the values are small: in a wide range they would hardly occur otherwise.
        let narrow = (low.max(-100 * self.step), high.min(100 * self.step));
        let (low, high) = match rng.random_bool(0.5) && narrow.0 <= narrow.1 {
            true => narrow,
            false => (low, high),
        };
        // Round up to a multiple of the step if that is still in the range.
        let value = rng.random_range(low..=high);
        let rounded = value + (-value).rem_euclid(self.step);
        if rounded <= high { rounded } else { low }
    }
}
