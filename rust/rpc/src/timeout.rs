//! The header `grpc-timeout`: one to eight digits and a unit, as the gRPC
//! protocol over HTTP/2 defines it.

use std::time::Duration;

use http::HeaderName;

/// The name of the header.
pub(crate) static GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// A `grpc-timeout` that is not one to eight digits and a unit of `HMSmun`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("grpc-timeout is not one to eight digits and a unit of H, M, S, m, u, n")]
pub struct MalformedTimeout;

/// Reads the value of a `grpc-timeout` header.
///
/// The protocol leaves open what a server does with a malformed one. Ours refuses
/// the call with INVALID_ARGUMENT: to run it without a deadline would do the very
/// thing that the caller meant to prevent.
pub fn parse_timeout(value: &[u8]) -> Result<Duration, MalformedTimeout> {
    let (&unit, digits) = value.split_last().ok_or(MalformedTimeout)?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(MalformedTimeout);
    }
    let amount = digits
        .iter()
        .fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Ok(Duration::from_secs(amount * 3600)),
        b'M' => Ok(Duration::from_secs(amount * 60)),
        b'S' => Ok(Duration::from_secs(amount)),
        b'm' => Ok(Duration::from_millis(amount)),
        b'u' => Ok(Duration::from_micros(amount)),
        b'n' => Ok(Duration::from_nanos(amount)),
        _ => Err(MalformedTimeout),
    }
}

/// Writes a timeout in the finest unit that eight digits hold, rounded down: a
/// call made on behalf of another must not outlive it.
pub fn format_timeout(timeout: Duration) -> String {
    const LIMIT: u128 = 100_000_000;
    let units = [
        (timeout.as_nanos(), 'n'),
        (timeout.as_micros(), 'u'),
        (timeout.as_millis(), 'm'),
        (u128::from(timeout.as_secs()), 'S'),
        (u128::from(timeout.as_secs() / 60), 'M'),
        (u128::from(timeout.as_secs() / 3600), 'H'),
    ];
    match units.into_iter().find(|(amount, _)| *amount < LIMIT) {
        Some((amount, unit)) => format!("{amount}{unit}"),
        // Eleven thousand years.
        None => format!("{}H", LIMIT - 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_is_read() {
        let cases = [
            ("1H", Duration::from_secs(3600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("4m", Duration::from_millis(4)),
            ("5u", Duration::from_micros(5)),
            ("99999999n", Duration::from_nanos(99_999_999)),
            ("0m", Duration::ZERO),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_timeout(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn malformed_timeouts_are_refused() {
        for text in ["", "S", "1", "123456789S", "1s", "-1S", "1.5S", " 1S", "١S"] {
            assert_eq!(
                parse_timeout(text.as_bytes()),
                Err(MalformedTimeout),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(amount in 0_u64..100_000_000, unit in "[HMSmun]") {
            let timeout = parse_timeout(format!("{amount}{unit}").as_bytes()).expect("well formed");
            let again = parse_timeout(format_timeout(timeout).as_bytes()).expect("well formed");
            prop_assert_eq!(timeout, again);
        }

        #[test]
        fn rounding_never_lengthens(nanos in any::<u64>()) {
            let timeout = Duration::from_nanos(nanos);
            let again = parse_timeout(format_timeout(timeout).as_bytes()).expect("well formed");
            prop_assert!(again <= timeout);
            // Eight digits keep at least seven of them.
            prop_assert!(timeout - again <= timeout / 1_000_000);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            let _ = parse_timeout(&bytes);
        }
    }
}
