//! Amounts of money, and their conversion from floating-point numbers.

use iso_currency::Currency;
use service::Money;

use crate::InvalidPayment;

/// The largest amount in minor units.
pub const MAX_MINOR: i64 = Money::MAX_AMOUNT_MINOR;

/// How many characters of an unknown currency code the error message shows.
const SHOWN_CHARACTERS: usize = 16;

/// An amount that can be charged: from 1 to [`MAX_MINOR`] minor units of a currency in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

impl Amount {
    /// Converts an amount in major units, as the second tutorial sends it: 99.99 "USD" is
    /// 9999 cents. Fractions of a minor unit are rounded half to even.
    ///
    /// # Errors
    /// - [`InvalidPayment::CurrencyUnknown`] if the code is not an ISO 4217 code in capitals,
    ///   or if it stands for gold, a fund or a test currency.
    /// - [`InvalidPayment::AmountNotPositive`] if the amount is zero, negative or not finite.
    /// - [`InvalidPayment::AmountOutOfRange`] if it is not from 1 to [`MAX_MINOR`] minor
    ///   units.
    pub fn from_major(amount: f64, currency_code: &str) -> Result<Self, InvalidPayment> {
        if !(amount.is_finite() && amount > 0.0) {
            return Err(InvalidPayment::AmountNotPositive(amount));
        }
        let (currency, exponent) = currency(currency_code)?;
        let minor = (amount * 10_f64.powi(exponent)).round_ties_even();
        if !(1.0..=MAX_MINOR as f64).contains(&minor) {
            let currency = currency.code();
            return Err(InvalidPayment::AmountOutOfRange { amount, currency });
        }
        Ok(Self {
            minor: minor as i64,
            currency,
        })
    }

    /// The amount in minor units of the currency, for example in cents.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency code of ISO 4217, for example `USD`.
    pub fn currency_code(self) -> &'static str {
        self.currency.code()
    }
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self {
            currency_code: amount.currency_code().to_owned(),
            amount_minor: amount.minor(),
        }
    }
}

/// Whether the text is the code of a currency that can be used for payments, in capitals.
pub(crate) fn is_payment_currency(code: &str) -> bool {
    currency(code).is_ok()
}

/// An amount as people write it, for example `49.52 USD`.
pub(crate) fn for_people(money: &Money) -> String {
    let (minor, code) = (money.amount_minor, &money.currency_code);
    let exponent = Currency::from_code(code).and_then(|currency| currency.exponent());
    match exponent.map_or(0, u32::from) {
        0 => format!("{minor} {code}"),
        exponent => {
            let unit = 10_i64.pow(exponent);
            let (major, minor) = (minor / unit, minor % unit);
            format!("{major}.{minor:0width$} {code}", width = exponent as usize)
        }
    }
}

/// A currency in use, with its number of decimal places.
fn currency(code: &str) -> Result<(Currency, i32), InvalidPayment> {
    Currency::from_code(code)
        .filter(|currency| !currency.is_fund() && !currency.is_special())
        .and_then(|currency| Some((currency, i32::from(currency.exponent()?))))
        .ok_or_else(|| {
            InvalidPayment::CurrencyUnknown(code.chars().take(SHOWN_CHARACTERS).collect())
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minor(amount: f64, currency_code: &str) -> Result<i64, InvalidPayment> {
        Amount::from_major(amount, currency_code).map(Amount::minor)
    }

    #[test]
    fn exponent_depends_on_the_currency() {
        assert_eq!(minor(99.99, "USD"), Ok(9999));
        assert_eq!(minor(1500.0, "JPY"), Ok(1500));
        assert_eq!(minor(1.234, "KWD"), Ok(1234));
    }

    #[test]
    fn amount_has_the_decimal_places_of_its_currency() {
        for (amount_minor, currency_code, text) in [
            (4_952, "USD", "49.52 USD"),
            (5, "USD", "0.05 USD"),
            (1_500, "JPY", "1500 JPY"),
            (1_234, "KWD", "1.234 KWD"),
        ] {
            let currency_code = currency_code.to_owned();
            let money = Money {
                currency_code,
                amount_minor,
            };
            assert_eq!(for_people(&money), text);
        }
    }

    #[test]
    fn half_is_rounded_to_even() {
        // Halves that a binary fraction represents exactly.
        assert_eq!(minor(0.125, "USD"), Ok(12));
        assert_eq!(minor(0.375, "USD"), Ok(38));
        assert_eq!(minor(2.5, "JPY"), Ok(2));
        assert_eq!(minor(3.5, "JPY"), Ok(4));
    }

    #[test]
    fn inexact_binary_fraction_is_rounded_to_the_intended_amount() {
        assert_eq!(minor(0.1 + 0.2, "USD"), Ok(30));
        assert_eq!(minor(4.35, "USD"), Ok(435));
        assert_eq!(minor(1.15, "USD"), Ok(115));
    }

    #[test]
    fn amount_outside_the_range_is_refused() {
        for amount in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -5.0, -0.0, 0.0] {
            let refused = minor(amount, "USD");
            assert!(
                matches!(refused, Err(InvalidPayment::AmountNotPositive(_))),
                "{refused:?}"
            );
        }
        for (amount, currency) in [
            (0.005, "USD"),
            (0.5, "JPY"),
            (1e10 + 0.01, "USD"),
            (1e12 + 1.0, "JPY"),
            (f64::MAX, "USD"),
            (f64::MIN_POSITIVE, "USD"),
        ] {
            let out_of_range = InvalidPayment::AmountOutOfRange { amount, currency };
            assert_eq!(minor(amount, currency), Err(out_of_range));
        }
        assert_eq!(minor(1e10, "USD"), Ok(MAX_MINOR));
        assert_eq!(minor(0.0051, "USD"), Ok(1));
    }

    #[test]
    fn code_that_is_not_money_is_refused() {
        for code in [
            "", "usd", "US", "USDX", "ZZZ", "XXX", "XTS", "XAU", "CLF", "€", " USD",
        ] {
            assert_eq!(
                minor(1.0, code),
                Err(InvalidPayment::CurrencyUnknown(code.to_owned()))
            );
        }
    }

    #[test]
    fn long_currency_code_is_truncated_in_the_error() {
        let shown = InvalidPayment::CurrencyUnknown("€".repeat(SHOWN_CHARACTERS));
        assert_eq!(minor(1.0, &"€".repeat(100_000)), Err(shown));
    }

    proptest! {
        #[test]
        fn any_float_gives_an_amount_in_range_or_an_error(bits: u64, code in "[A-Z]{3}|USD|JPY|KWD|.*") {
            let amount = f64::from_bits(bits);
            if let Ok(converted) = Amount::from_major(amount, &code) {
                prop_assert!(amount.is_finite() && amount > 0.0);
                prop_assert!((1..=MAX_MINOR).contains(&converted.minor()));
                prop_assert_eq!(converted.currency_code(), code);
            }
        }

        #[test]
        fn minor_units_are_preserved_through_a_float(minor_units in 1..=MAX_MINOR) {
            prop_assert_eq!(minor(minor_units as f64 / 100.0, "EUR"), Ok(minor_units));
        }
    }
}
