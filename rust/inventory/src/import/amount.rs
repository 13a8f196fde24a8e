//! Prices and ratings as text, without floating-point rounding.

use contract::bookstore::r#type::v1::Money;
use iso_currency::Currency;

use super::convert::shorten;

/// Parses an amount such as `12.99`, or `12,99` as in many files of Europe, in a currency.
///
/// # Errors
/// A message for the user.
pub(super) fn parse_price(text: &str, currency: &str) -> Result<Money, String> {
    let digits = decimals(currency);
    let amount_minor = parse_decimal(text, digits).ok_or_else(|| {
        format!(
            "price is not an amount like {}: {:?}",
            format_decimal(1299, digits),
            shorten(text)
        )
    })?;
    Ok(Money {
        currency_code: currency.to_owned(),
        amount_minor: Some(amount_minor),
    })
}

/// The amount as [`parse_price`] reads it: `12.99`.
pub(crate) fn format_price(money: &Money) -> String {
    let digits = decimals(&money.currency_code);
    format_decimal(money.amount_minor.unwrap_or_default(), digits)
}

/// A rating such as `4.33` or `4.3267` in hundredths. A comma may separate the decimals.
pub(super) fn parse_hundredths(text: &str) -> Option<i32> {
    let (units, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let rounded = match fraction.as_bytes() {
        [_, _, third, ..] if third.is_ascii_digit() => i64::from(*third >= b'5'),
        _ => 0,
    };
    let is_number = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let kept = fraction.get(..2).unwrap_or(fraction);
    let hundredths = is_number.then(|| parse_decimal(&format!("{units}.{kept}0"), 3))??;
    i32::try_from(hundredths / 10 + rounded).ok()
}

/// Hundredths as [`parse_hundredths`] reads them: `4.33`.
pub(crate) fn format_hundredths(hundredths: i32) -> String {
    format_decimal(hundredths.into(), 2)
}

/// The number of decimals of a currency; 2 if it is not known.
fn decimals(currency: &str) -> usize {
    Currency::from_code(currency)
        .and_then(|currency| currency.exponent())
        .map_or(2, usize::from)
}

/// A number with at most this many decimals, as a whole number of its smallest unit.
fn parse_decimal(text: &str, digits: usize) -> Option<i64> {
    let (units, fraction) = match text.split_once(['.', ',']) {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    // Zeros after the decimals of the currency change nothing: a yen may be written as 1.0.
    let (fraction, rest) = fraction.split_at_checked(digits).unwrap_or((fraction, ""));
    let is_exact = rest.bytes().all(|byte| byte == b'0');
    if units.is_empty() || !is_number(units) || !is_number(fraction) || !is_exact {
        return None;
    }
    format!("{units}{fraction:0<digits$}").parse().ok()
}

fn format_decimal(amount: i64, digits: usize) -> String {
    if digits == 0 {
        return amount.to_string();
    }
    let text = format!("{amount:0>width$}", width = digits + 1);
    let (units, fraction) = text.split_at(text.len() - digits);
    format!("{units}.{fraction}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cents(text: &str) -> Option<i64> {
        parse_price(text, "USD")
            .ok()
            .and_then(|money| money.amount_minor)
    }

    #[test]
    fn prices_are_parsed_exactly() {
        for (text, expected) in [
            ("12.99", 1299),
            ("12.9", 1290),
            ("0", 0),
            ("12,5", 1250),
            ("7.000", 700),
        ] {
            assert_eq!(cents(text), Some(expected), "{text}");
        }
        for wrong in [
            "",
            "-1",
            "1.999",
            "1,234.50",
            "1.234,50",
            "$5",
            "1.",
            ".5",
            "1e3",
            "99999999999999999999",
        ] {
            assert_eq!(cents(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn decimals_depend_on_the_currency() {
        let minor = |text, currency| {
            let money = parse_price(text, currency).expect("it is an amount");
            money.amount_minor
        };
        assert_eq!(minor("1200", "JPY"), Some(1200));
        assert_eq!(minor("1.234", "KWD"), Some(1234));
        assert!(parse_price("1.5", "JPY").is_err());
    }

    #[test]
    fn ratings_are_rounded_to_hundredths() {
        for (text, expected) in [
            ("4.33", Some(433)),
            ("4.3", Some(430)),
            ("4", Some(400)),
            ("4.3267", Some(433)),
            ("4,5", Some(450)),
            ("good", None),
            ("", None),
            ("4.x", None),
        ] {
            assert_eq!(parse_hundredths(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn formatted_price_is_parsed_again(
            amount in 0..=1_000_000_000_000_i64,
            currency in proptest::sample::select(vec!["USD", "JPY", "KWD", "ZZZ"]),
        ) {
            let money = Money { currency_code: currency.to_owned(), amount_minor: Some(amount) };
            prop_assert_eq!(parse_price(&format_price(&money), currency), Ok(money));
        }

        #[test]
        fn any_text_is_a_rating_or_not(text in any::<String>()) {
            let _ = parse_hundredths(&text);
        }
    }
}
