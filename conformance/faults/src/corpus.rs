//! Test requests that are independent of proofread's case generation: valid requests for
//! each method (`corpus.json`), and variants of them with one changed value.

use std::{collections::BTreeMap, sync::LazyLock};

use bytes::Bytes;
use prost::Message;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

use crate::{
    image,
    wire_fields::{self, WireField},
};

mod edges;

pub use edges::edges;

static VALID: LazyLock<BTreeMap<String, Vec<serde_json::Value>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("corpus.json")).expect("it is JSON"));

/// The paths of all methods that the servers implement.
pub fn methods() -> impl Iterator<Item = &'static str> {
    VALID.keys().map(String::as_str)
}

/// A valid request of the method.
pub fn valid(path: &str) -> DynamicMessage {
    all_valid(path).swap_remove(0)
}

/// All valid requests of the method; several if it has a oneof, one for each member.
fn all_valid(path: &str) -> Vec<DynamicMessage> {
    let method = image::method(path).expect("the method exists");
    let read = |json| {
        let message = DynamicMessage::deserialize(method.input(), json);
        message.unwrap_or_else(|cause| panic!("{path}: {cause}"))
    };
    VALID.get(path).into_iter().flatten().map(read).collect()
}

/// The empty request, the valid requests, and their variants with one changed value.
pub fn requests(path: &str) -> Vec<DynamicMessage> {
    let valid = all_valid(path);
    let mut all = vec![DynamicMessage::new(valid[0].descriptor())];
    for valid in valid {
        all.extend(variants(&valid, 3));
        all.push(valid);
    }
    all
}

/// Malformed messages, and valid messages with an unusual encoding.
pub fn raw(path: &str) -> Vec<Bytes> {
    let valid = valid(path);
    let valid_descriptor = valid.descriptor();
    let valid = Bytes::from(valid.encode_to_vec());
    let with = |more: &[u8]| Bytes::from([&valid[..], more].concat());
    let mut all = vec![
        with(&[0xf8, 0x7f, 0x01]),
        with(&[0x08]),
        with(&[0x0a, 0x01, 0xff]),
        with(&[0x0d, 1, 2, 3, 4]),
        // Repeats low field numbers: as another number, as an empty message, and as
        // unpacked list items.
        with(&[0x08, 0x63]),
        with(&[0x0a, 0x00]),
        with(&[0x10, 0x63]),
        with(&[0x08, 0x64, 0x08, 0x65]),
        with(&[0x0a, 0x02, 0x66, 0x67]),
    ];
    let records = wire_fields::read(&valid).unwrap_or_default();
    all.push(wire_fields::write(
        &records.iter().rev().cloned().collect::<Vec<_>>(),
    ));
    // Every field twice: an invalid value before the valid one, and the reverse.
    for record in &records {
        for value in [&[0x63][..], &[0x01, 0xff], &[0x00]] {
            let invalid = WireField {
                value: Bytes::copy_from_slice(value),
                ..record.clone()
            };
            let mut before = records.clone();
            before.insert(0, invalid.clone());
            all.push(wire_fields::write(&before));
            let mut after = records.clone();
            after.push(invalid);
            all.push(wire_fields::write(&after));
        }
    }
    all.extend(in_pieces(&records, &valid_descriptor));
    let nested = (0..100).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut outer = vec![0x12];
        prost::encoding::encode_varint(inner.len() as u64, &mut outer);
        outer.extend(inner);
        outer
    });
    all.push(with(
        &[&[0x0a][..], &varint(nested.len()), &nested].concat(),
    ));
    let long = vec![b'x'; 2 << 20];
    all.push(with(&[&[0x0a][..], &varint(long.len()), &long].concat()));
    all
}

/// Valid messages followed or preceded by a piece of one of their values: each field again,
/// a field of a nested message with zero, other members of a oneof, the key of a map entry
/// without a value, and list items; and lists that are partly packed.
fn in_pieces(records: &[WireField], descriptor: &MessageDescriptor) -> Vec<Bytes> {
    let mut pieces: Vec<WireField> = records.to_vec();
    for record in records {
        let Some(field) = descriptor.get_field(record.number) else {
            continue;
        };
        if field.is_map() {
            let mut entry = record.value.clone();
            let key = prost::encoding::decode_varint(&mut entry).ok();
            let key = key
                .and_then(|_| wire_fields::read(&entry))
                .unwrap_or_default();
            let key: Vec<WireField> = key.into_iter().filter(|it| it.number == 1).collect();
            let key = wire_fields::write(&key);
            let value = [varint(key.len()).as_slice(), &key].concat().into();
            pieces.push(WireField {
                value,
                ..record.clone()
            });
        }
        if !field.is_list()
            && let Kind::Message(nested) = field.kind()
        {
            pieces.extend(nested.fields().map(|inner| {
                WireField {
                    value: vec![
                        2,
                        (inner.number() << 3) as u8 | inner.kind().wire_type() as u8,
                        0,
                    ]
                    .into(),
                    ..record.clone()
                }
            }));
        }
        if let Some(oneof) = field.containing_oneof() {
            pieces.extend(oneof.fields().map(|member| WireField {
                number: member.number(),
                wire_type: member.kind().wire_type() as u8,
                value: Bytes::from_static(&[0]),
            }));
        }
    }
    let packed = descriptor
        .fields()
        .filter(|it| it.is_list() && it.is_packed());
    pieces.extend(packed.map(|list| WireField {
        number: list.number(),
        wire_type: list.kind().wire_type() as u8,
        value: Bytes::from_static(&[2]),
    }));
    // The first packed number, and the others one by one, if each has one byte.
    let packed = records.iter().enumerate().filter(|(_, record)| {
        let field = descriptor.get_field(record.number);
        let number = |it: &FieldDescriptor| it.is_packed() && it.kind().wire_type() as u8 == 0;
        record.wire_type == 2 && record.value.len() > 2 && field.is_some_and(|it| number(&it))
    });
    let partly_packed = packed.map(|(at, record)| {
        let mut records = records.to_vec();
        records[at].value = Bytes::copy_from_slice(&[1, record.value[1]]);
        records.extend(record.value[2..].iter().map(|item| WireField {
            number: record.number,
            wire_type: 0,
            value: Bytes::copy_from_slice(&[*item]),
        }));
        wire_fields::write(&records)
    });
    let partly_packed: Vec<Bytes> = partly_packed.collect();
    let joined = pieces.into_iter().flat_map(|piece| {
        let after: Vec<WireField> = records.iter().cloned().chain([piece.clone()]).collect();
        let before: Vec<WireField> = [piece].into_iter().chain(records.iter().cloned()).collect();
        [wire_fields::write(&after), wire_fields::write(&before)]
    });
    joined.chain(partly_packed).collect()
}

fn varint(number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(number as u64, &mut bytes);
    bytes
}

fn variants(message: &DynamicMessage, depth: usize) -> Vec<DynamicMessage> {
    let mut all = Vec::new();
    for field in message.descriptor().fields() {
        let mut cleared = message.clone();
        cleared.clear_field(&field);
        all.push(cleared);
        let now = message.get_field(&field).into_owned();
        for value in other_values(&field, &now, depth) {
            let mut other = message.clone();
            other.set_field(&field, value);
            all.push(other);
        }
    }
    all
}

fn other_values(field: &FieldDescriptor, now: &Value, depth: usize) -> Vec<Value> {
    if let (Value::Map(now), Kind::Message(entry)) = (now, field.kind()) {
        return other_maps(now, &entry, depth);
    }
    if let Value::List(now) = now {
        return other_lists(now, &field.kind(), depth);
    }
    other_singular_values(&field.kind(), now, depth)
}

fn other_lists(now: &[Value], kind: &Kind, depth: usize) -> Vec<Value> {
    let default = Value::default_value(kind);
    let model = now.last().unwrap_or(&default);
    let mut all = vec![
        Vec::new(),
        [now, now].concat(),
        vec![model.clone()],
        vec![model.clone(); 5],
        long(model),
    ];
    if now.is_empty() {
        all.push(vec![default.clone()]);
    }
    for item in other_singular_values(kind, model, depth) {
        all.push([now, std::slice::from_ref(&item)].concat());
        all.push(vec![item]);
    }
    all.into_iter().map(Value::List).collect()
}

/// More items than any list may have. Numbers are distinct, for `unique` rules.
fn long(model: &Value) -> Vec<Value> {
    let items = (1..=1001).map(|number| match model {
        Value::I32(_) => Value::I32(number),
        other => other.clone(),
    });
    items.collect()
}

fn other_maps(
    now: &std::collections::HashMap<MapKey, Value>,
    entry: &MessageDescriptor,
    depth: usize,
) -> Vec<Value> {
    let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
    let model = now.iter().next();
    let default = Value::default_value(&value.kind());
    let model_value = model.map_or(&default, |(_, value)| value);
    let keys = other_singular_values(&key.kind(), &Value::default_value(&key.kind()), 0);
    let keys: Vec<MapKey> = keys.into_iter().filter_map(Value::into_map_key).collect();
    let mut all = vec![now.clone(), Default::default()];
    for count in 1..=4 {
        all.push(
            keys.iter()
                .take(count)
                .map(|it| (it.clone(), model_value.clone()))
                .collect(),
        );
    }
    for key in &keys {
        let mut more = now.clone();
        more.insert(key.clone(), model_value.clone());
        all.push(more);
    }
    if let Some((key, now_value)) = model {
        for other in other_singular_values(&value.kind(), now_value, depth) {
            all.push([(key.clone(), other)].into_iter().collect());
        }
    }
    all.into_iter().map(Value::Map).collect()
}

fn other_singular_values(kind: &Kind, now: &Value, depth: usize) -> Vec<Value> {
    match now {
        Value::Bool(_) => vec![Value::Bool(false), Value::Bool(true)],
        Value::I32(it) => other_integers(i128::from(*it))
            .filter_map(|it| it.try_into().ok())
            .map(Value::I32)
            .collect(),
        Value::I64(it) => other_integers(i128::from(*it))
            .filter_map(|it| it.try_into().ok())
            .map(Value::I64)
            .collect(),
        Value::U32(it) => other_integers(i128::from(*it))
            .filter_map(|it| it.try_into().ok())
            .map(Value::U32)
            .collect(),
        Value::U64(it) => other_integers(i128::from(*it))
            .filter_map(|it| it.try_into().ok())
            .map(Value::U64)
            .collect(),
        Value::EnumNumber(it) => other_integers(i128::from(*it))
            .filter_map(|it| it.try_into().ok())
            .map(Value::EnumNumber)
            .collect(),
        #[expect(clippy::cast_possible_truncation, reason = "any other number will do")]
        Value::F32(it) => other_floats(f64::from(*it))
            .map(|it| Value::F32(it as f32))
            .collect(),
        Value::F64(it) => other_floats(*it).map(Value::F64).collect(),
        Value::String(it) => other_strings(it).into_iter().map(Value::String).collect(),
        Value::Bytes(it) => {
            let some: [&[u8]; 9] = [
                b"",
                b"a",
                &[1, 2, 3],
                &[255],
                b"bad",
                b"ABC1",
                &[9; 4],
                &[9; 16],
                b"too long for it",
            ];
            let mut all: Vec<Bytes> = some.iter().map(|it| Bytes::copy_from_slice(it)).collect();
            all.push([&it[..], &[7]].concat().into());
            all.into_iter().map(Value::Bytes).collect()
        }
        Value::Message(message) => {
            let Kind::Message(descriptor) = kind else {
                return Vec::new();
            };
            let empty = DynamicMessage::new(descriptor.clone());
            let mut all = vec![empty.clone()];
            if depth > 0 {
                all.extend(variants(message, depth - 1));
                if descriptor.full_name().starts_with("google.protobuf.") {
                    all.extend(variants(&empty, depth - 1));
                }
            }
            all.into_iter().map(Value::Message).collect()
        }
        Value::List(_) | Value::Map(_) => Vec::new(),
    }
}

fn other_integers(now: i128) -> impl Iterator<Item = i128> {
    const DOUBLE: i128 = 1 << 53;
    const BOUNDS: [i128; 12] = [
        4,
        0,
        1,
        5,
        8,
        10,
        32,
        54,
        100,
        101,
        946_684_800,
        1_000_000_001,
    ];
    let ends = [
        i32::MIN.into(),
        i32::MAX.into(),
        u32::MAX.into(),
        i64::MIN.into(),
        i64::MAX.into(),
        u64::MAX.into(),
        DOUBLE,
        DOUBLE + 7,
        1 << 62,
        (1 << 63) + 1,
        (1 << 63) + 2,
    ];
    let near = (-2..=2).map(move |step| now + step);
    BOUNDS.into_iter().chain([-1, -20]).chain(ends).chain(near)
}

fn other_floats(now: f64) -> impl Iterator<Item = f64> {
    let near = [-4.0, -1.0, -0.5, -0.1, 0.1, 0.5, 1.0, 4.0].map(|step| now + step);
    [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        0.0,
        0.1,
        0.25,
        0.75,
        1.5,
        2.5,
        -1.5,
        1e300,
        -1e300,
    ]
    .into_iter()
    .chain(near)
}

fn other_strings(now: &str) -> Vec<String> {
    let some = [
        "",
        "a",
        "ab",
        "abc",
        "abcdef",
        "ABC DEF",
        "é",
        "ééééé",
        "a/b",
        "root",
        "::1",
        "AB-123",
        "with space",
        "x\ny",
        "x\u{7}y",
        "1-2",
        ".a",
        "a@b",
        "fe80::1%eth0",
        "10.0.0.1/33",
        "+49",
        "word-word_word",
        " ",
        "book_id",
        "type.googleapis.com/google.protobuf.Empty",
    ];
    let mut all: Vec<String> = some.iter().map(|&it| it.to_owned()).collect();
    all.push(format!("{now}x"));
    all.push(format!("{now} "));
    all.push(format!("x{now}"));
    all.push(now.to_uppercase());
    all.push(now.chars().skip(1).collect());
    all.push("x".repeat(4_001));
    if let Some(last) = now.chars().last() {
        all.push(format!("{now}{}", last.to_string().repeat(700)));
    }
    let mut shorter = now.to_owned();
    shorter.pop();
    all.push(shorter);
    all
}
