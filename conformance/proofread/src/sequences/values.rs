//! Values that differ from others: texts that occur nowhere else, and other numbers.

use prost_reflect::{Kind, Value};

/// Texts that occur nowhere else, of several forms, because rules may allow only some.
fn texts(unique: u64) -> [String; 9] {
    let short = unique & 0xffff_ffff;
    let wide = u128::from(unique) << 64 | u128::from(unique.rotate_left(17));
    let uuid = uuid::Builder::from_random_bytes(wide.to_be_bytes()).into_uuid();
    let digits = format!("{short:08x}");
    let letters = digits.bytes().map(|digit| match digit {
        b'0'..=b'9' => char::from(b'g' + (digit - b'0')),
        letter => char::from(letter),
    });
    let letters: String = letters.collect();
    [
        format!("Proofread {short:08x}"),
        format!("proofread-{short:08x}"),
        uuid.to_string(),
        format!("proofread-{short:08x}@example.org"),
        format!("https://example.org/{short:08x}"),
        letters.clone(),
        letters.to_uppercase(),
        letters.chars().take(5).collect(),
        format!("{:09}", unique % 1_000_000_000),
    ]
}

/// Values of a type, in the order in which they are to be tried. `unique` makes texts and
/// bytes that occur nowhere else; of other types it chooses.
pub(super) fn candidates(kind: &Kind, unique: u64) -> Vec<Value> {
    let small: Vec<u32> = (0..12u64)
        .map(|step| u32::try_from((unique + step) % 9 + 1).unwrap_or(1))
        .chain([17, 250, 4_000, 60_000])
        .collect();
    let signed = small.iter().map(|number| number.cast_signed());
    match kind {
        Kind::String => texts(unique).into_iter().map(Value::String).collect(),
        Kind::Bytes => [8, 16, 4, 32]
            .map(|length| {
                let bytes = unique.to_be_bytes().into_iter().cycle();
                Value::Bytes(bytes.take(length).collect::<Vec<u8>>().into())
            })
            .into(),
        Kind::Bool => vec![Value::Bool(true), Value::Bool(false)],
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => signed.map(Value::I32).collect(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            signed.map(|it| Value::I64(it.into())).collect()
        }
        Kind::Uint32 | Kind::Fixed32 => small.into_iter().map(Value::U32).collect(),
        Kind::Uint64 | Kind::Fixed64 => small.into_iter().map(|it| Value::U64(it.into())).collect(),
        Kind::Double => small.into_iter().map(|it| Value::F64(it.into())).collect(),
        Kind::Float => small
            .into_iter()
            .filter_map(|it| u16::try_from(it).ok())
            .map(|it| Value::F32(it.into()))
            .collect(),
        Kind::Enum(enumeration) => {
            let numbers = enumeration.values().map(|value| value.number());
            let mut numbers: Vec<i32> = numbers.filter(|number| *number != 0).collect();
            if let Some(turn) = u64::try_from(numbers.len()).ok().filter(|it| *it > 0) {
                numbers.rotate_left(usize::try_from(unique % turn).unwrap_or_default());
            }
            numbers.into_iter().map(Value::EnumNumber).collect()
        }
        Kind::Message(_) => Vec::new(),
    }
}

/// Keys that a client chooses: like [`candidates`], but also numbers are used only once.
pub(super) fn unused_keys(kind: &Kind, unique: u64) -> Vec<Value> {
    let wide = i64::try_from(unique >> 2).unwrap_or(i64::MAX);
    let narrow = i32::try_from(unique % 1_000_000_000).unwrap_or(1);
    match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => vec![Value::I32(narrow)],
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            vec![Value::I64(wide), Value::I64(narrow.into())]
        }
        Kind::Uint32 | Kind::Fixed32 => vec![Value::U32(narrow.unsigned_abs())],
        Kind::Uint64 | Kind::Fixed64 => vec![
            Value::U64(wide.unsigned_abs()),
            Value::U64(narrow.unsigned_abs().into()),
        ],
        Kind::String | Kind::Bytes => candidates(kind, unique),
        _ => Vec::new(),
    }
}
