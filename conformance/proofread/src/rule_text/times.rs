//! Describes rules of durations and timestamps.

use prost_protovalidate_types::{DurationRules, TimestampRules, duration_rules, timestamp_rules};
use prost_types::{Duration, Timestamp};

use super::{
    bounds::{Lower, NUMBER_WORDING, TIME_WORDING, Upper, range},
    text::{code, examples, none_of, one_of},
};

/// Nanoseconds in a second.
const SECOND: i128 = 1_000_000_000;

/// Units from the largest to the smallest, in nanoseconds. A day has 24 hours.
const UNITS: [(i128, &str); 7] = [
    (86_400 * SECOND, "d"),
    (3_600 * SECOND, "h"),
    (60 * SECOND, "min"),
    (SECOND, "s"),
    (1_000_000, "ms"),
    (1_000, "µs"),
    (1, "ns"),
];

fn nanoseconds(duration: &Duration) -> i128 {
    i128::from(duration.seconds) * SECOND + i128::from(duration.nanos)
}

/// Formats a duration in the largest unit that divides it: `90 s`, `1 h`, `250 ms`.
fn duration_text(nanoseconds: &i128) -> String {
    let divisor = UNITS.iter().find(|(unit, _)| nanoseconds % unit == 0);
    match (nanoseconds, divisor) {
        (0, _) | (_, None) => "0 s".to_owned(),
        (_, Some((unit, name))) => format!("{} {name}", nanoseconds / unit),
    }
}

pub(super) fn duration(rules: &DurationRules) -> Vec<String> {
    let show = |value: &Duration| duration_text(&nanoseconds(value));
    let lower = rules.greater_than.as_ref().map(|bound| match bound {
        duration_rules::GreaterThan::Gt(value) => Lower::Gt(nanoseconds(value)),
        duration_rules::GreaterThan::Gte(value) => Lower::Gte(nanoseconds(value)),
    });
    let upper = rules.less_than.as_ref().map(|bound| match bound {
        duration_rules::LessThan::Lt(value) => Upper::Lt(nanoseconds(value)),
        duration_rules::LessThan::Lte(value) => Upper::Lte(nanoseconds(value)),
    });
    let words = [
        rules
            .r#const
            .as_ref()
            .map(|value| format!("exactly {}", show(value))),
        range(lower, upper, &NUMBER_WORDING, duration_text),
        one_of(&rules.r#in, show),
        none_of(&rules.not_in, show),
        examples(&rules.example, show),
    ];
    words.into_iter().flatten().collect()
}

/// Seconds and nanoseconds of a timestamp, which prost's type can't compare.
#[derive(PartialEq, PartialOrd)]
struct ComparableTimestamp(i64, i32);

impl From<&Timestamp> for ComparableTimestamp {
    fn from(timestamp: &Timestamp) -> Self {
        Self(timestamp.seconds, timestamp.nanos)
    }
}

impl ComparableTimestamp {
    fn text(&self) -> String {
        let timestamp = Timestamp {
            seconds: self.0,
            nanos: self.1,
        };
        code(&timestamp.to_string())
    }
}

pub(super) fn timestamp(rules: &TimestampRules) -> Vec<String> {
    use timestamp_rules::{GreaterThan, LessThan};
    let show = |value: &Timestamp| ComparableTimestamp::from(value).text();
    let lower = rules.greater_than.as_ref().and_then(|bound| match bound {
        GreaterThan::Gt(value) => Some(Lower::Gt(ComparableTimestamp::from(value))),
        GreaterThan::Gte(value) => Some(Lower::Gte(ComparableTimestamp::from(value))),
        GreaterThan::GtNow(_) => None,
    });
    let upper = rules.less_than.as_ref().and_then(|bound| match bound {
        LessThan::Lt(value) => Some(Upper::Lt(ComparableTimestamp::from(value))),
        LessThan::Lte(value) => Some(Upper::Lte(ComparableTimestamp::from(value))),
        LessThan::LtNow(_) => None,
    });
    let future = matches!(rules.greater_than, Some(GreaterThan::GtNow(true)));
    let past = matches!(rules.less_than, Some(LessThan::LtNow(true)));
    let within = rules.within.as_ref().map(nanoseconds);
    let words = [
        rules
            .r#const
            .as_ref()
            .map(|value| format!("exactly {}", show(value))),
        range(lower, upper, &TIME_WORDING, ComparableTimestamp::text),
        past.then(|| "in the past".to_owned()),
        future.then(|| "in the future".to_owned()),
        within.map(|span| format!("within {} of now", duration_text(&span))),
        examples(&rules.example, show),
    ];
    words.into_iter().flatten().collect()
}
