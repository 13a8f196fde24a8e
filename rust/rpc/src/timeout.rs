//! Parses and formats the header `grpc-timeout`: one to eight digits and a unit, as the
//! specification "gRPC over HTTP2" defines it.

use std::time::Duration;

use http::HeaderName;

pub(crate) static GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// A `grpc-timeout` that is not one to eight digits and a unit of `HMSmun`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("grpc-timeout is not one to eight digits and a unit of H, M, S, m, u, n")]
pub struct MalformedTimeout;

/// Parses the value of a `grpc-timeout` header, such as `100m` for 100 milliseconds.
///
/// The specification does not say what a server does with a malformed value. Ours
/// refuses the call with INVALID_ARGUMENT: without a deadline it could run for longer
/// than the client wants.
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

/// Formats a timeout in the smallest unit for which eight digits are enough. It rounds
/// down, because a nested call must not last longer than the call that makes it.
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
        // About 11,000 years, the longest timeout that the header can express.
        None => format!("{}H", LIMIT - 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_is_parsed() {
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
        fn formatted_timeout_parses_to_the_same_value(amount in 0_u64..100_000_000, unit in "[HMSmun]") {
            let timeout = parse_timeout(format!("{amount}{unit}").as_bytes()).expect("well formed");
            let parsed = parse_timeout(format_timeout(timeout).as_bytes()).expect("well formed");
            prop_assert_eq!(timeout, parsed);
        }

        #[test]
        fn formatted_timeout_is_never_longer(nanos in any::<u64>()) {
            let timeout = Duration::from_nanos(nanos);
            let parsed = parse_timeout(format_timeout(timeout).as_bytes()).expect("well formed");
            prop_assert!(parsed <= timeout);
            // At least seven significant digits remain.
            prop_assert!(timeout - parsed <= timeout / 1_000_000);
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in any::<Vec<u8>>()) {
            let _ = parse_timeout(&bytes);
        }
    }
}
