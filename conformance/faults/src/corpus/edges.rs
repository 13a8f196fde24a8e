//! Test requests with values at the edge of their type.

use bytes::Bytes;
use prost::{Message, encoding::encode_varint};
use prost_reflect::{Kind, ReflectMessage};

use super::valid;

/// Valid messages with one field again, with a value at the edge of its type.
pub fn edges(path: &str) -> Vec<Bytes> {
    let valid = valid(path);
    let encoded = valid.encode_to_vec();
    let descriptor = valid.descriptor();
    let fields = descriptor.fields().filter(|it| !it.is_list());
    let edges = fields.flat_map(|field| {
        let values = edge_values(&field.kind()).into_iter();
        values.map(move |(wire_type, value)| {
            let key = u64::from(field.number()) << 3 | wire_type;
            let mut bytes = Vec::new();
            encode_varint(key, &mut bytes);
            if wire_type == 2 {
                encode_varint(value.len() as u64, &mut bytes);
            }
            bytes.extend(value);
            bytes
        })
    });
    let edges = edges.collect::<Vec<_>>().into_iter();
    edges
        .map(|edge| Bytes::from([encoded.as_slice(), &edge].concat()))
        .collect()
}

/// Wire types and encoded values at the edge of a type.
fn edge_values(kind: &Kind) -> Vec<(u64, Vec<u8>)> {
    let varint = |number: i64| {
        let mut bytes = Vec::new();
        encode_varint(number.cast_unsigned(), &mut bytes);
        bytes
    };
    let time =
        |seconds: i64, nanos: i64| [vec![8], varint(seconds), vec![16], varint(nanos)].concat();
    match kind {
        Kind::String => {
            let texts = [
                "\0",
                "\u{feff}a",
                "e\u{301}",
                "\u{ffff}",
                "\u{1f4da}",
                "\u{202e}",
                "\u{fffd}",
            ];
            let ill_formed: [&[u8]; 4] = [
                &[0xc0, 0xaf],
                &[0xc0, 0x80],
                &[0xed, 0xa0, 0x80],
                &[b'a', 0xe2, 0x82],
            ];
            let texts = texts.iter().map(|text| text.as_bytes()).chain(ill_formed);
            texts.map(|text| (2, text.to_vec())).collect()
        }
        Kind::Double => [1 << 63, 1, 0x7ff8_0000_0000_0001_u64]
            .map(|bits| (1, bits.to_le_bytes().to_vec()))
            .to_vec(),
        Kind::Float => [1 << 31, 1, 0x7f80_0001_u32]
            .map(|bits| (5, bits.to_le_bytes().to_vec()))
            .to_vec(),
        Kind::Int32 | Kind::Enum(_) => [i32::MIN, i32::MAX]
            .map(|number| (0, varint(number.into())))
            .to_vec(),
        Kind::Int64 => vec![(0, varint(i64::MIN))],
        Kind::Message(message) if message.package_name() == "google.protobuf" => vec![
            (2, time(253_402_300_800, 0)),
            (2, time(1, 1_000_000_000)),
            (2, time(1, -1)),
        ],
        _ => Vec::new(),
    }
}
