//! Whole numbers, and what can be counted in them: durations and moments are
//! nanoseconds.

use rand::{RngExt, rngs::StdRng};

use super::candidate::{Tries, some_of};
use crate::case::Side;

/// The rules of a whole number, whatever its kind.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    /// The first part of the ids of its rules: `int32`.
    pub(crate) prefix: &'static str,
    /// The least value that the kind can hold.
    pub(crate) least: i128,
    /// The greatest one.
    pub(crate) most: i128,
    /// The distance of a value to the next one.
    pub(crate) step: i128,
    pub(crate) constant: Option<i128>,
    /// The bound, and whether the bound itself is in.
    pub(crate) lower: Option<(i128, bool)>,
    pub(crate) upper: Option<(i128, bool)>,
    pub(crate) listed: Vec<i128>,
    pub(crate) unlisted: Vec<i128>,
}

/// The id of the range rule that two bounds make together: `gte_lte`, or with
/// `_exclusive` where the upper bound is below the lower one and the values
/// outside of both are valid.
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
        (Some((least, low_closed)), Some((most, high_closed))) => {
            let between = least < most || (least == most && low_closed && high_closed);
            let suffix = if between { "" } else { "_exclusive" };
            Some(format!(
                "{prefix}.{}_{}{suffix}",
                low(low_closed),
                high(high_closed)
            ))
        }
    }
}

impl Whole {
    /// No rules, for values of a kind.
    pub(crate) fn of(prefix: &'static str, least: i128, most: i128, step: i128) -> Self {
        Self {
            prefix,
            least,
            most,
            step,
            constant: None,
            lower: None,
            upper: None,
            listed: Vec::new(),
            unlisted: Vec::new(),
        }
    }

    fn id(&self, rule: &str) -> String {
        format!("{}.{rule}", self.prefix)
    }

    fn range_id(&self) -> Option<String> {
        range_id(self.prefix, self.lower, self.upper)
    }

    /// The smallest value that the lower bound allows.
    fn low(&self) -> Option<i128> {
        self.lower
            .map(|(bound, closed)| if closed { bound } else { bound + self.step })
    }

    /// The greatest value that the upper bound allows.
    fn high(&self) -> Option<i128> {
        self.upper
            .map(|(bound, closed)| if closed { bound } else { bound - self.step })
    }

    /// The ids of the rules that are set.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        keys.extend(self.constant.map(|_| self.id("const")));
        keys.extend(self.range_id());
        if !self.listed.is_empty() {
            keys.push(self.id("in"));
        }
        if !self.unlisted.is_empty() {
            keys.push(self.id("not_in"));
        }
        keys
    }

    /// What to try. `numbers` are those that rules in CEL speak of.
    pub(crate) fn tries(&self, numbers: &[i128]) -> Tries<i128> {
        let mut tries = Tries::default();
        if let Some(constant) = self.constant {
            let id = self.id("const");
            tries.kept(&id, "equal", "the only allowed value", vec![constant]);
            tries.broken(
                &id,
                "below",
                "one below the only allowed value",
                vec![constant - self.step],
            );
            tries.broken(
                &id,
                "above",
                "one above the only allowed value",
                vec![constant + self.step],
            );
        }
        self.range(&mut tries);
        self.lists(&mut tries);
        let known = [
            (0, "zero", "zero"),
            (self.step, "one", "one"),
            (-self.step, "minus-one", "minus one"),
            (self.most, "greatest", "the greatest value of its type"),
            (self.least, "least", "the least value of its type"),
        ];
        for (value, slug, words) in known {
            tries.plain(slug, words, value);
        }
        for number in numbers {
            for value in [number - self.step, *number, number + self.step] {
                tries.plain(
                    &format!("value-{value}"),
                    "a value near one that a rule names",
                    value,
                );
            }
        }
        for candidate in &mut tries.candidates {
            let fits = |value: &i128| (self.least..=self.most).contains(value);
            candidate.values.retain(fits);
        }
        tries.candidates.retain(|it| !it.values.is_empty());
        tries
    }

    fn range(&self, tries: &mut Tries<i128>) {
        let Some(id) = self.range_id() else {
            return;
        };
        let exclusive = id.ends_with("_exclusive");
        if let Some(low) = self.low() {
            tries.kept(&id, "at-least", "its least allowed value", vec![low]);
            tries.kept(
                &id,
                "over-least",
                "one above its least allowed value",
                vec![low + self.step],
            );
            tries.broken(
                &id,
                "below",
                "one below its lower bound",
                vec![low - self.step],
            );
        }
        if let Some(high) = self.high() {
            tries.kept(&id, "at-most", "its greatest allowed value", vec![high]);
            tries.kept(
                &id,
                "under-most",
                "one below its greatest allowed value",
                vec![high - self.step],
            );
            tries.broken(
                &id,
                "above",
                "one above its upper bound",
                vec![high + self.step],
            );
        }
        if let Some((from, to)) = self.low().zip(self.high()) {
            let amid = from + (to - from) / 2 / self.step * self.step;
            match exclusive {
                true => tries.broken(&id, "amid", "amid the values that are left out", vec![amid]),
                false => tries.kept(&id, "amid", "amid its allowed values", vec![amid]),
            }
        }
        let nothing_below = self.low().is_none_or(|low| low <= self.least);
        let nothing_above = self.high().is_none_or(|high| high >= self.most);
        if !exclusive && nothing_below && nothing_above {
            let reason = format!("the type holds no value outside of {}", self.bounds());
            tries.impossible(&id, Side::Broken, reason);
        }
        let nothing_inside = match (self.low(), self.high()) {
            (Some(low), Some(high)) if !exclusive => low > high,
            (Some(low), None) => low > self.most,
            (None, Some(high)) => high < self.least,
            _ => false,
        };
        if nothing_inside {
            let reason = format!("there is no value in {}", self.bounds());
            tries.impossible(&id, Side::Kept, reason);
        }
        let gap_is_empty = matches!((self.low(), self.high()),
            (Some(low), Some(high)) if low <= high + self.step);
        if exclusive && gap_is_empty {
            let reason = format!("there is no value that {} leave out", self.bounds());
            tries.impossible(&id, Side::Broken, reason);
        }
    }

    fn bounds(&self) -> String {
        let low = self.low().unwrap_or(self.least);
        let high = self.high().unwrap_or(self.most);
        format!("{low} to {high}")
    }

    fn lists(&self, tries: &mut Tries<i128>) {
        let id = self.id("in");
        for (name, value) in some_of(&self.listed) {
            tries.kept(
                &id,
                &format!("listed-{name}"),
                "a listed value",
                vec![*value],
            );
            let near = self.near(*value, &self.listed);
            tries.broken(
                &id,
                &format!("beside-{name}"),
                "next to a listed value",
                near,
            );
        }
        let id = self.id("not_in");
        for (name, value) in some_of(&self.unlisted) {
            tries.broken(
                &id,
                &format!("listed-{name}"),
                "a value that is ruled out",
                vec![*value],
            );
            let near = self.near(*value, &self.unlisted);
            tries.kept(
                &id,
                &format!("beside-{name}"),
                "next to a value that is ruled out",
                near,
            );
        }
    }

    /// The values next to one, without those of a list.
    fn near(&self, value: i128, list: &[i128]) -> Vec<i128> {
        let near = [1, -1, 2, -2, 10].map(|steps| value + steps * self.step);
        near.into_iter().filter(|it| !list.contains(it)).collect()
    }

    /// A value at random that breaks the range, mostly close to it; none where there
    /// is no range.
    pub(crate) fn random_outside(&self, rng: &mut StdRng) -> Option<i128> {
        const FAR: i128 = 1_000;
        let exclusive = self.range_id()?.ends_with("_exclusive");
        let far = match rng.random_bool(0.5) {
            true => FAR * self.step,
            false => self.most - self.least,
        };
        let below = self.low().map(|low| (low - far, low - self.step));
        let above = self.high().map(|high| (high + self.step, high + far));
        let (from, to) = match (below, above) {
            (Some((_, to)), Some((from, _))) if exclusive => (from, to),
            (Some(below), Some(above)) => match rng.random_bool(0.5) {
                true => below,
                false => above,
            },
            (below, above) => below.or(above)?,
        };
        let (from, to) = (from.max(self.least), to.min(self.most));
        (from <= to).then(|| from + rng.random_range(0..=(to - from) / self.step) * self.step)
    }

    /// A value at random that keeps the rules, as far as it can be seen from here.
    pub(crate) fn random(&self, rng: &mut StdRng) -> i128 {
        if let Some(constant) = self.constant {
            return constant;
        }
        if !self.listed.is_empty() {
            return self.listed[rng.random_range(0..self.listed.len())];
        }
        let low = self.low().unwrap_or(self.least).max(self.least);
        let high = self.high().unwrap_or(self.most).min(self.most);
        let exclusive = self.range_id().is_some_and(|id| id.ends_with("_exclusive"));
        let (low, high) = match (exclusive, rng.random_bool(0.5)) {
            (false, _) => (low, high),
            (true, true) => (low, self.most),
            (true, false) => (self.least, high),
        };
        if low > high {
            return low;
        }
        // Small numbers are as interesting as those in the middle of a wide range.
        let narrow = (low.max(-100 * self.step), high.min(100 * self.step));
        let (low, high) = match rng.random_bool(0.5) && narrow.0 <= narrow.1 {
            true => narrow,
            false => (low, high),
        };
        // Rounded up to a whole step, if that is still inside.
        let value = rng.random_range(low..=high);
        let rounded = value + (-value).rem_euclid(self.step);
        if rounded <= high { rounded } else { low }
    }
}
