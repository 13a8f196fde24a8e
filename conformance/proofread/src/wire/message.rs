//! Bytes of the message that are not as they should be, or are unusual and fine.
//! Source: the encoding chapter of protobuf's documentation; that a message which
//! can't be parsed is INTERNAL is said by gRPC's statuscodes.md.

use prost_reflect::{FieldDescriptor, Kind, ReflectMessage};

use super::{
    Bench,
    bytes::{
        END_GROUP, FIXED32, FIXED64, GROUP, LENGTH, VARINT, delimited, field, key, long_varint,
        unused, varint,
    },
};
use crate::{
    case::{Case, Expect},
    profile::Oddity,
};

/// The greatest field number: 29 bits.
const GREATEST: u32 = (1 << 29) - 1;

/// Deeper than protobuf's parsers go by default: 100 levels in most.
const DEEP: usize = 150;

pub(super) fn cases(bench: &Bench<'_>) -> Vec<Case> {
    let mut cases = unknown(bench);
    cases.extend(malformed(bench));
    cases.extend(known(bench));
    cases
}

/// Unknown fields are skipped: a client may be newer than the server.
fn unknown(bench: &Bench<'_>) -> Vec<Case> {
    let number = unused(&bench.baseline.descriptor());
    let group = [
        key(number, GROUP),
        field(1, VARINT, &[1]),
        delimited(2, b"in a group"),
        key(number, END_GROUP),
    ]
    .concat();
    let groups = [
        key(number, GROUP).repeat(DEEP),
        key(number, END_GROUP).repeat(DEEP),
    ]
    .concat();
    let mut nested = Vec::new();
    for _ in 0..DEEP {
        nested = delimited(number, &nested);
    }
    let runs = [
        (
            "varint",
            "an unknown varint",
            field(number, VARINT, &varint(u64::MAX)),
        ),
        (
            "fixed64",
            "an unknown fixed64",
            field(number, FIXED64, &[0xff; 8]),
        ),
        (
            "fixed32",
            "an unknown fixed32",
            field(number, FIXED32, &[0xff; 4]),
        ),
        (
            "bytes",
            "an unknown field of bytes",
            delimited(number, &[0xff; 300]),
        ),
        ("group", "an unknown group", group),
        (
            "nested",
            "an unknown field nested 150 times, which is bytes to whom it is unknown",
            nested,
        ),
        (
            "greatest-number",
            "an unknown field with the greatest number",
            field(GREATEST, VARINT, &[1]),
        ),
    ];
    let mut cases: Vec<Case> = runs
        .into_iter()
        .map(|(id, intent, bytes)| {
            let intent = format!("{intent} after a valid request; unknown fields are ignored");
            let id = format!("unknown-field/{id}");
            bench.message(&id, intent, &bench.followed_by(&bytes), Expect::Accepted)
        })
        .collect();
    let first = field(number, VARINT, &[1]);
    let first = [first.as_slice(), &bench.encoded].concat();
    cases.push(bench.message(
        "unknown-field/first",
        "an unknown field before a valid request; unknown fields are ignored",
        &first,
        Expect::Accepted,
    ));
    cases.push(bench.message(
        "deep-groups",
        "unknown groups nested 150 times after a valid request",
        &bench.followed_by(&groups),
        bench.profile.expects(Oddity::DeepGroups),
    ));
    cases
}

fn malformed(bench: &Bench<'_>) -> Vec<Case> {
    let number = unused(&bench.baseline.descriptor());
    let tails = [
        (
            "truncated-varint",
            "a varint that ends in its middle",
            field(number, VARINT, &[0x80]),
        ),
        (
            "overlong-varint",
            "a varint of eleven bytes; ten is the greatest length",
            field(number, VARINT, &long_varint(1, 11)),
        ),
        (
            "truncated-key",
            "a key that ends in its middle",
            vec![0xf8, 0x80],
        ),
        (
            "truncated-fixed32",
            "a fixed32 of three bytes",
            field(number, FIXED32, &[1, 2, 3]),
        ),
        (
            "length-beyond-end",
            "a field that is longer than the message",
            [key(number, LENGTH), varint(100), vec![1, 2]].concat(),
        ),
        (
            "huge-length",
            "a field with a length of 2^63",
            [key(number, LENGTH), varint(1 << 63)].concat(),
        ),
        (
            "field-number-0",
            "a field with the number 0",
            field(0, VARINT, &[1]),
        ),
        (
            "wire-type-6",
            "a field with the wire type 6, which does not exist",
            field(number, 6, &[1]),
        ),
        (
            "endless-group",
            "a group that does not end",
            field(number, GROUP, &field(1, VARINT, &[1])),
        ),
        (
            "end-of-no-group",
            "the end of a group that did not begin",
            key(number, END_GROUP),
        ),
        (
            "wrong-end-of-group",
            "a group that ends as another one",
            [key(number, GROUP), key(number + 1, END_GROUP)].concat(),
        ),
    ];
    let mut cases: Vec<Case> = tails
        .into_iter()
        .map(|(id, intent, bytes)| {
            let oddity = match id {
                "huge-length" => Oddity::HugeLength,
                _ => Oddity::MalformedMessage,
            };
            bench.message(
                &format!("malformed/{id}"),
                format!("{intent}, after a valid request"),
                &bench.followed_by(&bytes),
                bench.profile.expects(oddity),
            )
        })
        .collect();
    if let Some((_, cut)) = bench.encoded.split_last() {
        cases.push(bench.message(
            "malformed/cut-off",
            "a valid request without its last byte",
            cut,
            bench.profile.expects(Oddity::MalformedMessage),
        ));
    }
    cases
}

/// Cases that need a field of a kind; the first one of it that the message has.
fn known(bench: &Bench<'_>) -> Vec<Case> {
    let message = bench.baseline.descriptor();
    let find = |wanted: &dyn Fn(&FieldDescriptor) -> bool| message.fields().find(wanted);
    let mut cases = Vec::new();
    if let Some(text) = find(&|field| matches!(field.kind(), Kind::String)) {
        let bytes = bench.followed_by(&delimited(text.number(), &[b'a', 0xc3, 0x28, 0xff]));
        cases.push(bench.message(
            &format!("invalid-utf8/{}", text.name()),
            format!("bytes that are not UTF-8 in the string {}", text.name()),
            &bytes,
            bench.profile.expects(Oddity::InvalidUtf8),
        ));
    }
    if let Some(any) = find(&|_| true) {
        let bytes = match any.kind() {
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => field(any.number(), VARINT, &[1]),
            _ => field(any.number(), FIXED32, &[1, 2, 3, 4]),
        };
        cases.push(bench.message(
            &format!("wrong-wire-type/{}", any.name()),
            format!(
                "{} once more with a wire type that is not its own",
                any.name()
            ),
            &bench.followed_by(&bytes),
            bench.profile.expects(Oddity::WrongWireType),
        ));
    }
    cases
}
