//! Prices as a reader expects them.

use contract::bookstore::r#type::v1::Money;
use iso_currency::Currency;

/// The currencies whose sign means no other one. `$` is the sign of twenty; in an
/// English shop it stands for the United States' and the rest go by their code.
const SIGNS: [(&str, &str); 6] = [
    ("USD", "$"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("JPY", "¥"),
    ("INR", "₹"),
    ("KRW", "₩"),
];

/// `$1,234.50`, `¥1,200`, `24.90 CHF`: as many decimals as the currency has minor
/// digits. `None` for an amount that is absent.
pub(crate) fn price(money: &Money) -> Option<String> {
    let amount = money.amount_minor?;
    let digits = Currency::from_code(&money.currency_code)
        .and_then(|currency| currency.exponent())
        .map_or(2, u32::from);
    let unit = 10_u64.pow(digits);
    let minus = if amount < 0 { "−" } else { "" };
    let whole = grouped(amount.unsigned_abs() / unit);
    let number = if digits == 0 {
        whole
    } else {
        let rest = amount.unsigned_abs() % unit;
        format!("{whole}.{rest:0width$}", width = digits as usize)
    };
    let sign = SIGNS.iter().find(|(code, _)| *code == money.currency_code);
    Some(match sign {
        Some((_, sign)) => format!("{minus}{sign}{number}"),
        // A space that does not break.
        None => format!("{minus}{number}\u{a0}{}", money.currency_code),
    })
}

/// The digits in groups of three: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
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
    fn each_currency_has_its_own_decimals() {
        assert_eq!(shown("USD", 1295), "$12.95");
        assert_eq!(shown("EUR", 5), "€0.05");
        assert_eq!(shown("JPY", 1200), "¥1,200");
        assert_eq!(shown("KWD", 12_345), "12.345\u{a0}KWD");
        assert_eq!(shown("CAD", 100_000_000), "1,000,000.00\u{a0}CAD");
    }

    #[test]
    fn an_unknown_currency_is_shown_with_two_decimals() {
        assert_eq!(shown("ZZZ", 1000), "10.00\u{a0}ZZZ");
    }

    #[test]
    fn an_absent_amount_is_no_price() {
        assert_eq!(price(&Money::default()), None);
    }
}
