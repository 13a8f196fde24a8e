//! Reads the rules of the ten integer types, and generates enum values.

use prost_protovalidate_types::{
    EnumRules, Fixed32Rules, Fixed64Rules, Int32Rules, Int64Rules, SFixed32Rules, SFixed64Rules,
    SInt32Rules, SInt64Rules, UInt32Rules, UInt64Rules, field_rules::Type, fixed32_rules,
    fixed64_rules, int32_rules, int64_rules, s_fixed32_rules, s_fixed64_rules, s_int32_rules,
    s_int64_rules, u_int32_rules, u_int64_rules,
};
use prost_reflect::{EnumDescriptor, Kind, Value};
use rand::{RngExt, rngs::StdRng};

use super::{
    candidate::{Candidates, numbered_samples},
    integer_range::IntegerRange,
};

/// Defines a function that reads the rules of one integer type: the Rust types of the rules
/// differ, their fields do not.
macro_rules! integer_rules {
    ($function:ident, $rules:ident, $bounds:ident, $number:ty) => {
        fn $function(rules: &$rules, range: &mut IntegerRange) {
            range.constant = rules.r#const.map(i128::from);
            range.lower = rules.greater_than.map(|bound| match bound {
                $bounds::GreaterThan::Gt(value) => (i128::from(value), false),
                $bounds::GreaterThan::Gte(value) => (i128::from(value), true),
            });
            range.upper = rules.less_than.map(|bound| match bound {
                $bounds::LessThan::Lt(value) => (i128::from(value), false),
                $bounds::LessThan::Lte(value) => (i128::from(value), true),
            });
            let wide = |values: &[$number]| values.iter().copied().map(i128::from).collect();
            range.allowed = wide(&rules.r#in);
            range.excluded = wide(&rules.not_in);
        }
    };
}

integer_rules!(int32, Int32Rules, int32_rules, i32);
integer_rules!(int64, Int64Rules, int64_rules, i64);
integer_rules!(uint32, UInt32Rules, u_int32_rules, u32);
integer_rules!(uint64, UInt64Rules, u_int64_rules, u64);
integer_rules!(sint32, SInt32Rules, s_int32_rules, i32);
integer_rules!(sint64, SInt64Rules, s_int64_rules, i64);
integer_rules!(fixed32, Fixed32Rules, fixed32_rules, u32);
integer_rules!(fixed64, Fixed64Rules, fixed64_rules, u64);
integer_rules!(sfixed32, SFixed32Rules, s_fixed32_rules, i32);
integer_rules!(sfixed64, SFixed64Rules, s_fixed64_rules, i64);

/// The rules of an integer; `None` for another kind.
pub(crate) fn range(kind: &Kind, rules: Option<&Type>) -> Option<IntegerRange> {
    let prefix = match kind {
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        _ => return None,
    };
    let (min, max) = match Value::default_value(kind) {
        Value::I32(_) => (i128::from(i32::MIN), i128::from(i32::MAX)),
        Value::I64(_) => (i128::from(i64::MIN), i128::from(i64::MAX)),
        Value::U32(_) => (0, i128::from(u32::MAX)),
        _ => (0, i128::from(u64::MAX)),
    };
    let mut range = IntegerRange::of(prefix, min, max, 1);
    match rules {
        Some(Type::Int32(rules)) => int32(rules, &mut range),
        Some(Type::Int64(rules)) => int64(rules, &mut range),
        Some(Type::Uint32(rules)) => uint32(rules, &mut range),
        Some(Type::Uint64(rules)) => uint64(rules, &mut range),
        Some(Type::Sint32(rules)) => sint32(rules, &mut range),
        Some(Type::Sint64(rules)) => sint64(rules, &mut range),
        Some(Type::Fixed32(rules)) => fixed32(rules, &mut range),
        Some(Type::Fixed64(rules)) => fixed64(rules, &mut range),
        Some(Type::Sfixed32(rules)) => sfixed32(rules, &mut range),
        Some(Type::Sfixed64(rules)) => sfixed64(rules, &mut range),
        _ => {}
    }
    Some(range)
}

/// The number as a value of this kind; `None` if it is out of range.
pub(crate) fn integer(kind: &Kind, number: i128) -> Option<Value> {
    match Value::default_value(kind) {
        Value::I32(_) => number.try_into().ok().map(Value::I32),
        Value::I64(_) => number.try_into().ok().map(Value::I64),
        Value::U32(_) => number.try_into().ok().map(Value::U32),
        Value::U64(_) => number.try_into().ok().map(Value::U64),
        Value::EnumNumber(_) => number.try_into().ok().map(Value::EnumNumber),
        _ => None,
    }
}

/// Generates numbers of an enum: by the rules that enums share with integers, and by
/// `defined_only`.
pub(crate) struct EnumGenerator {
    numbers: IntegerRange,
    defined: Vec<i128>,
    defined_only: bool,
}

const DEFINED_ONLY: &str = "enum.defined_only";

impl EnumGenerator {
    pub(crate) fn new(enumeration: &EnumDescriptor, rules: Option<&Type>) -> Self {
        let plain = EnumRules::default();
        let rules = match rules {
            Some(Type::Enum(rules)) => rules,
            _ => &plain,
        };
        let wide = |values: &[i32]| values.iter().copied().map(i128::from).collect();
        let mut defined: Vec<i128> = enumeration
            .values()
            .map(|value| i128::from(value.number()))
            .collect();
        defined.dedup();
        Self {
            numbers: IntegerRange {
                constant: rules.r#const.map(i128::from),
                allowed: wide(&rules.r#in),
                excluded: wide(&rules.not_in),
                ..IntegerRange::of("enum", i128::from(i32::MIN), i128::from(i32::MAX), 1)
            },
            defined,
            defined_only: rules.defined_only(),
        }
    }

    pub(crate) fn rule_ids(&self) -> Vec<String> {
        let mut rule_ids = self.numbers.rule_ids();
        if self.defined_only {
            rule_ids.push(DEFINED_ONLY.to_owned());
        }
        rule_ids
    }

    pub(crate) fn candidates(&self, numbers: &[i128]) -> Candidates<i128> {
        let mut candidates = self.numbers.candidates(numbers);
        // Numbers without a target may be undefined; defined and undefined ones are added
        // separately below.
        candidates.all.retain(|it| it.target.is_some());
        for (name, value) in numbered_samples(&self.defined) {
            let slug = format!("defined-{name}");
            if self.defined_only {
                candidates.add_keeping(DEFINED_ONLY, &slug, "a defined value", vec![*value])
            } else {
                candidates.add_neutral(&slug, "a defined value", *value)
            }
        }
        let next = self.defined.iter().max().map_or(1, |max| max + 1);
        let before = self.defined.iter().min().map_or(-1, |min| min - 1);
        let gap = (0..next).find(|number| !self.defined.contains(number));
        let unknown = [
            (
                Some(next),
                "unknown",
                "the number after the last defined one",
            ),
            (
                Some(before.min(-1)),
                "unknown-negative",
                "an undefined negative number",
            ),
            (gap, "unknown-gap", "a number between the defined ones"),
            (
                Some(self.numbers.max),
                "unknown-greatest",
                "the greatest number",
            ),
        ];
        for (number, slug, description) in unknown {
            let Some(number) = number.filter(|it| !self.defined.contains(it)) else {
                continue;
            };
            if self.defined_only {
                candidates.add_breaking(DEFINED_ONLY, slug, description, vec![number])
            } else {
                candidates.add_neutral(slug, description, number)
            }
        }
        candidates
    }

    pub(crate) fn random(&self, rng: &mut StdRng) -> i128 {
        if self.numbers.constant.is_some() || !self.numbers.allowed.is_empty() {
            return self.numbers.random(rng);
        }
        let allowed = |number: &&i128| !self.numbers.excluded.contains(number);
        let allowed: Vec<&i128> = self.defined.iter().filter(allowed).collect();
        if allowed.is_empty() {
            0
        } else {
            *allowed[rng.random_range(0..allowed.len())]
        }
    }
}
