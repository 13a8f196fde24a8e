//! Formats prices for display.

use contract::bookstore::r#type::v1::Money;
use iso_currency::Currency;

/// The currencies that are shown with a sign. About twenty currencies use `$`: here it
/// means US dollars, and the others are shown with their code.
const SIGNS: [(&str, &str); 6] = [
    ("USD", "$"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("JPY", "¥"),
    ("INR", "₹"),
    ("KRW", "₩"),
];

/// Formats an amount with the decimals of its currency: `$1,234.50`, `¥1,200`,
/// `24.90 CHF`. `None` if the amount is unset.
pub(crate) fn price(money: &Money) -> Option<String> {
    let amount = money.amount_minor?;
    let digits = digits(&money.currency_code);
    let unit = 10_u64.pow(u32::try_from(digits).ok()?);
    let minus = if amount < 0 { "−" } else { "" };
    let major = with_thousands_separators(amount.unsigned_abs() / unit);
    let number = if digits == 0 {
        major
    } else {
        let minor = amount.unsigned_abs() % unit;
        format!("{major}.{minor:0digits$}")
    };
    let sign = SIGNS.iter().find(|(code, _)| *code == money.currency_code);
    Some(match sign {
        Some((_, sign)) => format!("{minus}{sign}{number}"),
        // A non-breaking space.
        None => format!("{minus}{number}\u{a0}{}", money.currency_code),
    })
}

/// An amount as a number for machines: `1234.50`. `None` if it is unset or negative.
pub(crate) fn decimal(money: &Money) -> Option<String> {
    let amount = u64::try_from(money.amount_minor?).ok()?;
    let digits = digits(&money.currency_code);
    let unit = 10_u64.pow(u32::try_from(digits).ok()?);
    if digits == 0 {
        return Some(amount.to_string());
    }
    Some(format!("{}.{:0digits$}", amount / unit, amount % unit))
}

/// Reads an amount such as `12.50` in minor units of a currency. `None` if it is no amount, has
/// more decimals than the currency, or is too large.
pub(crate) fn parse(text: &str, currency_code: &str) -> Option<i64> {
    let digits = digits(currency_code);
    let (major, minor) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if major.is_empty() || !is_number(major) || !is_number(minor) || minor.len() > digits {
        return None;
    }
    format!("{major}{minor:0<digits$}").parse().ok()
}

/// The number of decimals of a currency.
fn digits(currency_code: &str) -> usize {
    Currency::from_code(currency_code)
        .and_then(|currency| currency.exponent())
        .map_or(2, usize::from)
}

/// Formats a number with thousands separators: `1,234,567`.
pub(crate) fn with_thousands_separators(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(currency: &str, amount: i64) -> String {
        let money = Money {
            currency_code: currency.to_owned(),
            amount_minor: Some(amount),
        };
        price(&money).expect("the amount is set")
    }

    #[test]
    fn decimals_depend_on_the_currency() {
        assert_eq!(shown("USD", 1295), "$12.95");
        assert_eq!(shown("EUR", 5), "€0.05");
        assert_eq!(shown("JPY", 1200), "¥1,200");
        assert_eq!(shown("KWD", 12_345), "12.345\u{a0}KWD");
        assert_eq!(shown("CAD", 100_000_000), "1,000,000.00\u{a0}CAD");
    }

    #[test]
    fn machines_get_a_number_without_separators() {
        let number = |currency: &str, amount| {
            decimal(&Money {
                currency_code: currency.to_owned(),
                amount_minor: Some(amount),
            })
        };
        assert_eq!(number("USD", 123_405).as_deref(), Some("1234.05"));
        assert_eq!(number("JPY", 1200).as_deref(), Some("1200"));
        assert_eq!(number("USD", -1), None);
    }

    #[test]
    fn typed_amount_is_read_exactly_or_not_at_all() {
        let usd = |text| parse(text, "USD");
        assert_eq!(
            (usd("12"), usd("12.5"), usd("0.05")),
            (Some(1200), Some(1250), Some(5))
        );
        assert_eq!(
            (parse("12", "JPY"), parse("1.234", "KWD")),
            (Some(12), Some(1234))
        );
        for bad in [
            "",
            ".5",
            "-1",
            "1.234",
            "1,50",
            "1e3",
            "$5",
            "٣",
            "99999999999999999999",
        ] {
            assert_eq!(usd(bad), None, "{bad}");
        }
        assert_eq!(parse("1.5", "JPY"), None);
    }

    #[test]
    fn unknown_currency_has_two_decimals() {
        assert_eq!(shown("ZZZ", 1000), "10.00\u{a0}ZZZ");
    }

    #[test]
    fn unset_amount_has_no_price() {
        assert_eq!(price(&Money::default()), None);
    }
}
