//! Cases with values at the edge of their type: text of every kind that Unicode names, text
//! that is not UTF-8 in every way, signed zero, subnormal numbers, NaN with a payload, the
//! greatest and smallest numbers, times outside of their range. The rules decide what is
//! expected of valid values.

use prost::Message;
use prost_reflect::{FieldDescriptor, Kind, ReflectMessage, Value};

use super::{
    CaseBuilder,
    encoding::{FIXED32, FIXED64, VARINT, delimited, field, name_of, varint},
};
use crate::{
    case::{Case, Expect},
    profile::ProtocolAnomaly,
};

/// The greatest number of text fields and of other fields that are tried in a message.
const TEXTS: usize = 6;
const NUMBERS: usize = 20;

/// How many letters are put behind a character, until the text keeps the rules.
const LETTERS: [usize; 3] = [0, 1, 4];

/// Characters that servers mishandle, each with the name of its case and in words.
const CHARACTERS: [(&str, &str, &str); 8] = [
    ("nul", "the character NUL", "\u{0}"),
    ("byte-order-mark", "a byte order mark", "\u{feff}"),
    (
        "combining",
        "a combining character, which normalisation joins with the letter before it",
        "e\u{301}",
    ),
    ("noncharacter", "a noncharacter of Unicode", "\u{ffff}"),
    (
        "astral",
        "a character outside of the basic plane",
        "\u{1f4da}",
    ),
    (
        "direction",
        "a character that changes the direction of text",
        "\u{202e}",
    ),
    (
        "line-separator",
        "the line separator of Unicode",
        "\u{2028}",
    ),
    (
        "replacement",
        "the replacement character, which decoders insert",
        "\u{fffd}",
    ),
];

/// Bytes that are not UTF-8, each in another way: Unicode, section 3.9, table 3-7.
const ILL_FORMED: [(&str, &str, &[u8]); 6] = [
    (
        "overlong",
        "a character in more bytes than it needs",
        &[0xc0, 0xaf],
    ),
    (
        "overlong-nul",
        "NUL in two bytes, as Java writes it",
        &[0xc0, 0x80],
    ),
    (
        "surrogate",
        "a surrogate, as CESU-8 writes it",
        &[0xed, 0xa0, 0x80],
    ),
    (
        "beyond-unicode",
        "a character above U+10FFFF",
        &[0xf4, 0x90, 0x80, 0x80],
    ),
    (
        "cut-off",
        "a character without its last byte",
        &[b'a', 0xe2, 0x82],
    ),
    (
        "lone-continuation",
        "a continuation byte without a first one",
        &[b'a', 0x80],
    ),
];

pub(super) fn cases(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let fields: Vec<FieldDescriptor> = builder.baseline.descriptor().fields().collect();
    let singular = |is: fn(&Kind) -> bool, limit: usize| {
        let singular = fields
            .iter()
            .filter(|field| !field.is_list() && !field.is_map());
        singular.filter(move |field| is(&field.kind())).take(limit)
    };
    let mut cases = Vec::new();
    for text in singular(|kind| matches!(kind, Kind::String), TEXTS) {
        cases.extend(characters(builder, text));
    }
    let features = builder.contract.features();
    let mut texts = singular(|kind| matches!(kind, Kind::String), TEXTS);
    let text = texts.find(|it| !features.unvalidated_texts.contains(it.full_name()));
    cases.extend(text.into_iter().flat_map(|text| ill_formed(builder, text)));
    for number in singular(|kind| scalars(kind).is_some(), NUMBERS) {
        cases.extend(numbers(builder, number));
    }
    for time in singular(is_time, NUMBERS) {
        cases.extend(times(builder, time));
    }
    cases
}

/// Text with each character that the rules of the field allow.
fn characters(builder: &CaseBuilder<'_>, descriptor: &FieldDescriptor) -> Vec<Case> {
    let name = name_of(descriptor);
    let cases = CHARACTERS.iter().filter_map(|(id, intent, character)| {
        let texts = LETTERS.map(|letters| format!("{character}{}", "a".repeat(letters)));
        let mut requests = texts.into_iter().map(|text| {
            let mut request = builder.baseline.clone();
            request.set_field(descriptor, Value::String(text));
            request.encode_to_vec()
        });
        let accepted = |request: &Vec<u8>| builder.expectation(request) == Some(Expect::Accepted);
        let request = requests.find(accepted)?;
        Some(builder.message(
            &format!("edge/{name}/{id}"),
            format!("{intent} in {name}, which the rules allow"),
            &request,
            Expect::Accepted,
        ))
    });
    cases.collect()
}

fn ill_formed(builder: &CaseBuilder<'_>, descriptor: &FieldDescriptor) -> Vec<Case> {
    let name = name_of(descriptor);
    let cases = ILL_FORMED.iter().map(|(id, intent, bytes)| {
        builder.message(
            &format!("ill-formed/{name}/{id}"),
            format!("{intent}, which is not UTF-8, in {name}"),
            &builder.followed_by(&delimited(descriptor.number(), bytes)),
            builder.profile.expectation(ProtocolAnomaly::InvalidUtf8),
        )
    });
    cases.collect()
}

/// The edges of a type of numbers: the name, the description, the wire type and the payload.
type Edge = (&'static str, &'static str, u64, Vec<u8>);

/// The edges of a scalar type; `None` for types without any.
fn scalars(kind: &Kind) -> Option<Vec<Edge>> {
    let double = |bits: u64| bits.to_le_bytes().to_vec();
    let float = |bits: u32| bits.to_le_bytes().to_vec();
    let signed = |number: i64| varint(number.cast_unsigned());
    Some(match kind {
        Kind::Double => vec![
            ("negative-zero", "negative zero", FIXED64, double(1 << 63)),
            (
                "subnormal",
                "the smallest subnormal number",
                FIXED64,
                double(1),
            ),
            (
                "nan-payload",
                "NaN with a payload",
                FIXED64,
                double(0x7ff8_0000_0000_0001),
            ),
            (
                "signalling-nan",
                "a signalling NaN",
                FIXED64,
                double(0x7ff0_0000_0000_0001),
            ),
            (
                "negative-nan",
                "NaN with a sign",
                FIXED64,
                double(0xfff8_0000_0000_0000),
            ),
        ],
        Kind::Float => vec![
            ("negative-zero", "negative zero", FIXED32, float(1 << 31)),
            (
                "subnormal",
                "the smallest subnormal number",
                FIXED32,
                float(1),
            ),
            (
                "nan-payload",
                "NaN with a payload",
                FIXED32,
                float(0x7fc0_0001),
            ),
            (
                "signalling-nan",
                "a signalling NaN",
                FIXED32,
                float(0x7f80_0001),
            ),
        ],
        Kind::Int32 | Kind::Enum(_) => vec![
            ("least", "the least number", VARINT, signed(i32::MIN.into())),
            (
                "greatest",
                "the greatest number",
                VARINT,
                signed(i32::MAX.into()),
            ),
        ],
        Kind::Int64 => vec![
            ("least", "the least number", VARINT, signed(i64::MIN)),
            ("greatest", "the greatest number", VARINT, signed(i64::MAX)),
        ],
        Kind::Sint32 => vec![
            ("least", "the least number", VARINT, varint(u32::MAX.into())),
            (
                "greatest",
                "the greatest number",
                VARINT,
                varint(u64::from(u32::MAX) - 1),
            ),
        ],
        Kind::Sint64 => vec![
            ("least", "the least number", VARINT, varint(u64::MAX)),
            (
                "greatest",
                "the greatest number",
                VARINT,
                varint(u64::MAX - 1),
            ),
        ],
        Kind::Uint32 => vec![(
            "greatest",
            "the greatest number",
            VARINT,
            varint(u32::MAX.into()),
        )],
        Kind::Uint64 => vec![("greatest", "the greatest number", VARINT, varint(u64::MAX))],
        Kind::Bool => vec![("two", "true as the number 2", VARINT, varint(2))],
        _ => return None,
    })
}

fn numbers(builder: &CaseBuilder<'_>, descriptor: &FieldDescriptor) -> Vec<Case> {
    let name = name_of(descriptor);
    let edges = scalars(&descriptor.kind()).unwrap_or_default().into_iter();
    let cases = edges.filter_map(|(id, intent, wire_type, payload)| {
        let encoded = field(descriptor.number(), wire_type, &payload);
        let intent = format!("{name} again, as {intent}");
        builder.judged(
            &format!("edge/{name}/{id}"),
            &intent,
            &builder.followed_by(&encoded),
        )
    });
    cases.collect()
}

fn is_time(kind: &Kind) -> bool {
    let names = ["google.protobuf.Timestamp", "google.protobuf.Duration"];
    let message = kind.as_message();
    message.is_some_and(|message| names.contains(&message.full_name()))
}

/// Times that timestamp.proto and duration.proto do not allow. No rule says so, so every answer
/// is accepted.
fn times(builder: &CaseBuilder<'_>, descriptor: &FieldDescriptor) -> Vec<Case> {
    // 9999-12-31T23:59:59Z, which is also the greatest duration in seconds.
    const LAST_SECOND: i64 = 253_402_300_799;
    let times: [(&str, &str, i64, i64); 4] = [
        ("too-late", "a second too late", LAST_SECOND + 1, 0),
        (
            "too-many-nanos",
            "a second as nanoseconds",
            1,
            1_000_000_000,
        ),
        (
            "opposite-signs",
            "positive seconds and negative nanoseconds",
            1,
            -1,
        ),
        ("least", "the least number of seconds", i64::MIN, 0),
    ];
    let name = name_of(descriptor);
    let cases = times.iter().map(|(id, intent, seconds, nanos)| {
        let time = [
            field(1, VARINT, &varint(seconds.cast_unsigned())),
            field(2, VARINT, &varint(nanos.cast_unsigned())),
        ];
        builder.message(
            &format!("edge/{name}/{id}"),
            format!("{name} with {intent}, which its type does not allow"),
            &builder.followed_by(&delimited(descriptor.number(), &time.concat())),
            Expect::AnyAnswer,
        )
    });
    cases.collect()
}
