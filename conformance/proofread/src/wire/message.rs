//! Cases whose message bytes are invalid, or unusual but valid. Sources: the encoding
//! chapter of protobuf's documentation; gRPC's statuscodes.md, by which a message that
//! can't be parsed is INTERNAL.

use prost_reflect::{FieldDescriptor, Kind, ReflectMessage};

use super::{
    CaseBuilder,
    encoding::{
        END_GROUP, FIXED32, FIXED64, GROUP, LENGTH, VARINT, delimited, field, key, long_varint,
        name_of, unused_field_number, varint,
    },
};
use crate::{
    case::{Case, Expect},
    profile::ProtocolAnomaly,
};

/// The greatest field number of protobuf: 29 bits.
const MAX_FIELD_NUMBER: u32 = (1 << 29) - 1;

/// Deeper than the default recursion limit of protobuf parsers, mostly 100 levels.
const NESTING_DEPTH: usize = 150;

pub(super) fn cases(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let mut cases = unknown_fields(builder);
    cases.extend(malformed(builder));
    cases.extend(known_fields(builder));
    cases
}

/// Cases with unknown fields, which servers must ignore: a client may be newer.
fn unknown_fields(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let number = unused_field_number(&builder.baseline.descriptor());
    let group = [
        key(number, GROUP),
        field(1, VARINT, &[1]),
        delimited(2, b"in a group"),
        key(number, END_GROUP),
    ]
    .concat();
    let groups = [
        key(number, GROUP).repeat(NESTING_DEPTH),
        key(number, END_GROUP).repeat(NESTING_DEPTH),
    ]
    .concat();
    let mut nested = Vec::new();
    for _ in 0..NESTING_DEPTH {
        nested = delimited(number, &nested);
    }
    let valid = [
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
            "an unknown field nested 150 times, which parsers must treat as bytes",
            nested,
        ),
        (
            "greatest-number",
            "an unknown field with the greatest number",
            field(MAX_FIELD_NUMBER, VARINT, &[1]),
        ),
    ];
    let mut cases: Vec<Case> = valid
        .into_iter()
        .map(|(id, intent, bytes)| {
            let intent = format!("{intent} after a valid request; unknown fields are ignored");
            let id = format!("unknown-field/{id}");
            builder.message(&id, intent, &builder.followed_by(&bytes), Expect::Accepted)
        })
        .collect();
    let first = field(number, VARINT, &[1]);
    let first = [first.as_slice(), &builder.encoded].concat();
    cases.push(builder.message(
        "unknown-field/first",
        "an unknown field before a valid request; unknown fields are ignored",
        &first,
        Expect::Accepted,
    ));
    cases.push(
        builder.message(
            "deep-groups",
            "unknown groups nested 150 times after a valid request",
            &builder.followed_by(&groups),
            builder
                .profile
                .expectation(ProtocolAnomaly::DeeplyNestedGroups),
        ),
    );
    cases
}

fn malformed(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let number = unused_field_number(&builder.baseline.descriptor());
    let tails = [
        (
            "truncated-varint",
            "a varint that ends too early",
            field(number, VARINT, &[0x80]),
        ),
        (
            "overlong-varint",
            "a varint of eleven bytes, one more than allowed",
            field(number, VARINT, &long_varint(1, 11)),
        ),
        (
            "truncated-key",
            "a field key that ends too early",
            vec![0xf8, 0x80],
        ),
        (
            "truncated-fixed32",
            "a fixed32 of three bytes",
            field(number, FIXED32, &[1, 2, 3]),
        ),
        (
            "length-beyond-end",
            "a field whose length goes beyond the end of the message",
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
            "a group without an end",
            field(number, GROUP, &field(1, VARINT, &[1])),
        ),
        (
            "end-of-no-group",
            "the end of a group that was not started",
            key(number, END_GROUP),
        ),
        (
            "wrong-end-of-group",
            "a group whose end has another field number",
            [key(number, GROUP), key(number + 1, END_GROUP)].concat(),
        ),
    ];
    let mut cases: Vec<Case> = tails
        .into_iter()
        .map(|(id, intent, bytes)| {
            let anomaly = match id {
                "huge-length" => ProtocolAnomaly::HugeFieldLength,
                _ => ProtocolAnomaly::MalformedMessage,
            };
            builder.message(
                &format!("malformed/{id}"),
                format!("{intent}, after a valid request"),
                &builder.followed_by(&bytes),
                builder.profile.expectation(anomaly),
            )
        })
        .collect();
    if let Some((_, cut)) = builder.encoded.split_last() {
        cases.push(
            builder.message(
                "malformed/cut-off",
                "a valid request without its last byte",
                cut,
                builder
                    .profile
                    .expectation(ProtocolAnomaly::MalformedMessage),
            ),
        );
    }
    cases
}

/// Cases that change a known field; they use the first field of a suitable type.
fn known_fields(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let message = builder.baseline.descriptor();
    let find = |wanted: &dyn Fn(&FieldDescriptor) -> bool| message.fields().find(wanted);
    let mut cases = Vec::new();
    let features = builder.contract.features();
    let is_text = |field: &FieldDescriptor| matches!(field.kind(), Kind::String);
    let is_verified =
        |field: &FieldDescriptor| !features.unvalidated_texts.contains(field.full_name());
    let texts = [
        (
            find(&|field| is_text(field) && is_verified(field)),
            "",
            builder.profile.expectation(ProtocolAnomaly::InvalidUtf8),
        ),
        (
            find(&|field| is_text(field) && !is_verified(field)),
            ", which need not be UTF-8",
            Expect::AnyAnswer,
        ),
    ];
    for (text, addition, expect) in texts {
        let Some(text) = text else { continue };
        let name = name_of(&text);
        cases.push(builder.message(
            &format!("invalid-utf8/{name}"),
            format!("bytes that are not UTF-8 in the string field {name}{addition}"),
            &builder.followed_by(&delimited(text.number(), &[b'a', 0xc3, 0x28, 0xff])),
            expect,
        ));
    }
    cases.extend(unknown_number(builder));
    if let Some(any) = find(&|_| true) {
        let bytes = match any.kind() {
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => field(any.number(), VARINT, &[1]),
            _ => field(any.number(), FIXED32, &[1, 2, 3, 4]),
        };
        cases.push(builder.message(
            &format!("wrong-wire-type/{}", name_of(&any)),
            format!("{} again with a wrong wire type", name_of(&any)),
            &builder.followed_by(&bytes),
            builder.profile.expectation(ProtocolAnomaly::WrongWireType),
        ));
    }
    cases
}

/// A case with a number that a closed enum does not define. Some parsers keep it, others treat
/// the field as unknown.
fn unknown_number(builder: &CaseBuilder<'_>) -> Option<Case> {
    let closed = &builder.contract.features().closed_enums;
    let message = builder.baseline.descriptor();
    let mut fields = message.fields();
    let descriptor = fields.find(|field| {
        let kind = field.kind();
        let enumeration = kind.as_enum();
        enumeration.is_some_and(|enumeration| closed.contains(enumeration.full_name()))
    })?;
    let (kind, number) = (descriptor.kind(), descriptor.number());
    let enumeration = kind.as_enum()?;
    let unknown = (1..).find(|number| enumeration.get_value(*number).is_none())?;
    let payload = varint(u64::try_from(unknown).ok()?);
    let name = name_of(&descriptor);
    Some(builder.message(
        &format!("closed-enum/{name}"),
        format!("{name} again with a number that its closed enum does not define"),
        &builder.followed_by(&field(number, VARINT, &payload)),
        Expect::AnyAnswer,
    ))
}
