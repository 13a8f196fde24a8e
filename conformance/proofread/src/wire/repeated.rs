//! The same message in other bytes. A field that comes twice, a list that is
//! packed or not, a message in two pieces, a varint that is longer than it need
//! be: protobuf's encoding chapter says what each means, and no server may see a
//! difference. Here the oracle says what is due.

use prost::Message;
use prost_reflect::{Cardinality, DynamicMessage, FieldDescriptor, Kind, ReflectMessage, Value};

use super::{
    Bench,
    bytes::{LENGTH, VARINT, delimited, field, key, long_varint, varint},
};
use crate::case::{Case, Expect};

pub(super) fn cases(bench: &Bench<'_>) -> Vec<Case> {
    let fields: Vec<FieldDescriptor> = bench.baseline.descriptor().fields().collect();
    let set = fields.iter().filter(|it| bench.baseline.has_field(it));
    let mut cases: Vec<Case> = set
        .flat_map(|field| match field.cardinality() {
            _ if field.is_map() => Vec::new(),
            Cardinality::Repeated => list(bench, field),
            _ => match field.kind() {
                Kind::Message(_) => pieces(bench, field).into_iter().collect(),
                _ => last_wins(bench, field),
            },
        })
        .collect();
    cases.extend(reordered(bench));
    cases
}

/// Of a field that comes several times the last one counts.
fn last_wins(bench: &Bench<'_>, descriptor: &FieldDescriptor) -> Vec<Case> {
    let name = descriptor.name();
    // Zero is what a field that is not there looks like, and the most common value
    // that is refused.
    let zero = match descriptor.kind() {
        Kind::String | Kind::Bytes => delimited(descriptor.number(), &[]),
        kind => match scalar(&kind, &kind.default_value()) {
            Some(payload) => field(descriptor.number(), wire_type(&kind), &payload),
            None => return Vec::new(),
        },
    };
    let mut cases = vec![bench.message(
        &format!("last-wins/{name}/valid"),
        format!("{name} twice, first zero and then valid: the last one counts"),
        &[zero.as_slice(), &bench.encoded].concat(),
        Expect::Accepted,
    )];
    let bytes = bench.followed_by(&zero);
    let expect = DynamicMessage::decode(bench.baseline.descriptor(), bytes.as_slice())
        .ok()
        .and_then(|decoded| bench.oracle.stable_violations(&decoded).ok());
    if let Some(due) = expect {
        let expect = match due.is_empty() {
            true => Expect::Accepted,
            false => Expect::Refused(due.into_iter().collect()),
        };
        cases.push(bench.message(
            &format!("last-wins/{name}/zero"),
            format!("{name} twice, first valid and then zero: the last one counts"),
            &bytes,
            expect,
        ));
    }
    cases.extend(longer(bench, descriptor));
    cases
}

/// Varints may be longer than they need be, and a 32-bit number is the lower half
/// of one of 64 bits.
fn longer(bench: &Bench<'_>, descriptor: &FieldDescriptor) -> Vec<Case> {
    let value = bench.baseline.get_field(descriptor);
    let name = descriptor.name();
    let number = match value.as_ref() {
        Value::I32(number) if matches!(descriptor.kind(), Kind::Int32) => {
            i64::from(*number).cast_unsigned()
        }
        Value::U32(number) if matches!(descriptor.kind(), Kind::Uint32) => u64::from(*number),
        _ => return Vec::new(),
    };
    let again = |payload: Vec<u8>| bench.followed_by(&field(descriptor.number(), VARINT, &payload));
    let mut cases = vec![bench.message(
        &format!("long-varint/{name}"),
        format!("{name} once more, the same number in ten bytes"),
        &again(long_varint(number, 10)),
        Expect::Accepted,
    )];
    if number < 1 << 31 {
        cases.push(bench.message(
            &format!("wide-varint/{name}"),
            format!("{name} once more with a bit above the 32nd, which is cut off"),
            &again(varint(number | 1 << 40)),
            Expect::Accepted,
        ));
    }
    cases
}

/// Numbers in a list come packed or one by one, and parsers take both.
fn list(bench: &Bench<'_>, descriptor: &FieldDescriptor) -> Vec<Case> {
    let kind = descriptor.kind();
    let value = bench.baseline.get_field(descriptor);
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
    let mut rest = bench.baseline.clone();
    rest.clear_field(descriptor);
    let rest = rest.encode_to_vec();
    let (name, number) = (descriptor.name(), descriptor.number());
    let one_by_one: Vec<u8> = items
        .iter()
        .flat_map(|item| field(number, wire_type(&kind), item))
        .collect();
    let packed = delimited(number, &items.concat());
    let empty = [key(number, LENGTH), varint(0)].concat();
    let case = |id: &str, intent: &str, bytes: &[u8]| {
        let bytes = [rest.as_slice(), bytes].concat();
        let intent = format!("{name} {intent}");
        bench.message(&format!("{id}/{name}"), intent, &bytes, Expect::Accepted)
    };
    vec![
        case("packed", "as one packed list", &packed),
        case("unpacked", "item by item, not packed", &one_by_one),
        case(
            "packed-in-pieces",
            "as an empty packed list and then item by item: they join",
            &[empty, one_by_one.clone()].concat(),
        ),
    ]
}

/// A message that comes in two pieces is merged.
fn pieces(bench: &Bench<'_>, descriptor: &FieldDescriptor) -> Option<Case> {
    let value = bench.baseline.get_field(descriptor);
    let (first, second) = split(value.as_message()?)?;
    let mut rest = bench.baseline.clone();
    rest.clear_field(descriptor);
    let bytes = [
        delimited(descriptor.number(), &first.encode_to_vec()),
        rest.encode_to_vec(),
        delimited(descriptor.number(), &second.encode_to_vec()),
    ]
    .concat();
    let name = descriptor.name();
    Some(bench.message(
        &format!("merged/{name}"),
        format!("{name} in two pieces, which are merged"),
        &bytes,
        Expect::Accepted,
    ))
}

/// Two messages that make this one when they are merged; none for one without
/// fields, of which there are no pieces. What would take the second in place of both
/// loses a field: the second never holds all of them.
fn split(whole: &DynamicMessage) -> Option<(DynamicMessage, DynamicMessage)> {
    let fields: Vec<_> = whole.fields().map(|(field, _)| field).collect();
    let (head, others) = fields.split_first()?;
    let (mut first, mut second) = (whole.clone(), whole.clone());
    if !others.is_empty() {
        first.clear_field(head);
        others.iter().for_each(|other| second.clear_field(other));
        return Some((first, second));
    }
    // The pieces of what a single field holds, or all of it and nothing.
    second.clear_field(head);
    match whole.get_field(head).as_ref() {
        Value::Message(inner) => {
            if let Some((one, other)) = split(inner) {
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

/// Fields come in any order.
fn reordered(bench: &Bench<'_>) -> Option<Case> {
    let fields: Vec<_> = bench.baseline.fields().map(|(field, _)| field).collect();
    if fields.len() < 2 {
        return None;
    }
    let mut bytes = Vec::new();
    for kept in fields.iter().rev() {
        let mut alone = bench.baseline.clone();
        for other in fields.iter().filter(|other| *other != kept) {
            alone.clear_field(other);
        }
        bytes.extend(alone.encode_to_vec());
    }
    Some(bench.message(
        "reversed",
        "a valid request with its fields in the reversed order",
        &bytes,
        Expect::Accepted,
    ))
}

fn wire_type(kind: &Kind) -> u64 {
    u64::from(kind.wire_type() as u8)
}

/// The payload of a number of a kind; none for what is no number.
fn scalar(kind: &Kind, value: &Value) -> Option<Vec<u8>> {
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
