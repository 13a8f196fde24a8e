//! Cases in which one value arrives in pieces: several members of a oneof, an entry of a
//! map twice, a nested message whose pieces overlap, and a list in packed and unpacked
//! pieces. Protobuf's encoding chapter defines the result: the last member and the last
//! entry of a key count, pieces of a message are merged, and pieces of a list are joined.
//!
//! The pieces are chosen such that a server that takes the wrong one answers differently:
//! alone, one of them keeps the rules and the other does not.

use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage, Value};

use super::{
    CaseBuilder,
    encoding::{delimited, message_field, name_of},
    equivalent_encodings::{scalar, scalar_field},
};
use crate::case::{Case, Expect};

/// The greatest number of items in a piece of a list.
const MAX_ITEMS: usize = 8;

pub(super) fn cases(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let descriptor = builder.baseline.descriptor();
    let mut cases = Vec::new();
    for oneof in descriptor.oneofs().filter(|it| !it.is_synthetic()) {
        let members: Vec<FieldDescriptor> = oneof.fields().collect();
        for first in &members {
            let others = members.iter().filter(|other| *other != first);
            let pairs = others.flat_map(|second| pairs(&pieces_of(first), &pieces_of(second)));
            let id = format!("pieces/oneof/{}", name_of(first));
            let intent = format!("{} and then another member of its oneof", name_of(first));
            cases.extend(in_both_orders(builder, pairs, &id, &intent));
        }
    }
    for field in descriptor.fields() {
        let name = name_of(&field);
        if field.is_map() {
            let keys = map_keys(&field).into_iter();
            let entries = keys.map(|key| entries_of(&field, &key));
            let pairs = entries.flat_map(|entries| pairs(&entries, &entries));
            let intent = format!("two entries of {name} with the same key");
            cases.extend(in_both_orders(
                builder,
                pairs,
                &format!("pieces/map/{name}"),
                &intent,
            ));
        } else if field.is_list() {
            cases.extend(list_in_pieces(builder, &field));
        } else if matches!(field.kind(), Kind::Message(_)) && builder.baseline.has_field(&field) {
            cases.extend(overlapping(builder, &field));
        }
    }
    cases
}

/// Two cases with the first pair of pieces of which exactly one keeps the rules alone.
fn in_both_orders(
    builder: &CaseBuilder<'_>,
    pairs: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
    id: &str,
    intent: &str,
) -> Vec<Case> {
    let keeps_rules = |piece: &[u8]| match builder.expectation(&builder.followed_by(piece)) {
        Some(Expect::Accepted) => Some(true),
        Some(Expect::Refused(_)) => Some(false),
        _ => None,
    };
    let mut telling = pairs.into_iter().filter(|(first, second)| {
        matches!(
            (keeps_rules(first), keeps_rules(second)),
            (Some(true), Some(false))
        )
    });
    let Some((valid, invalid)) = telling.next() else {
        return Vec::new();
    };
    let orders = [
        ("valid-last", [invalid.as_slice(), &valid].concat()),
        ("invalid-last", [valid.as_slice(), &invalid].concat()),
    ];
    let cases = orders.into_iter().filter_map(|(order, pieces)| {
        builder.judged(
            &format!("{id}/{order}"),
            intent,
            &builder.followed_by(&pieces),
        )
    });
    cases.collect()
}

/// A nested message of which a scalar arrives twice: alone in a piece of its own, and in
/// the piece with everything else.
fn overlapping(builder: &CaseBuilder<'_>, field: &FieldDescriptor) -> Vec<Case> {
    let Kind::Message(nested) = field.kind() else {
        return Vec::new();
    };
    let value = builder.baseline.get_field(field);
    let whole = value.as_message();
    let set = nested
        .fields()
        .filter(|it| whole.is_some_and(|whole| whole.has_field(it)));
    let scalars = set.filter(|it| !it.is_list() && !matches!(it.kind(), Kind::Message(_)));
    let mut cases = Vec::new();
    for scalar in scalars {
        let inner = encoded(&scalar, &zero_of(&scalar));
        let piece = message_field(field, &inner);
        let name = format!("{}.{}", name_of(field), name_of(&scalar));
        let orders = [
            ("zero-first", [piece.as_slice(), &builder.encoded].concat()),
            ("zero-last", builder.followed_by(&piece)),
        ];
        for (order, bytes) in orders {
            let intent = format!("{name} twice, in two pieces of {}", name_of(field));
            cases.extend(builder.judged(
                &format!("pieces/message/{name}/{order}"),
                &intent,
                &bytes,
            ));
        }
    }
    cases
}

/// A list of numbers in packed and unpacked pieces, and one that breaks a rule only when
/// its pieces are joined.
fn list_in_pieces(builder: &CaseBuilder<'_>, field: &FieldDescriptor) -> Vec<Case> {
    if !can_be_packed(&field.kind()) {
        return Vec::new();
    }
    let number = field.number();
    let unset = {
        let mut unset = builder.baseline.clone();
        unset.clear_field(field);
        unset.encode_to_vec()
    };
    let name = name_of(field);
    let fitting = other_values(&field.kind()).into_iter().find_map(|value| {
        let item = scalar(&field.kind(), &value)?;
        let counts = 1..=MAX_ITEMS;
        let keeps_rules = |count: usize| {
            let piece = delimited(number, &item.repeat(count));
            let expect = builder.expectation(&[unset.as_slice(), &piece].concat());
            matches!(expect, Some(Expect::Accepted))
        };
        let most = counts.rev().find(|count| keeps_rules(*count))?;
        Some((value, item, most))
    });
    let Some((value, item, most)) = fitting else {
        return Vec::new();
    };
    let mut pieces = unset.clone();
    for at in 0..most {
        // Every second item is packed.
        pieces.extend(if at % 2 == 0 {
            delimited(number, &item)
        } else {
            unpacked(field, &value)
        });
    }
    let mixed = format!("{name} item by item, packed and unpacked in turns");
    let mixed = builder.judged(&format!("pieces/list/{name}/mixed"), &mixed, &pieces);
    let piece = delimited(number, &item.repeat(most));
    let twice = [unset.as_slice(), &piece, &piece].concat();
    let intent = format!("{name} in two packed pieces, each of which keeps the rules");
    let twice = builder.judged(&format!("pieces/list/{name}/twice"), &intent, &twice);
    mixed.into_iter().chain(twice).collect()
}

/// Whether lists of this kind have a packed form, which parsers accept whether or not the
/// field uses it.
fn can_be_packed(kind: &Kind) -> bool {
    !matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_))
}

/// All pairs of pieces, in both directions.
fn pairs(first: &[Vec<u8>], second: &[Vec<u8>]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = first.iter().flat_map(|first| {
        let seconds = second.iter();
        seconds.flat_map(|second| {
            [
                (first.clone(), second.clone()),
                (second.clone(), first.clone()),
            ]
        })
    });
    pairs.collect()
}

/// A singular field with its zero value and with others.
fn pieces_of(field: &FieldDescriptor) -> Vec<Vec<u8>> {
    let values = std::iter::once(zero_of(field)).chain(other_values(&field.kind()));
    values.map(|value| encoded(field, &value)).collect()
}

fn zero_of(field: &FieldDescriptor) -> Value {
    match field.kind() {
        Kind::Message(message) => Value::Message(DynamicMessage::new(message)),
        kind => kind.default_value(),
    }
}

/// Values other than zero.
fn other_values(kind: &Kind) -> Vec<Value> {
    match kind {
        Kind::Bool => vec![Value::Bool(true)],
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => [1, -1, 7].map(Value::I32).to_vec(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => [1, -1, 7].map(Value::I64).to_vec(),
        Kind::Uint32 | Kind::Fixed32 => [1, 7].map(Value::U32).to_vec(),
        Kind::Uint64 | Kind::Fixed64 => [1, 7].map(Value::U64).to_vec(),
        Kind::Float => vec![Value::F32(1.0)],
        Kind::Double => vec![Value::F64(1.0)],
        Kind::String => ["aaa", "a", "aaaaaaaaaaaaa"]
            .map(|text| Value::String(text.to_owned()))
            .to_vec(),
        Kind::Bytes => vec![Value::Bytes(b"a".as_slice().into())],
        Kind::Enum(enumeration) => {
            let values = enumeration.values().filter(|value| value.number() != 0);
            values
                .take(1)
                .map(|it| Value::EnumNumber(it.number()))
                .collect()
        }
        Kind::Message(_) => Vec::new(),
    }
}

/// A field with a value, also if it is zero.
fn encoded(field: &FieldDescriptor, value: &Value) -> Vec<u8> {
    match (field.kind(), value) {
        (_, Value::Message(message)) => message_field(field, &message.encode_to_vec()),
        (_, Value::String(text)) => delimited(field.number(), text.as_bytes()),
        (_, Value::Bytes(bytes)) => delimited(field.number(), bytes),
        _ => unpacked(field, value),
    }
}

fn unpacked(field: &FieldDescriptor, value: &Value) -> Vec<u8> {
    let kind = field.kind();
    scalar_field(field.number(), &kind, value).unwrap_or_default()
}

fn map_keys(field: &FieldDescriptor) -> Vec<MapKey> {
    let Kind::Message(entry) = field.kind() else {
        return Vec::new();
    };
    let kind = entry.map_entry_key_field().kind();
    let zero = std::iter::once(kind.default_value());
    let keys = zero.chain(other_values(&kind));
    keys.filter_map(Value::into_map_key).collect()
}

/// The entries of a map with this key, one for each value.
fn entries_of(field: &FieldDescriptor, key: &MapKey) -> Vec<Vec<u8>> {
    let Kind::Message(entry) = field.kind() else {
        return Vec::new();
    };
    let (key_field, value_field) = (entry.map_entry_key_field(), entry.map_entry_value_field());
    let key = encoded(&key_field, &Value::from(key.clone()));
    let values = pieces_of(&value_field).into_iter();
    let entries = values.map(|value| delimited(field.number(), &[key.as_slice(), &value].concat()));
    entries.collect()
}
