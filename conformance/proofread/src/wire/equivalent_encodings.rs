//! Cases with the same message in another encoding: repeated scalar fields, packed and
//! unpacked lists, messages in two pieces, varints with unnecessary bytes. Protobuf's
//! encoding chapter defines what each of them means, so servers must treat them alike.
//! The oracle decides what is expected.

use prost::Message;
use prost_reflect::{Cardinality, DynamicMessage, FieldDescriptor, Kind, ReflectMessage, Value};

use super::{
    CaseBuilder,
    encoding::{
        LENGTH, VARINT, delimited, field, key, long_varint, message_field, name_of, varint,
    },
};
use crate::case::{Case, Expect};

pub(super) fn cases(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let fields: Vec<FieldDescriptor> = builder.baseline.descriptor().fields().collect();
    let set = fields.iter().filter(|it| builder.baseline.has_field(it));
    let mut cases: Vec<Case> = set
        .flat_map(|field| match field.cardinality() {
            _ if field.is_map() => Vec::new(),
            Cardinality::Repeated => list_encodings(builder, field),
            _ => match field.kind() {
                Kind::Message(_) => split_message(builder, field).into_iter().collect(),
                _ => last_wins(builder, field),
            },
        })
        .collect();
    cases.extend(reordered(builder));
    cases
}

/// Cases with a scalar field twice: the last value counts.
fn last_wins(builder: &CaseBuilder<'_>, descriptor: &FieldDescriptor) -> Vec<Case> {
    let name = name_of(descriptor);
    // Zero is equal to an unset field, and the value that rules refuse most often.
    let zero = match descriptor.kind() {
        Kind::String | Kind::Bytes => delimited(descriptor.number(), &[]),
        kind => match scalar(&kind, &kind.default_value()) {
            Some(payload) => field(descriptor.number(), wire_type(&kind), &payload),
            None => return Vec::new(),
        },
    };
    let mut cases = vec![builder.message(
        &format!("last-wins/{name}/valid"),
        format!("{name} twice, first zero and then valid: the last value counts"),
        &[zero.as_slice(), &builder.encoded].concat(),
        Expect::Accepted,
    )];
    cases.extend(builder.judged(
        &format!("last-wins/{name}/zero"),
        &format!("{name} twice, first valid and then zero: the last value counts"),
        &builder.followed_by(&zero),
    ));
    cases.extend(longer_varints(builder, descriptor));
    cases
}

/// Cases with varints that have unnecessary bytes, or more than 32 bits for a 32-bit
/// field: parsers keep the lower 32 bits.
fn longer_varints(builder: &CaseBuilder<'_>, descriptor: &FieldDescriptor) -> Vec<Case> {
    let value = builder.baseline.get_field(descriptor);
    let name = name_of(descriptor);
    let number = match value.as_ref() {
        Value::I32(number) if matches!(descriptor.kind(), Kind::Int32) => {
            i64::from(*number).cast_unsigned()
        }
        Value::U32(number) if matches!(descriptor.kind(), Kind::Uint32) => u64::from(*number),
        _ => return Vec::new(),
    };
    let followed_by_field =
        |payload: Vec<u8>| builder.followed_by(&field(descriptor.number(), VARINT, &payload));
    let mut cases = vec![builder.message(
        &format!("long-varint/{name}"),
        format!("{name} again, the same number in ten bytes"),
        &followed_by_field(long_varint(number, 10)),
        Expect::Accepted,
    )];
    if number < 1 << 31 {
        cases.push(builder.message(
            &format!("wide-varint/{name}"),
            format!("{name} again with a bit above the 32nd, which parsers drop"),
            &followed_by_field(varint(number | 1 << 40)),
            Expect::Accepted,
        ));
    }
    cases
}

/// Cases with a list of numbers packed and unpacked: parsers must accept both.
fn list_encodings(builder: &CaseBuilder<'_>, descriptor: &FieldDescriptor) -> Vec<Case> {
    let kind = descriptor.kind();
    let value = builder.baseline.get_field(descriptor);
    let items: Option<Vec<Vec<u8>>> = value
        .as_list()
        .unwrap_or_default()
        .iter()
        .map(|item| scalar(&kind, item))
        .collect();
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        return Vec::new();
    };
    if matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_)) {
        return Vec::new();
    }
    let mut rest = builder.baseline.clone();
    rest.clear_field(descriptor);
    let rest = rest.encode_to_vec();
    let (name, number) = (name_of(descriptor), descriptor.number());
    let one_by_one: Vec<u8> = items
        .iter()
        .flat_map(|item| field(number, wire_type(&kind), item))
        .collect();
    let packed = delimited(number, &items.concat());
    let empty = [key(number, LENGTH), varint(0)].concat();
    let case = |id: &str, intent: &str, bytes: &[u8]| {
        let bytes = [rest.as_slice(), bytes].concat();
        let intent = format!("{name} {intent}");
        builder.message(&format!("{id}/{name}"), intent, &bytes, Expect::Accepted)
    };
    vec![
        case("packed", "as one packed list", &packed),
        case("unpacked", "item by item, not packed", &one_by_one),
        case(
            "packed-in-pieces",
            "as an empty packed list and then item by item: parsers join them",
            &[empty, one_by_one.clone()].concat(),
        ),
    ]
}

/// A case with a nested message in two pieces, which parsers must merge.
fn split_message(builder: &CaseBuilder<'_>, descriptor: &FieldDescriptor) -> Option<Case> {
    let value = builder.baseline.get_field(descriptor);
    let (first, second) = split_in_two(value.as_message()?)?;
    let mut rest = builder.baseline.clone();
    rest.clear_field(descriptor);
    let bytes = [
        message_field(descriptor, &first.encode_to_vec()),
        rest.encode_to_vec(),
        message_field(descriptor, &second.encode_to_vec()),
    ]
    .concat();
    let name = name_of(descriptor);
    Some(builder.message(
        &format!("merged/{name}"),
        format!("{name} in two pieces, which parsers merge"),
        &bytes,
        Expect::Accepted,
    ))
}

/// Splits a message into two that give the original when merged; `None` for a message
/// without fields. The second part never contains all fields, so that a parser that
/// keeps only the last piece is detected.
fn split_in_two(whole: &DynamicMessage) -> Option<(DynamicMessage, DynamicMessage)> {
    let fields: Vec<_> = whole.fields().map(|(field, _)| field).collect();
    let (head, others) = fields.split_first()?;
    let (mut first, mut second) = (whole.clone(), whole.clone());
    if !others.is_empty() {
        first.clear_field(head);
        others.iter().for_each(|other| second.clear_field(other));
        return Some((first, second));
    }
    // With a single field, its value is split; or the second part stays empty.
    second.clear_field(head);
    match whole.get_field(head).as_ref() {
        Value::Message(inner) => {
            if let Some((one, other)) = split_in_two(inner) {
                first.set_field(head, Value::Message(one));
                second.set_field(head, Value::Message(other));
            }
        }
        Value::List(items) if items.len() > 1 => {
            let (front, back) = items.split_at(1);
            first.set_field(head, Value::List(front.to_vec()));
            second.set_field(head, Value::List(back.to_vec()));
        }
        _ => {}
    }
    Some((first, second))
}

/// A case with the fields in reverse order.
fn reordered(builder: &CaseBuilder<'_>) -> Option<Case> {
    let fields: Vec<_> = builder.baseline.fields().map(|(field, _)| field).collect();
    if fields.len() < 2 {
        return None;
    }
    let mut bytes = Vec::new();
    for kept in fields.iter().rev() {
        let mut alone = builder.baseline.clone();
        for other in fields.iter().filter(|other| *other != kept) {
            alone.clear_field(other);
        }
        bytes.extend(alone.encode_to_vec());
    }
    Some(builder.message(
        "reversed",
        "a valid request with its fields in reverse order",
        &bytes,
        Expect::Accepted,
    ))
}

fn wire_type(kind: &Kind) -> u64 {
    u64::from(kind.wire_type() as u8)
}

/// Encodes a scalar field; `None` as for [`scalar`].
pub(super) fn scalar_field(number: u32, kind: &Kind, value: &Value) -> Option<Vec<u8>> {
    Some(field(number, wire_type(kind), &scalar(kind, value)?))
}

/// Encodes the payload of a scalar; `None` for strings, bytes, messages and maps.
pub(super) fn scalar(kind: &Kind, value: &Value) -> Option<Vec<u8>> {
    let signed = |number: i64| varint(number.cast_unsigned());
    let zigzag = |number: i64| varint((number << 1 ^ number >> 63).cast_unsigned());
    Some(match (kind, value) {
        (_, Value::Bool(truth)) => vec![u8::from(*truth)],
        (_, Value::EnumNumber(number)) => signed(i64::from(*number)),
        (Kind::Sint32, Value::I32(number)) => zigzag(i64::from(*number)),
        (Kind::Sint64, Value::I64(number)) => zigzag(*number),
        (Kind::Sfixed32, Value::I32(number)) => number.to_le_bytes().to_vec(),
        (Kind::Sfixed64, Value::I64(number)) => number.to_le_bytes().to_vec(),
        (Kind::Fixed32, Value::U32(number)) => number.to_le_bytes().to_vec(),
        (Kind::Fixed64, Value::U64(number)) => number.to_le_bytes().to_vec(),
        (_, Value::I32(number)) => signed(i64::from(*number)),
        (_, Value::I64(number)) => signed(*number),
        (_, Value::U32(number)) => varint(u64::from(*number)),
        (_, Value::U64(number)) => varint(*number),
        (_, Value::F32(number)) => number.to_le_bytes().to_vec(),
        (_, Value::F64(number)) => number.to_le_bytes().to_vec(),
        _ => return None,
    })
}
