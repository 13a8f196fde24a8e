//! Describes rules of numbers and enums.

use prost_protovalidate_types::{
    DoubleRules, EnumRules, Fixed32Rules, Fixed64Rules, FloatRules, Int32Rules, Int64Rules,
    SFixed32Rules, SFixed64Rules, SInt32Rules, SInt64Rules, UInt32Rules, UInt64Rules, double_rules,
    fixed32_rules, fixed64_rules, float_rules, int32_rules, int64_rules, s_fixed32_rules,
    s_fixed64_rules, s_int32_rules, s_int64_rules, u_int32_rules, u_int64_rules,
};

use super::{
    bounds::{Lower, NUMBER_WORDING, Upper, range},
    text::{examples, none_of, one_of},
};

/// The twelve number types have rules of the same form, but of different Rust types.
macro_rules! number {
    ($function:ident, $rules:ident, $bounds:ident) => {
        pub(super) fn $function(rules: &$rules) -> Vec<String> {
            let lower = rules.greater_than.map(|bound| match bound {
                $bounds::GreaterThan::Gt(value) => Lower::Gt(value),
                $bounds::GreaterThan::Gte(value) => Lower::Gte(value),
            });
            let upper = rules.less_than.map(|bound| match bound {
                $bounds::LessThan::Lt(value) => Upper::Lt(value),
                $bounds::LessThan::Lte(value) => Upper::Lte(value),
            });
            let words = [
                rules.r#const.map(|value| format!("exactly {value}")),
                range(lower, upper, &NUMBER_WORDING, ToString::to_string),
                one_of(&rules.r#in, ToString::to_string),
                none_of(&rules.not_in, ToString::to_string),
                examples(&rules.example, ToString::to_string),
            ];
            words.into_iter().flatten().collect()
        }
    };
}

number!(plain_float, FloatRules, float_rules);
number!(plain_double, DoubleRules, double_rules);
number!(int32, Int32Rules, int32_rules);
number!(int64, Int64Rules, int64_rules);
number!(uint32, UInt32Rules, u_int32_rules);
number!(uint64, UInt64Rules, u_int64_rules);
number!(sint32, SInt32Rules, s_int32_rules);
number!(sint64, SInt64Rules, s_int64_rules);
number!(fixed32, Fixed32Rules, fixed32_rules);
number!(fixed64, Fixed64Rules, fixed64_rules);
number!(sfixed32, SFixed32Rules, s_fixed32_rules);
number!(sfixed64, SFixed64Rules, s_fixed64_rules);

pub(super) fn float(rules: &FloatRules) -> Vec<String> {
    finite(rules.finite(), plain_float(rules))
}

pub(super) fn double(rules: &DoubleRules) -> Vec<String> {
    finite(rules.finite(), plain_double(rules))
}

fn finite(finite: bool, words: Vec<String>) -> Vec<String> {
    let finite = finite.then(|| "a finite number".to_owned());
    finite.into_iter().chain(words).collect()
}

/// Enum values are shown as numbers, as in the rules; the reference has a table of the
/// enum with the names.
pub(super) fn enumeration(rules: &EnumRules) -> Vec<String> {
    let defined = rules
        .defined_only()
        .then(|| "one of the defined values".to_owned());
    let words = [
        rules.r#const.map(|value| format!("exactly {value}")),
        defined.filter(|_| rules.r#const.is_none() && rules.r#in.is_empty()),
        one_of(&rules.r#in, ToString::to_string),
        none_of(&rules.not_in, ToString::to_string),
        examples(&rules.example, ToString::to_string),
    ];
    words.into_iter().flatten().collect()
}
