//! A value site is a position for one value: a singular field, a list item, a map key
//! or a map value. It selects the generator for the type of the value.

use std::{collections::BTreeSet, sync::Arc};

use prost_protovalidate_types::{Ignore, Rule, field_rules::Type};
use prost_reflect::{Kind, MessageDescriptor, Value};
use rand::{RngExt, rngs::StdRng};

use super::{
    bytes::BytesGenerator,
    candidate::Candidates,
    floats::{self, FloatRange},
    integer_range::IntegerRange,
    integers::{self, EnumGenerator},
    literals::Literals,
    strings::StringGenerator,
    times::{self, TimestampGenerator},
    well_known_types::{self, AnyGenerator, FieldMaskGenerator},
};
use crate::contract::Rules;

/// Returns the ids of the rules that a value breaks; `None` if the oracle can't tell.
pub(crate) type Evaluate<'w> = dyn FnMut(&Value) -> Option<BTreeSet<String>> + 'w;

/// A position for one value, with the generator for the values there.
pub(crate) struct ValueSite {
    generator: ValueGenerator,
    literals: Arc<Literals>,
    /// The ids of the rules at this site, without their level: `string.min_len`, also for
    /// a list item.
    pub(crate) rule_ids: Vec<String>,
}

/// The type of a value, with the rules for it.
enum ValueGenerator {
    Bool(Option<bool>),
    Integer(Kind, IntegerRange),
    Enum(EnumGenerator),
    Float(FloatRange),
    String(StringGenerator),
    Bytes(BytesGenerator),
    Duration(MessageDescriptor, IntegerRange),
    Timestamp(MessageDescriptor, TimestampGenerator),
    FieldMask(MessageDescriptor, FieldMaskGenerator),
    Any(MessageDescriptor, AnyGenerator),
    Wrapper(MessageDescriptor, Box<ValueGenerator>),
    /// A message without standard rules of its own: one that a contract declares, or a
    /// well-known type such as `google.protobuf.Struct`.
    Message(MessageDescriptor),
}

impl ValueSite {
    pub(crate) fn new(
        kind: &Kind,
        rules: Option<&Rules>,
        literals: &Arc<Literals>,
        is_key: bool,
    ) -> Self {
        let typed = rules.and_then(|rules| rules.standard.r#type.as_ref());
        let generator = ValueGenerator::new(kind, typed, literals, is_key);
        let rule_ids = match rules {
            Some(rules) if rules.ignore() != Ignore::Always => {
                // IGNORE_IF_ZERO_VALUE skips empty strings, so the `_empty` rules never apply.
                let checks_empty = rules.ignore() != Ignore::IfZeroValue;
                let rule_ids = generator.rule_ids().into_iter();
                let rule_ids = rule_ids.filter(|key| checks_empty || !key.ends_with("_empty"));
                rule_ids.chain(cel_rule_ids(rules)).collect()
            }
            _ => Vec::new(),
        };
        Self {
            generator,
            literals: Arc::clone(literals),
            rule_ids,
        }
    }

    /// The values to try. Messages that the contract declares are not generated here.
    pub(crate) fn candidates(
        &self,
        evaluate: &mut Evaluate<'_>,
        rng: &mut StdRng,
    ) -> Candidates<Value> {
        self.generator
            .candidates(&self.rule_ids, &self.literals, evaluate, rng)
    }

    /// A random value that keeps the standard rules of this site; rules in CEL are not
    /// considered. `None` for types that have no random values.
    pub(crate) fn random(&self, rng: &mut StdRng) -> Option<Value> {
        self.generator.random(rng)
    }

    /// A random number, duration or timestamp outside of its range; `None` for other
    /// types, and if there is no range rule.
    pub(crate) fn random_outside(&self, rng: &mut StdRng) -> Option<Value> {
        self.generator.random_outside(rng)
    }
}

impl ValueGenerator {
    fn new(kind: &Kind, typed: Option<&Type>, literals: &Arc<Literals>, is_key: bool) -> Self {
        match kind {
            Kind::Bool => Self::Bool(match typed {
                Some(Type::Bool(rules)) => rules.r#const,
                _ => None,
            }),
            Kind::String => Self::String(StringGenerator::new(typed, Arc::clone(literals), is_key)),
            Kind::Bytes => Self::Bytes(BytesGenerator::new(typed, Arc::clone(literals))),
            Kind::Enum(enumeration) => Self::Enum(EnumGenerator::new(enumeration, typed)),
            Kind::Message(message) => Self::of_message(message, typed, literals),
            kind => match integers::range(kind, typed) {
                Some(range) => Self::Integer(kind.clone(), range),
                None => Self::Float(floats::float_range(kind, typed)),
            },
        }
    }

    fn of_message(
        message: &MessageDescriptor,
        typed: Option<&Type>,
        literals: &Arc<Literals>,
    ) -> Self {
        let descriptor = message.clone();
        match message.full_name() {
            "google.protobuf.Duration" => Self::Duration(descriptor, times::duration(typed)),
            "google.protobuf.Timestamp" => Self::Timestamp(descriptor, times::timestamp(typed)),
            "google.protobuf.FieldMask" => {
                Self::FieldMask(descriptor, FieldMaskGenerator::new(typed))
            }
            "google.protobuf.Any" => Self::Any(descriptor, AnyGenerator::new(typed)),
            "google.protobuf.BoolValue"
            | "google.protobuf.BytesValue"
            | "google.protobuf.DoubleValue"
            | "google.protobuf.FloatValue"
            | "google.protobuf.Int32Value"
            | "google.protobuf.Int64Value"
            | "google.protobuf.StringValue"
            | "google.protobuf.UInt32Value"
            | "google.protobuf.UInt64Value" => match message.get_field_by_name("value") {
                Some(value) => {
                    let inner = Self::new(&value.kind(), typed, literals, false);
                    Self::Wrapper(descriptor, Box::new(inner))
                }
                None => Self::Message(descriptor),
            },
            _ => Self::Message(descriptor),
        }
    }

    fn rule_ids(&self) -> Vec<String> {
        match self {
            Self::Bool(constant) => constant.iter().map(|_| "bool.const".to_owned()).collect(),
            Self::Integer(_, range) | Self::Duration(_, range) => range.rule_ids(),
            Self::Enum(enumeration) => enumeration.rule_ids(),
            Self::Float(range) => range.rule_ids(),
            Self::String(string) => string.rule_ids(),
            Self::Bytes(bytes) => bytes.rule_ids(),
            Self::Timestamp(_, timestamp) => timestamp.rule_ids(),
            Self::FieldMask(_, field_mask) => field_mask.rule_ids(),
            Self::Any(_, any) => any.rule_ids(),
            Self::Wrapper(_, inner) => inner.rule_ids(),
            Self::Message(_) => Vec::new(),
        }
    }

    fn candidates(
        &self,
        rule_ids: &[String],
        literals: &Literals,
        evaluate: &mut Evaluate<'_>,
        rng: &mut StdRng,
    ) -> Candidates<Value> {
        // Expressions in CEL usually write durations and timestamps in whole seconds.
        let seconds = || -> Vec<i128> {
            let numbers = literals.numbers.iter();
            numbers.map(|it| it.saturating_mul(1_000_000_000)).collect()
        };
        match self {
            Self::Bool(constant) => booleans(*constant),
            Self::Integer(kind, range) => {
                let candidates = range.candidates(&literals.numbers);
                candidates.map(|it| integers::integer(kind, it))
            }
            Self::Enum(enumeration) => {
                let candidates = enumeration.candidates(&literals.numbers);
                candidates.map(|it| it.try_into().ok().map(Value::EnumNumber))
            }
            Self::Float(range) => range
                .candidates(&literals.floats)
                .map(|it| Some(range.value(it))),
            Self::String(string) => {
                let mut evaluate = |it: &str| {
                    if string.is_implementation_dependent(it) {
                        None
                    } else {
                        evaluate(&Value::String(it.to_owned()))
                    }
                };
                let candidates = string.candidates(rule_ids, &mut evaluate, rng);
                candidates.map(|it| {
                    (!string.is_implementation_dependent(&it)).then_some(Value::String(it))
                })
            }
            Self::Bytes(bytes) => {
                let candidates = bytes.candidates();
                candidates.map(|it| {
                    (!bytes.is_implementation_dependent(&it)).then(|| Value::Bytes(it.into()))
                })
            }
            Self::Duration(message, range) => {
                let candidates = range.candidates(&seconds());
                candidates.map(|it| times::message(message, it))
            }
            Self::Timestamp(message, timestamp) => {
                let candidates = timestamp.candidates(&seconds());
                candidates.map(|it| times::message(message, it))
            }
            Self::FieldMask(message, field_mask) => field_mask
                .candidates()
                .map(|it| well_known_types::field_mask(message, it)),
            Self::Any(message, any) => any
                .candidates()
                .map(|it| well_known_types::any(message, it)),
            Self::Wrapper(message, inner) => {
                let mut evaluate =
                    |it: &Value| evaluate(&well_known_types::wrapper(message, it.clone())?);
                let candidates = inner.candidates(rule_ids, literals, &mut evaluate, rng);
                candidates.map(|it| well_known_types::wrapper(message, it))
            }
            Self::Message(message) => well_known_types::fallback_candidates(message),
        }
    }

    fn random(&self, rng: &mut StdRng) -> Option<Value> {
        match self {
            Self::Bool(constant) => Some(Value::Bool(constant.unwrap_or_else(|| rng.random()))),
            Self::Integer(kind, range) => integers::integer(kind, range.random(rng)),
            Self::Enum(enumeration) => enumeration
                .random(rng)
                .try_into()
                .ok()
                .map(Value::EnumNumber),
            Self::Float(range) => Some(range.value(range.random(rng))),
            Self::String(string) => {
                let random = string.random(rng);
                (!string.is_implementation_dependent(&random)).then_some(Value::String(random))
            }
            Self::Bytes(bytes) => {
                let random = bytes.random(rng);
                (!bytes.is_implementation_dependent(&random)).then(|| Value::Bytes(random.into()))
            }
            Self::Duration(message, range) => times::message(message, range.random(rng)),
            Self::Timestamp(message, timestamp) => times::message(message, timestamp.random(rng)),
            Self::FieldMask(message, field_mask) => {
                well_known_types::field_mask(message, field_mask.random(rng))
            }
            Self::Any(message, any) => well_known_types::any(message, any.random(rng)),
            Self::Wrapper(message, inner) => well_known_types::wrapper(message, inner.random(rng)?),
            Self::Message(_) => None,
        }
    }

    fn random_outside(&self, rng: &mut StdRng) -> Option<Value> {
        match self {
            Self::Integer(kind, range) => integers::integer(kind, range.random_outside(rng)?),
            Self::Float(range) => Some(range.value(range.random_outside(rng)?)),
            Self::Duration(message, range) => times::message(message, range.random_outside(rng)?),
            Self::Timestamp(message, timestamp) => {
                times::message(message, timestamp.random_outside(rng)?)
            }
            Self::Wrapper(message, inner) => {
                well_known_types::wrapper(message, inner.random_outside(rng)?)
            }
            _ => None,
        }
    }
}

fn booleans(constant: Option<bool>) -> Candidates<Value> {
    let mut candidates = Candidates::default();
    if let Some(constant) = constant {
        let id = "bool.const";
        candidates.add_keeping(
            id,
            "equal",
            "the only allowed value",
            vec![Value::Bool(constant)],
        );
        candidates.add_breaking(id, "other", "the other value", vec![Value::Bool(!constant)]);
    }
    candidates.add_neutral("true", "true", Value::Bool(true));
    candidates.add_neutral("false", "false", Value::Bool(false));
    candidates
}

/// The ids of the rules in CEL on one level of a field.
pub(crate) fn cel_rule_ids(rules: &Rules) -> impl Iterator<Item = String> + '_ {
    let predefined = rules.predefined.iter().flat_map(|it| &it.rules);
    let expressions = rules.standard.cel_expression.iter().cloned();
    expressions
        .chain(rules.standard.cel.iter().map(cel_rule_id))
        .chain(predefined.map(cel_rule_id))
}

/// The id by which a violation names a rule in CEL: its `id`, or its expression if it
/// has none.
pub(crate) fn cel_rule_id(rule: &Rule) -> String {
    match &rule.id {
        Some(id) => id.clone(),
        None => rule.expression().to_owned(),
    }
}
