//! Generates durations and timestamps. Both are counted in nanoseconds.

use prost_protovalidate_types::{
    DurationRules, TimestampRules, duration_rules, field_rules::Type, timestamp_rules,
};
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};
use prost_types::{Duration, Timestamp};
use rand::{RngExt, rngs::StdRng};

use super::{candidate::Candidates, integer_range::IntegerRange};
use crate::{
    case::Side,
    oracle::{CLOCK_TOLERANCE_SECONDS, now_seconds},
};

const SECOND: i128 = 1_000_000_000;

/// The usual step between values: time types of some languages have microseconds only.
const MICROSECOND: i128 = 1_000;

/// The maximum duration that protobuf allows, about 10,000 years.
const MAX_DURATION: i128 = 315_576_000_000 * SECOND;

/// 0001-01-01T00:00:00Z, the earliest timestamp that protobuf allows.
const MIN_TIMESTAMP: i128 = -62_135_596_800 * SECOND;

/// 9999-12-31T23:59:59.999999Z, the latest one, in microseconds.
const MAX_TIMESTAMP: i128 = 253_402_300_800 * SECOND - MICROSECOND;

fn of_duration(value: &Duration) -> i128 {
    i128::from(value.seconds) * SECOND + i128::from(value.nanos)
}

fn of_timestamp(value: &Timestamp) -> i128 {
    i128::from(value.seconds) * SECOND + i128::from(value.nanos)
}

/// Sets the step to a nanosecond if a rule names a value that is not a whole number of
/// microseconds.
fn with_step(mut range: IntegerRange) -> IntegerRange {
    let bounds = [range.lower, range.upper].map(|bound| bound.map(|it| it.0));
    let lists = range.allowed.iter().chain(&range.excluded).copied();
    let named = lists
        .chain(bounds.into_iter().flatten())
        .chain(range.constant);
    if named.into_iter().any(|it| it % MICROSECOND != 0) {
        range.step = 1;
    }
    range
}

/// The rules of a duration.
pub(crate) fn duration(rules: Option<&Type>) -> IntegerRange {
    let plain = DurationRules::default();
    let rules = match rules {
        Some(Type::Duration(rules)) => rules,
        _ => &plain,
    };
    with_step(IntegerRange {
        constant: rules.r#const.as_ref().map(of_duration),
        lower: rules.greater_than.as_ref().map(|bound| match bound {
            duration_rules::GreaterThan::Gt(value) => (of_duration(value), false),
            duration_rules::GreaterThan::Gte(value) => (of_duration(value), true),
        }),
        upper: rules.less_than.as_ref().map(|bound| match bound {
            duration_rules::LessThan::Lt(value) => (of_duration(value), false),
            duration_rules::LessThan::Lte(value) => (of_duration(value), true),
        }),
        allowed: rules.r#in.iter().map(of_duration).collect(),
        excluded: rules.not_in.iter().map(of_duration).collect(),
        ..IntegerRange::of("duration", -MAX_DURATION, MAX_DURATION, MICROSECOND)
    })
}

/// Generates timestamps, also relative to the current time.
pub(crate) struct TimestampGenerator {
    /// The rules with fixed values.
    fixed: IntegerRange,
    /// Whether `lt_now` is set.
    past: bool,
    /// Whether `gt_now` is set.
    future: bool,
    /// The maximum distance from now, in nanoseconds.
    within: Option<i128>,
}

pub(crate) fn timestamp(rules: Option<&Type>) -> TimestampGenerator {
    use timestamp_rules::{GreaterThan, LessThan};
    let plain = TimestampRules::default();
    let rules = match rules {
        Some(Type::Timestamp(rules)) => rules,
        _ => &plain,
    };
    TimestampGenerator {
        fixed: with_step(IntegerRange {
            constant: rules.r#const.as_ref().map(of_timestamp),
            lower: rules.greater_than.as_ref().and_then(|bound| match bound {
                GreaterThan::Gt(value) => Some((of_timestamp(value), false)),
                GreaterThan::Gte(value) => Some((of_timestamp(value), true)),
                GreaterThan::GtNow(_) => None,
            }),
            upper: rules.less_than.as_ref().and_then(|bound| match bound {
                LessThan::Lt(value) => Some((of_timestamp(value), false)),
                LessThan::Lte(value) => Some((of_timestamp(value), true)),
                LessThan::LtNow(_) => None,
            }),
            ..IntegerRange::of("timestamp", MIN_TIMESTAMP, MAX_TIMESTAMP, MICROSECOND)
        }),
        past: matches!(rules.less_than, Some(LessThan::LtNow(true))),
        future: matches!(rules.greater_than, Some(GreaterThan::GtNow(true))),
        within: rules.within.as_ref().map(of_duration),
    }
}

const LT_NOW: &str = "timestamp.lt_now";
const GT_NOW: &str = "timestamp.gt_now";
const WITHIN: &str = "timestamp.within";

impl TimestampGenerator {
    /// The ids of the rules that are set.
    pub(crate) fn rule_ids(&self) -> Vec<String> {
        let mut rule_ids = self.fixed.rule_ids();
        let timed = [
            (self.past, LT_NOW),
            (self.future, GT_NOW),
            (self.within.is_some(), WITHIN),
        ];
        rule_ids.extend(
            timed
                .iter()
                .filter(|(set, _)| *set)
                .map(|(_, id)| (*id).to_owned()),
        );
        rule_ids
    }

    /// The values to try. Values near a boundary that depends on the current time keep a
    /// distance of two clock tolerances: for the time until they are sent, and for the
    /// clock of the server.
    pub(crate) fn candidates(&self, numbers: &[i128]) -> Candidates<i128> {
        let mut candidates = self.fixed.candidates(numbers);
        let now = i128::from(now_seconds()) * SECOND;
        let margin = i128::from(CLOCK_TOLERANCE_SECONDS) * SECOND * 2;
        let hour = 3600 * SECOND;
        let inside = self.within.unwrap_or(2 * hour) / 2;
        let before = vec![now - hour.min(inside), now - inside, now - hour];
        let after = vec![now + hour.min(inside), now + inside, now + hour];
        if self.past {
            candidates.add_keeping(LT_NOW, "past", "in the past", before.clone());
            candidates.add_breaking(LT_NOW, "future", "in the future", after.clone());
        }
        if self.future {
            candidates.add_keeping(GT_NOW, "future", "in the future", after.clone());
            candidates.add_breaking(GT_NOW, "past", "in the past", before.clone());
        }
        if let Some(within) = self.within {
            let edges = [
                (-within, -1, "early", "before"),
                (within, 1, "late", "after"),
            ];
            for (edge, away, slug, description) in edges {
                let kept = vec![now + edge - away * margin, now + edge / 2];
                let description = format!("{description} now, by less than it may be");
                candidates.add_keeping(WITHIN, &format!("within-{slug}"), &description, kept);
                let description = description.replace("less", "more");
                let broken = vec![now + edge + away * margin];
                candidates.add_breaking(WITHIN, &format!("beyond-{slug}"), &description, broken);
            }
            if within <= margin {
                let reason = format!(
                    "{} s around now is too narrow for clocks that differ",
                    within / SECOND
                );
                candidates.add_impossible(WITHIN, Side::Kept, reason);
            }
        }
        for value in before.into_iter().chain(after) {
            candidates.add_neutral("near-now", "within an hour or so of now", value);
        }
        candidates
    }

    pub(crate) fn random(&self, rng: &mut StdRng) -> i128 {
        let now = i128::from(now_seconds()) * SECOND;
        let near = self.within.unwrap_or(86_400 * 365 * SECOND);
        let distance = rng.random_range(0..=near) / MICROSECOND * MICROSECOND;
        match (self.past, self.future) {
            (true, _) => now - distance,
            (_, true) => now + distance,
            _ if self.within.is_some() => now + distance - near / 2,
            _ if rng.random_bool(0.5) && self.fixed.rule_ids().is_empty() => now - distance,
            _ => self.fixed.random(rng),
        }
    }

    pub(crate) fn random_outside(&self, rng: &mut StdRng) -> Option<i128> {
        let now = i128::from(now_seconds()) * SECOND;
        let far = 86_400 * 365 * SECOND;
        let beyond = self.within.unwrap_or_default() + 3_600 * SECOND;
        let distance = rng.random_range(beyond..=beyond + far) / MICROSECOND * MICROSECOND;
        match (self.past, self.future) {
            (true, _) => Some(now + distance),
            (_, true) => Some(now - distance),
            _ if self.within.is_some() => Some(if rng.random_bool(0.5) {
                now + distance
            } else {
                now - distance
            }),
            _ => self.fixed.random_outside(rng),
        }
    }
}

/// A duration or timestamp as a message. Both have the fields `seconds` and `nanos`, but
/// `nanos` of a timestamp is never negative.
pub(crate) fn message(descriptor: &MessageDescriptor, nanoseconds: i128) -> Option<Value> {
    let is_timestamp = descriptor.full_name() == "google.protobuf.Timestamp";
    let (seconds, nanos) = if is_timestamp {
        (
            nanoseconds.div_euclid(SECOND),
            nanoseconds.rem_euclid(SECOND),
        )
    } else {
        (nanoseconds / SECOND, nanoseconds % SECOND)
    };
    let mut message = DynamicMessage::new(descriptor.clone());
    let seconds = Value::I64(seconds.try_into().ok()?);
    let nanos = Value::I32(nanos.try_into().ok()?);
    message.try_set_field_by_name("seconds", seconds).ok()?;
    message.try_set_field_by_name("nanos", nanos).ok()?;
    Some(Value::Message(message))
}
