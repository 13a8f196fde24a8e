//! Faults with values at the edge of their type.

use proofread::{
    case::Phase::{self, Wire},
    finding::FindingKind::{self, Crash, Protocol, RuleNotChecked, UndeclaredError, ValidRefused},
};
use prost_reflect::{DynamicMessage, Kind, Value};
use tonic::Status;

use super::{
    Fault, FaultyResponse,
    fault_behaviour::RefuseValid,
    wire::{accepts, any, fails, instead},
};
use crate::{
    call::{Call, Reply},
    refusal::Refusal,
};

const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const INT64: &str = "/rules.v1.NumberService/CheckInt64";
const DOUBLE: &str = "/rules.v1.NumberService/CheckDouble";
const FLOAT: &str = "/rules.v1.NumberService/CheckFloat";
const STRINGS: &str = "/rules.v1.StringService/CheckStrings";
const BOOLS_AND_ENUMS: &str = "/rules.v1.StructureService/CheckBoolsAndEnums";
const DURATIONS: &str = "/rules.v1.StructureService/CheckDurations";
const TIMESTAMPS: &str = "/rules.v1.StructureService/CheckTimestamps";

/// Whether the predicate is true for the value of a top-level field.
fn has(message: &DynamicMessage, is: impl Fn(&Value) -> bool) -> bool {
    message.fields().any(|(_, value)| is(value))
}

/// Refuses valid text that contains a character.
fn refuses(character: char) -> RefuseValid<impl Fn(&DynamicMessage) -> bool> {
    RefuseValid {
        path: "max_len",
        rule: "string.max_len",
        when: move |message: &DynamicMessage| {
            has(message, |value| {
                value.as_str().is_some_and(|it| it.contains(character))
            })
        },
    }
}

/// Whether a string field has these bytes, which are not UTF-8.
fn has_bytes(call: &Call, bytes: &'static [u8]) -> bool {
    any(call, |records, descriptor| {
        records.iter().any(|record| {
            let field = descriptor.get_field(record.number);
            let is_text = field.is_some_and(|field| field.kind() == Kind::String);
            is_text && record.value.windows(bytes.len()).any(|it| it == bytes)
        })
    })
}

fn any_value(call: &Call, is: impl Fn(&Value) -> bool) -> bool {
    call.decode().iter().any(|message| has(message, &is))
}

/// Whether a Timestamp or Duration has such seconds and nanoseconds.
fn has_time(call: &Call, is: impl Fn(i64, i32) -> bool) -> bool {
    any_value(call, |value| {
        let Some(message) = value.as_message() else {
            return false;
        };
        let seconds = message.get_field_by_name("seconds");
        let nanos = message.get_field_by_name("nanos");
        match (seconds.as_deref(), nanos.as_deref()) {
            (Some(Value::I64(seconds)), Some(Value::I32(nanos))) => is(*seconds, *nanos),
            _ => false,
        }
    })
}

/// Whether a double is encoded as negative zero. Messages in memory treat it as unset.
fn has_negative_zero(call: &Call) -> bool {
    let encoded = (1_u64 << 63).to_le_bytes();
    any(call, |records, _| {
        let mut doubles = records.iter().filter(|record| record.wire_type == 1);
        doubles.any(|record| record.value.as_ref() == encoded)
    })
}

fn is_subnormal(value: &Value) -> bool {
    match value {
        Value::F64(number) => number.is_subnormal(),
        Value::F32(number) => number.is_subnormal(),
        _ => false,
    }
}

/// Whether a number is NaN, but not the one that every language writes.
fn is_other_nan(value: &Value) -> bool {
    match value {
        Value::F64(number) => number.is_nan() && number.to_bits() != f64::NAN.to_bits(),
        Value::F32(number) => number.is_nan() && number.to_bits() != f32::NAN.to_bits(),
        _ => false,
    }
}

fn closes(_: &Call) -> FaultyResponse {
    FaultyResponse::CloseConnection
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let mut faults = texts();
    faults.extend(numbers());
    faults
}

#[rustfmt::skip]
fn texts() -> Vec<Fault> {
    let refused: (Phase, FindingKind) = (Wire, ValidRefused);
    let protocol = (Wire, Protocol);
    vec![
        Fault::new("edge/nul-refused", "refuses the character NUL, like a database that can't store it", STRINGS, refused, refuses('\0')),
        Fault::new("edge/byte-order-mark-refused", "refuses text that begins with a byte order mark", STRINGS, refused, refuses('\u{feff}')),
        Fault::new("edge/noncharacter-refused", "refuses noncharacters of Unicode", STRINGS, refused, refuses('\u{ffff}')),
        Fault::new("edge/astral-refused", "refuses characters outside of the basic plane, like a database with three bytes for each", STRINGS, refused, refuses('\u{1f4da}')),
        Fault::new("edge/direction-refused", "refuses characters that change the direction of text", STRINGS, refused, refuses('\u{202e}')),
        Fault::new("edge/replacement-refused", "refuses the replacement character, as if the text had not been UTF-8", STRINGS, refused, refuses('\u{fffd}')),
        Fault::new("edge/normalised", "normalises text before it counts the characters", STRINGS, refused,
            RefuseValid { path: "min_len", rule: "string.min_len", when: |message: &DynamicMessage| message.get_field_by_name("min_len").is_some_and(|it| it.as_str() == Some("e\u{301}")) }),
        Fault::new("edge/overlong-accepted", "accepts characters in more bytes than they need", STRINGS, protocol, instead(|call| has_bytes(call, &[0xc0, 0xaf]), accepts)),
        Fault::new("edge/java-nul-accepted", "accepts NUL in two bytes", STRINGS, protocol, instead(|call| has_bytes(call, &[0xc0, 0x80]), accepts)),
        Fault::new("edge/surrogate-accepted", "accepts surrogates in text", STRINGS, protocol, instead(|call| has_bytes(call, &[0xed, 0xa0, 0x80]), accepts)),
        Fault::new("edge/cut-off-character-closes", "closes the connection on text that ends within a character", STRINGS, (Wire, Crash), instead(|call| has_bytes(call, &[b'a', 0xe2, 0x82]), closes)),
    ]
}

#[rustfmt::skip]
fn numbers() -> Vec<Fault> {
    let crash = (Wire, Crash);
    let unchecked = (Wire, RuleNotChecked);
    let overflow = || fails(|| Status::internal("attempt to negate with overflow"));
    vec![
        Fault::new("edge/negative-zero-refused", "takes negative zero for a negative number", DOUBLE, (Wire, ValidRefused),
            instead(has_negative_zero, |_| FaultyResponse::Reply(Reply::status(Refusal::of("finite", "double.finite").status())))),
        Fault::new("edge/subnormal-closes", "closes the connection on subnormal numbers", FLOAT, crash, instead(|call| any_value(call, is_subnormal), closes)),
        Fault::new("edge/other-nan-accepted", "compares the bits of numbers with those of NaN, and accepts other NaNs", DOUBLE, unchecked, instead(|call| any_value(call, is_other_nan), accepts)),
        Fault::new("edge/other-float-nan-accepted", "accepts a signalling NaN of 32 bits", FLOAT, unchecked, instead(|call| any_value(call, is_other_nan), accepts)),
        Fault::new("edge/least-int32-overflows", "fails on the least number of 32 bits, whose absolute value overflows", INT32, (Wire, UndeclaredError), instead(|call| any_value(call, |it| *it == Value::I32(i32::MIN)), overflow())),
        Fault::new("edge/least-int64-closes", "closes the connection on the least number of 64 bits", INT64, crash, instead(|call| any_value(call, |it| *it == Value::I64(i64::MIN)), closes)),
        Fault::new("edge/greatest-enum-closes", "closes the connection on the greatest number of an enum", BOOLS_AND_ENUMS, crash, instead(|call| any_value(call, |it| *it == Value::EnumNumber(i32::MAX)), closes)),
        Fault::new("edge/late-timestamp-closes", "closes the connection on a timestamp after the year 9999", TIMESTAMPS, crash, instead(|call| has_time(call, |seconds, _| seconds == 253_402_300_800), closes)),
        Fault::new("edge/nanoseconds-close", "closes the connection on a second as nanoseconds", DURATIONS, crash, instead(|call| has_time(call, |_, nanos| nanos >= 1_000_000_000), closes)),
        Fault::new("edge/opposite-signs-close", "closes the connection on a duration whose seconds and nanoseconds have opposite signs", DURATIONS, crash, instead(|call| has_time(call, |seconds, nanos| seconds > 0 && nanos < 0), closes)),
    ]
}
