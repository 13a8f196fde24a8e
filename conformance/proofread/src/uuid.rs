//! Identifiers that are not taken.

/// A UUID of version 4, RFC 9562, of these bits.
pub(crate) fn v4(bits: u128) -> String {
    let bits = bits & !(0xf000 << 64) & !(0xc000 << 48) | 0x4000 << 64 | 0x8000 << 48;
    let hex = format!("{bits:032x}");
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        for bits in [0, u128::MAX] {
            let uuid = v4(bits);
            assert_eq!((uuid.len(), uuid.as_bytes()[14]), (36, b'4'), "{uuid}");
            assert!(matches!(uuid.as_bytes()[19], b'8'..=b'b'), "{uuid}");
        }
    }
}
