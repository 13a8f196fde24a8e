//! Floating-point numbers. Both kinds are handled as `f64`, which holds every
//! `f32`; steps are those of the kind itself.

use prost_protovalidate_types::{
    DoubleRules, FloatRules, double_rules, field_rules::Type, float_rules,
};
use prost_reflect::{Kind, Value};
use rand::{RngExt, rngs::StdRng};

use super::{
    candidate::{Tries, some_of},
    whole::range_id,
};
use crate::case::Side;

/// The rules of a number with a fraction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Real {
    /// Whether it is a `float` and not a `double`.
    narrow: bool,
    constant: Option<f64>,
    lower: Option<(f64, bool)>,
    upper: Option<(f64, bool)>,
    listed: Vec<f64>,
    unlisted: Vec<f64>,
    finite: bool,
}

macro_rules! real {
    ($function:ident, $rules:ident, $bounds:ident) => {
        fn $function(rules: &$rules, real: &mut Real) {
            real.constant = rules.r#const.map(f64::from);
            real.lower = rules.greater_than.map(|bound| match bound {
                $bounds::GreaterThan::Gt(value) => (f64::from(value), false),
                $bounds::GreaterThan::Gte(value) => (f64::from(value), true),
            });
            real.upper = rules.less_than.map(|bound| match bound {
                $bounds::LessThan::Lt(value) => (f64::from(value), false),
                $bounds::LessThan::Lte(value) => (f64::from(value), true),
            });
            real.listed = rules.r#in.iter().copied().map(f64::from).collect();
            real.unlisted = rules.not_in.iter().copied().map(f64::from).collect();
            real.finite = rules.finite();
        }
    };
}

real!(float, FloatRules, float_rules);
real!(double, DoubleRules, double_rules);

/// The rules of a floating-point field.
pub(crate) fn real(kind: &Kind, rules: Option<&Type>) -> Real {
    let mut real = Real {
        narrow: matches!(kind, Kind::Float),
        ..Real::default()
    };
    match rules {
        Some(Type::Float(rules)) => float(rules, &mut real),
        Some(Type::Double(rules)) => double(rules, &mut real),
        _ => {}
    }
    real
}

impl Real {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the value came from an f32"
    )]
    fn narrowed(value: f64) -> f32 {
        value as f32
    }

    /// The value of a field.
    pub(crate) fn value(&self, value: f64) -> Value {
        match self.narrow {
            true => Value::F32(Self::narrowed(value)),
            false => Value::F64(value),
        }
    }

    fn id(&self, rule: &str) -> String {
        format!("{}.{rule}", if self.narrow { "float" } else { "double" })
    }

    fn range_id(&self) -> Option<String> {
        let prefix = if self.narrow { "float" } else { "double" };
        range_id(prefix, self.lower, self.upper)
    }

    fn up(&self, value: f64) -> f64 {
        match self.narrow {
            true => f64::from(Self::narrowed(value).next_up()),
            false => value.next_up(),
        }
    }

    fn down(&self, value: f64) -> f64 {
        -self.up(-value)
    }

    fn most(&self) -> f64 {
        if self.narrow {
            f64::from(f32::MAX)
        } else {
            f64::MAX
        }
    }

    fn low(&self) -> Option<f64> {
        self.lower
            .map(|(bound, closed)| if closed { bound } else { self.up(bound) })
    }

    fn high(&self) -> Option<f64> {
        self.upper
            .map(|(bound, closed)| if closed { bound } else { self.down(bound) })
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
        if self.finite {
            keys.push(self.id("finite"));
        }
        keys
    }

    /// What to try. `numbers` are those that rules in CEL speak of.
    pub(crate) fn tries(&self, numbers: &[f64]) -> Tries<f64> {
        let mut tries = Tries::default();
        if let Some(constant) = self.constant {
            let id = self.id("const");
            tries.kept(&id, "equal", "the only allowed value", vec![constant]);
            let (below, above) = (self.down(constant), self.up(constant));
            tries.broken(
                &id,
                "below",
                "just below the only allowed value",
                vec![below],
            );
            tries.broken(
                &id,
                "above",
                "just above the only allowed value",
                vec![above],
            );
        }
        if let Some(id) = self.range_id() {
            if let Some(low) = self.low() {
                tries.kept(&id, "at-least", "its least allowed value", vec![low]);
                tries.broken(
                    &id,
                    "below",
                    "just below its lower bound",
                    vec![self.down(low)],
                );
            }
            if let Some(high) = self.high() {
                tries.kept(&id, "at-most", "its greatest allowed value", vec![high]);
                tries.broken(
                    &id,
                    "above",
                    "just above its upper bound",
                    vec![self.up(high)],
                );
            }
            if let Some((from, to)) = self.low().zip(self.high()) {
                let amid = from / 2.0 + to / 2.0;
                match id.ends_with("_exclusive") {
                    true => {
                        let words = "amid the values that are left out";
                        tries.broken(&id, "amid", words, vec![amid]);
                    }
                    false => tries.kept(&id, "amid", "amid its allowed values", vec![amid]),
                }
            }
            if self.says_one_thing_of_nan() {
                tries.broken(
                    &id,
                    "nan",
                    "not a number, which no range holds",
                    vec![f64::NAN],
                );
            }
        }
        let id = self.id("in");
        for (name, value) in some_of(&self.listed) {
            tries.kept(
                &id,
                &format!("listed-{name}"),
                "a listed value",
                vec![*value],
            );
            let near = vec![self.up(*value), self.down(*value), value + 1.0];
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
            let near = vec![self.up(*value), self.down(*value), value + 1.0];
            tries.kept(
                &id,
                &format!("beside-{name}"),
                "next to a value that is ruled out",
                near,
            );
        }
        self.infinities(&mut tries);
        let most = self.most();
        let known = [
            (0.0, "zero", "zero"),
            (1.0, "one", "one"),
            (-1.0, "minus-one", "minus one"),
            (0.5, "half", "a half"),
            (most, "greatest", "the greatest finite value"),
            (-most, "least", "the least finite value"),
        ];
        for (value, slug, words) in known {
            tries.plain(slug, words, value);
        }
        for number in numbers {
            for value in [self.down(*number), *number, self.up(*number)] {
                tries.plain(
                    &format!("value-{value}"),
                    "a value near one that a rule names",
                    value,
                );
            }
        }
        tries
    }

    /// Implementations differ on what else they report of a value that is not
    /// finite: it is sent only where `finite` is the one rule that it breaks.
    fn infinities(&self, tries: &mut Tries<f64>) {
        let id = self.id("finite");
        let ends = [
            (f64::INFINITY, "infinite", "infinity"),
            (f64::NEG_INFINITY, "minus-infinite", "minus infinity"),
        ];
        for (value, slug, words) in ends {
            match self.finite {
                true if self.keeps_others(value) => tries.broken(&id, slug, words, vec![value]),
                true => {}
                false => tries.plain(slug, words, value),
            }
        }
        let alone = self.range_id().is_none() && self.constant.is_none() && self.listed.is_empty();
        if self.finite {
            tries.kept(
                &id,
                "finite",
                "the greatest finite value",
                vec![self.most(), 0.0],
            );
            if alone {
                tries.broken(&id, "nan", "not a number", vec![f64::NAN]);
            }
            let reason = "what else is reported of a value that is not finite differs between implementations";
            tries.impossible(&id, Side::Broken, reason);
        } else if alone {
            tries.plain("nan", "not a number", f64::NAN);
        }
    }

    /// Whether a value keeps the rules beside `finite`.
    fn keeps_others(&self, value: f64) -> bool {
        let constant = self.constant.is_none_or(|it| it == value);
        let low = self.low().is_none_or(|low| value >= low);
        let high = self.high().is_none_or(|high| value <= high);
        let listed = self.listed.is_empty() || self.listed.contains(&value);
        constant && low && high && listed && !self.unlisted.contains(&value)
    }

    fn says_one_thing_of_nan(&self) -> bool {
        !self.finite && self.constant.is_none() && self.listed.is_empty()
    }

    /// A value at random that breaks the range, close to it; none where there is no
    /// range.
    pub(crate) fn random_outside(&self, rng: &mut StdRng) -> Option<f64> {
        const FAR: f64 = 1_000.0;
        let exclusive = self.range_id()?.ends_with("_exclusive");
        let (from, to) = match (self.low(), self.high()) {
            (Some(low), Some(high)) if exclusive => (high, low),
            (Some(low), Some(_)) if rng.random_bool(0.5) => (low - FAR, low),
            (_, Some(high)) => (high, high + FAR),
            (low, None) => low.map(|low| (low - FAR, low))?,
        };
        let between = from + (to - from) * rng.random::<f64>();
        between.is_finite().then_some(between)
    }

    /// A value at random that keeps the rules, as far as it can be seen from here.
    pub(crate) fn random(&self, rng: &mut StdRng) -> f64 {
        if let Some(constant) = self.constant {
            return constant;
        }
        if !self.listed.is_empty() {
            return self.listed[rng.random_range(0..self.listed.len())];
        }
        let exclusive = self.range_id().is_some_and(|id| id.ends_with("_exclusive"));
        let (low, high) = match (self.low(), self.high()) {
            (Some(low), Some(high)) if !exclusive => (low, high),
            (Some(low), _) => (low, low + 1000.0),
            (None, Some(high)) => (high - 1000.0, high),
            (None, None) => (-1000.0, 1000.0),
        };
        let between = low + (high - low) * rng.random::<f64>();
        let rounded = match rng.random_bool(0.5) {
            true => between.round(),
            false => between,
        };
        if (low..=high).contains(&rounded) {
            rounded
        } else {
            low
        }
    }
}
