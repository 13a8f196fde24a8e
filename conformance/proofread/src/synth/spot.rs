//! A spot where one value stands: a field that is no list, an item of one, a key
//! or a value of a map. Here it is decided which sort of values it takes.

use std::{collections::BTreeSet, sync::Arc};

use prost_protovalidate_types::{Ignore, Rule, field_rules::Type};
use prost_reflect::{Kind, MessageDescriptor, Value};
use rand::{RngExt, rngs::StdRng};

use super::{
    candidate::Tries,
    integers::{self, Choice},
    literals::Literals,
    messages::{self, AnyOf, Mask},
    octets::Octets,
    real::{self, Real},
    text::Text,
    times::{self, Moment},
    whole::Whole,
};
use crate::contract::Rules;

/// Which rules a value would break; none where that can't be said.
pub(crate) type Weigh<'w> = dyn FnMut(&Value) -> Option<BTreeSet<String>> + 'w;

/// A spot for a value.
pub(crate) struct Spot {
    sort: Sort,
    literals: Arc<Literals>,
    /// The ids of the rules that are set here, without their level.
    pub(crate) keys: Vec<String>,
}

/// A sort of values, with the rules for them.
enum Sort {
    Flag(Option<bool>),
    Whole(Kind, Whole),
    Choice(Choice),
    Real(Real),
    Text(Text),
    Octets(Octets),
    Duration(MessageDescriptor, Whole),
    Moment(MessageDescriptor, Moment),
    Mask(MessageDescriptor, Mask),
    Any(MessageDescriptor, AnyOf),
    Wrapper(MessageDescriptor, Box<Sort>),
    /// A message that is not of protobuf, or one of protobuf without own rules.
    Message(MessageDescriptor),
}

impl Spot {
    pub(crate) fn new(
        kind: &Kind,
        rules: Option<&Rules>,
        literals: &Arc<Literals>,
        is_key: bool,
    ) -> Self {
        let typed = rules.and_then(|rules| rules.standard.r#type.as_ref());
        let sort = Sort::new(kind, typed, literals, is_key);
        let keys = match rules {
            Some(rules) if rules.ignore() != Ignore::Always => {
                // What is empty counts as unset there, so nothing is said of it.
                let says_of_empty = rules.ignore() != Ignore::IfZeroValue;
                let keys = sort.keys().into_iter();
                let keys = keys.filter(|key| says_of_empty || !key.ends_with("_empty"));
                keys.chain(cel_keys(rules)).collect()
            }
            _ => Vec::new(),
        };
        Self {
            sort,
            literals: Arc::clone(literals),
            keys,
        }
    }

    /// What to try. Messages of the contract are not tried here.
    pub(crate) fn tries(&self, weigh: &mut Weigh<'_>, rng: &mut StdRng) -> Tries<Value> {
        self.sort.tries(&self.literals, weigh, rng)
    }

    /// A value at random that keeps the rules, as far as it can be seen from here;
    /// none where this sort of value has no random ones.
    pub(crate) fn random(&self, rng: &mut StdRng) -> Option<Value> {
        self.sort.random(rng)
    }

    /// A number, duration or moment at random outside of its range; none for other
    /// sorts of values, and where there is no range.
    pub(crate) fn random_outside(&self, rng: &mut StdRng) -> Option<Value> {
        self.sort.random_outside(rng)
    }
}

impl Sort {
    fn new(kind: &Kind, typed: Option<&Type>, literals: &Arc<Literals>, is_key: bool) -> Self {
        match kind {
            Kind::Bool => Self::Flag(match typed {
                Some(Type::Bool(rules)) => rules.r#const,
                _ => None,
            }),
            Kind::String => Self::Text(Text::new(typed, Arc::clone(literals), is_key)),
            Kind::Bytes => Self::Octets(Octets::new(typed, Arc::clone(literals))),
            Kind::Enum(enumeration) => Self::Choice(Choice::new(enumeration, typed)),
            Kind::Message(message) => Self::of_message(message, typed, literals),
            kind => match integers::whole(kind, typed) {
                Some(whole) => Self::Whole(kind.clone(), whole),
                None => Self::Real(real::real(kind, typed)),
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
            "google.protobuf.Timestamp" => Self::Moment(descriptor, times::moment(typed)),
            "google.protobuf.FieldMask" => Self::Mask(descriptor, Mask::new(typed)),
            "google.protobuf.Any" => Self::Any(descriptor, AnyOf::new(typed)),
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

    fn keys(&self) -> Vec<String> {
        match self {
            Self::Flag(constant) => constant.iter().map(|_| "bool.const".to_owned()).collect(),
            Self::Whole(_, whole) | Self::Duration(_, whole) => whole.keys(),
            Self::Choice(choice) => choice.keys(),
            Self::Real(real) => real.keys(),
            Self::Text(text) => text.keys(),
            Self::Octets(octets) => octets.keys(),
            Self::Moment(_, moment) => moment.keys(),
            Self::Mask(_, mask) => mask.keys(),
            Self::Any(_, any) => any.keys(),
            Self::Wrapper(_, inner) => inner.keys(),
            Self::Message(_) => Vec::new(),
        }
    }

    fn tries(&self, literals: &Literals, weigh: &mut Weigh<'_>, rng: &mut StdRng) -> Tries<Value> {
        // CEL names durations and moments by whole seconds, as a rule.
        let seconds = || -> Vec<i128> {
            let numbers = literals.numbers.iter();
            numbers.map(|it| it.saturating_mul(1_000_000_000)).collect()
        };
        match self {
            Self::Flag(constant) => booleans(*constant),
            Self::Whole(kind, whole) => {
                let tries = whole.tries(&literals.numbers);
                tries.map(|it| integers::integer(kind, it))
            }
            Self::Choice(choice) => {
                let tries = choice.tries(&literals.numbers);
                tries.map(|it| it.try_into().ok().map(Value::EnumNumber))
            }
            Self::Real(real) => real.tries(&literals.reals).map(|it| Some(real.value(it))),
            Self::Text(text) => {
                let mut weigh = |it: &str| match text.is_disputed(it) {
                    true => None,
                    false => weigh(&Value::String(it.to_owned())),
                };
                let tries = text.tries(&mut weigh, rng);
                tries.map(|it| (!text.is_disputed(&it)).then_some(Value::String(it)))
            }
            Self::Octets(octets) => {
                let tries = octets.tries();
                tries.map(|it| (!octets.is_disputed(&it)).then(|| Value::Bytes(it.into())))
            }
            Self::Duration(message, whole) => {
                let tries = whole.tries(&seconds());
                tries.map(|it| times::message(message, it))
            }
            Self::Moment(message, moment) => {
                let tries = moment.tries(&seconds());
                tries.map(|it| times::message(message, it))
            }
            Self::Mask(message, mask) => mask.tries().map(|it| messages::mask(message, it)),
            Self::Any(message, any) => any.tries().map(|it| messages::any(message, it)),
            Self::Wrapper(message, inner) => {
                let mut weigh = |it: &Value| weigh(&messages::wrapper(message, it.clone())?);
                let tries = inner.tries(literals, &mut weigh, rng);
                tries.map(|it| messages::wrapper(message, it))
            }
            Self::Message(message) => messages::foreign(message),
        }
    }

    fn random(&self, rng: &mut StdRng) -> Option<Value> {
        match self {
            Self::Flag(constant) => Some(Value::Bool(constant.unwrap_or_else(|| rng.random()))),
            Self::Whole(kind, whole) => integers::integer(kind, whole.random(rng)),
            Self::Choice(choice) => choice.random(rng).try_into().ok().map(Value::EnumNumber),
            Self::Real(real) => Some(real.value(real.random(rng))),
            Self::Text(text) => {
                let random = text.random(rng);
                (!text.is_disputed(&random)).then_some(Value::String(random))
            }
            Self::Octets(octets) => {
                let random = octets.random(rng);
                (!octets.is_disputed(&random)).then(|| Value::Bytes(random.into()))
            }
            Self::Duration(message, whole) => times::message(message, whole.random(rng)),
            Self::Moment(message, moment) => times::message(message, moment.random(rng)),
            Self::Mask(message, mask) => messages::mask(message, mask.random(rng)),
            Self::Any(message, any) => messages::any(message, any.random(rng)),
            Self::Wrapper(message, inner) => messages::wrapper(message, inner.random(rng)?),
            Self::Message(_) => None,
        }
    }

    fn random_outside(&self, rng: &mut StdRng) -> Option<Value> {
        match self {
            Self::Whole(kind, whole) => integers::integer(kind, whole.random_outside(rng)?),
            Self::Real(real) => Some(real.value(real.random_outside(rng)?)),
            Self::Duration(message, whole) => times::message(message, whole.random_outside(rng)?),
            Self::Moment(message, moment) => times::message(message, moment.random_outside(rng)?),
            Self::Wrapper(message, inner) => messages::wrapper(message, inner.random_outside(rng)?),
            _ => None,
        }
    }
}

fn booleans(constant: Option<bool>) -> Tries<Value> {
    let mut tries = Tries::default();
    if let Some(constant) = constant {
        let id = "bool.const";
        tries.kept(
            id,
            "equal",
            "the only allowed value",
            vec![Value::Bool(constant)],
        );
        tries.broken(id, "other", "the other value", vec![Value::Bool(!constant)]);
    }
    tries.plain("true", "true", Value::Bool(true));
    tries.plain("false", "false", Value::Bool(false));
    tries
}

/// The ids of the rules in CEL that stand on this level.
pub(crate) fn cel_keys(rules: &Rules) -> impl Iterator<Item = String> + '_ {
    let predefined = rules.predefined.iter().flat_map(|it| &it.rules);
    let expressions = rules.standard.cel_expression.iter().cloned();
    expressions
        .chain(rules.standard.cel.iter().map(cel_key))
        .chain(predefined.map(cel_key))
}

/// The id by which a violation names a rule in CEL.
pub(crate) fn cel_key(rule: &Rule) -> String {
    match &rule.id {
        Some(id) => id.clone(),
        None => rule.expression().to_owned(),
    }
}
