//! Generates floating-point numbers. Values of both types are kept as `f64`, which
//! represents every `f32` exactly; the next value up or down is that of the field's type.

use prost_protovalidate_types::{
    DoubleRules, FloatRules, double_rules, field_rules::Type, float_rules,
};
use prost_reflect::{Kind, Value};
use rand::{RngExt, rngs::StdRng};

use super::{
    candidate::{Candidates, numbered_samples},
    integer_range::range_id,
};
use crate::case::Side;

/// The rules of a `float` or `double`.
#[derive(Debug, Clone, Default)]
pub(crate) struct FloatRange {
    /// Whether the type is `float`, not `double`.
    is_single: bool,
    constant: Option<f64>,
    /// The lower bound, and whether the bound itself is allowed.
    lower: Option<(f64, bool)>,
    /// The upper bound, likewise.
    upper: Option<(f64, bool)>,
    /// The values of `in`.
    allowed: Vec<f64>,
    /// The values of `not_in`.
    excluded: Vec<f64>,
    finite: bool,
}

macro_rules! float_rules {
    ($function:ident, $rules:ident, $bounds:ident) => {
        fn $function(rules: &$rules, range: &mut FloatRange) {
            range.constant = rules.r#const.map(f64::from);
            range.lower = rules.greater_than.map(|bound| match bound {
                $bounds::GreaterThan::Gt(value) => (f64::from(value), false),
                $bounds::GreaterThan::Gte(value) => (f64::from(value), true),
            });
            range.upper = rules.less_than.map(|bound| match bound {
                $bounds::LessThan::Lt(value) => (f64::from(value), false),
                $bounds::LessThan::Lte(value) => (f64::from(value), true),
            });
            range.allowed = rules.r#in.iter().copied().map(f64::from).collect();
            range.excluded = rules.not_in.iter().copied().map(f64::from).collect();
            range.finite = rules.finite();
        }
    };
}

float_rules!(float, FloatRules, float_rules);
float_rules!(double, DoubleRules, double_rules);

/// The rules of a floating-point field.
pub(crate) fn float_range(kind: &Kind, rules: Option<&Type>) -> FloatRange {
    let mut range = FloatRange {
        is_single: matches!(kind, Kind::Float),
        ..FloatRange::default()
    };
    match rules {
        Some(Type::Float(rules)) => float(rules, &mut range),
        Some(Type::Double(rules)) => double(rules, &mut range),
        _ => {}
    }
    range
}

impl FloatRange {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the value came from an f32"
    )]
    fn narrowed(value: f64) -> f32 {
        value as f32
    }

    /// The number as a value of the field's type.
    pub(crate) fn value(&self, value: f64) -> Value {
        if self.is_single {
            Value::F32(Self::narrowed(value))
        } else {
            Value::F64(value)
        }
    }

    fn id(&self, rule: &str) -> String {
        format!("{}.{rule}", if self.is_single { "float" } else { "double" })
    }

    fn range_id(&self) -> Option<String> {
        let prefix = if self.is_single { "float" } else { "double" };
        range_id(prefix, self.lower, self.upper)
    }

    fn up(&self, value: f64) -> f64 {
        if self.is_single {
            f64::from(Self::narrowed(value).next_up())
        } else {
            value.next_up()
        }
    }

    fn down(&self, value: f64) -> f64 {
        -self.up(-value)
    }

    fn max_finite(&self) -> f64 {
        if self.is_single {
            f64::from(f32::MAX)
        } else {
            f64::MAX
        }
    }

    fn min_allowed(&self) -> Option<f64> {
        self.lower
            .map(|(bound, closed)| if closed { bound } else { self.up(bound) })
    }

    fn max_allowed(&self) -> Option<f64> {
        self.upper
            .map(|(bound, closed)| if closed { bound } else { self.down(bound) })
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
        if self.finite {
            rule_ids.push(self.id("finite"));
        }
        rule_ids
    }

    /// The values to try. `numbers` are the literals in rules in CEL.
    pub(crate) fn candidates(&self, numbers: &[f64]) -> Candidates<f64> {
        let mut candidates = Candidates::default();
        if let Some(constant) = self.constant {
            let id = self.id("const");
            candidates.add_keeping(&id, "equal", "the only allowed value", vec![constant]);
            let (below, above) = (self.down(constant), self.up(constant));
            candidates.add_breaking(
                &id,
                "below",
                "just below the only allowed value",
                vec![below],
            );
            candidates.add_breaking(
                &id,
                "above",
                "just above the only allowed value",
                vec![above],
            );
        }
        if let Some(id) = self.range_id() {
            if let Some(low) = self.min_allowed() {
                candidates.add_keeping(&id, "at-least", "its least allowed value", vec![low]);
                candidates.add_breaking(
                    &id,
                    "below",
                    "just below its lower bound",
                    vec![self.down(low)],
                );
            }
            if let Some(high) = self.max_allowed() {
                candidates.add_keeping(&id, "at-most", "its greatest allowed value", vec![high]);
                candidates.add_breaking(
                    &id,
                    "above",
                    "just above its upper bound",
                    vec![self.up(high)],
                );
            }
            if let Some((from, to)) = self.min_allowed().zip(self.max_allowed()) {
                let middle = from / 2.0 + to / 2.0;
                match id.ends_with("_exclusive") {
                    true => {
                        let description = "in the middle of the excluded values";
                        candidates.add_breaking(&id, "middle", description, vec![middle]);
                    }
                    false => candidates.add_keeping(
                        &id,
                        "middle",
                        "in the middle of the allowed values",
                        vec![middle],
                    ),
                }
            }
            if self.nan_breaks_only_the_range() {
                candidates.add_breaking(
                    &id,
                    "nan",
                    "not a number, which no range holds",
                    vec![f64::NAN],
                );
            }
        }
        let id = self.id("in");
        for (name, value) in numbered_samples(&self.allowed) {
            candidates.add_keeping(
                &id,
                &format!("listed-{name}"),
                "a listed value",
                vec![*value],
            );
            let near = vec![self.up(*value), self.down(*value), value + 1.0];
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
            let near = vec![self.up(*value), self.down(*value), value + 1.0];
            candidates.add_keeping(
                &id,
                &format!("beside-{name}"),
                "next to an excluded value",
                near,
            );
        }
        self.infinities(&mut candidates);
        let max_finite = self.max_finite();
        let known = [
            (0.0, "zero", "zero"),
            (1.0, "one", "one"),
            (-1.0, "minus-one", "minus one"),
            (0.5, "half", "a half"),
            (max_finite, "greatest", "the greatest finite value"),
            (-max_finite, "least", "the least finite value"),
        ];
        for (value, slug, description) in known {
            candidates.add_neutral(slug, description, value);
        }
        for number in numbers {
            for value in [self.down(*number), *number, self.up(*number)] {
                candidates.add_neutral(
                    &format!("value-{value}"),
                    "a value near one that a rule names",
                    value,
                );
            }
        }
        candidates
    }

    /// Adds infinities and NaN. Implementations differ on which other rules they report
    /// for such a value, so it is sent only if `finite` is the one rule that it breaks.
    fn infinities(&self, candidates: &mut Candidates<f64>) {
        let id = self.id("finite");
        let ends = [
            (f64::INFINITY, "infinite", "infinity"),
            (f64::NEG_INFINITY, "minus-infinite", "minus infinity"),
        ];
        for (value, slug, description) in ends {
            match self.finite {
                true if self.keeps_others(value) => {
                    candidates.add_breaking(&id, slug, description, vec![value])
                }
                true => {}
                false => candidates.add_neutral(slug, description, value),
            }
        }
        let alone = self.range_id().is_none() && self.constant.is_none() && self.allowed.is_empty();
        if self.finite {
            candidates.add_keeping(
                &id,
                "finite",
                "the greatest finite value",
                vec![self.max_finite(), 0.0],
            );
            if alone {
                candidates.add_breaking(&id, "nan", "not a number", vec![f64::NAN]);
            }
            let reason =
                "implementations differ on what else they report for a value that is not finite";
            candidates.add_impossible(&id, Side::Broken, reason);
        } else if alone {
            candidates.add_neutral("nan", "not a number", f64::NAN);
        }
    }

    /// Whether a value keeps all rules except `finite`.
    fn keeps_others(&self, value: f64) -> bool {
        let constant = self.constant.is_none_or(|it| it == value);
        let low = self.min_allowed().is_none_or(|low| value >= low);
        let high = self.max_allowed().is_none_or(|high| value <= high);
        let allowed = self.allowed.is_empty() || self.allowed.contains(&value);
        constant && low && high && allowed && !self.excluded.contains(&value)
    }

    fn nan_breaks_only_the_range(&self) -> bool {
        !self.finite && self.constant.is_none() && self.allowed.is_empty()
    }

    /// A random value just outside of the range; `None` if there is no range.
    pub(crate) fn random_outside(&self, rng: &mut StdRng) -> Option<f64> {
        const FAR: f64 = 1_000.0;
        let exclusive = self.range_id()?.ends_with("_exclusive");
        let (from, to) = match (self.min_allowed(), self.max_allowed()) {
            (Some(low), Some(high)) if exclusive => (high, low),
            (Some(low), Some(_)) if rng.random_bool(0.5) => (low - FAR, low),
            (_, Some(high)) => (high, high + FAR),
            (low, None) => low.map(|low| (low - FAR, low))?,
        };
        let between = from + (to - from) * rng.random::<f64>();
        between.is_finite().then_some(between)
    }

    /// A random value that keeps the constant, the list or the range.
    pub(crate) fn random(&self, rng: &mut StdRng) -> f64 {
        if let Some(constant) = self.constant {
            return constant;
        }
        if !self.allowed.is_empty() {
            return self.allowed[rng.random_range(0..self.allowed.len())];
        }
        let exclusive = self.range_id().is_some_and(|id| id.ends_with("_exclusive"));
        let (low, high) = match (self.min_allowed(), self.max_allowed()) {
            (Some(low), Some(high)) if !exclusive => (low, high),
            (Some(low), _) => (low, low + 1000.0),
            (None, Some(high)) => (high - 1000.0, high),
            (None, None) => (-1000.0, 1000.0),
        };
        let between = low + (high - low) * rng.random::<f64>();
        let rounded = if rng.random_bool(0.5) {
            between.round()
        } else {
            between
        };
        if (low..=high).contains(&rounded) {
            rounded
        } else {
            low
        }
    }
}
