//! Amounts of money, and how one is made of a floating-point number.

use iso_currency::Currency;

use crate::Invalid;

/// The greatest amount in minor units, that of `bookstore.type.v1.Money`. Up to
/// there an `f64` still tells every minor unit from the next.
pub const MAX_MINOR: i64 = 1_000_000_000_000;

/// How much of a currency code that is none is repeated in the refusal.
const SHOWN_CHARACTERS: usize = 16;

/// An amount that can be charged: from 1 to [`MAX_MINOR`] minor units of a currency
/// in which people pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

impl Amount {
    /// Reads an amount in major units, as the second tutorial sends it: 99.99 and
    /// "USD" are 9999 cents. A fraction of a minor unit is rounded, half to even.
    ///
    /// # Errors
    /// [`Invalid::CurrencyUnknown`] for what ISO 4217 does not list as money: its
    /// codes are in capitals, and gold, funds and test codes are no money here.
    /// [`Invalid::AmountNotPositive`] and [`Invalid::AmountOutOfRange`] for an
    /// amount that nobody can pay.
    pub fn from_major(amount: f64, currency_code: &str) -> Result<Self, Invalid> {
        if !(amount.is_finite() && amount > 0.0) {
            return Err(Invalid::AmountNotPositive(amount));
        }
        let (currency, exponent) = currency(currency_code)?;
        let minor = (amount * 10_f64.powi(exponent)).round_ties_even();
        if !(1.0..=MAX_MINOR as f64).contains(&minor) {
            let currency = currency.code();
            return Err(Invalid::AmountOutOfRange { amount, currency });
        }
        Ok(Self {
            minor: minor as i64,
            currency,
        })
    }

    /// The amount, counted in the smallest unit of the currency.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency, as its three letters in ISO 4217.
    pub fn currency_code(self) -> &'static str {
        self.currency.code()
    }
}

/// A currency in which people pay, with its number of decimal places.
fn currency(code: &str) -> Result<(Currency, i32), Invalid> {
    Currency::from_code(code)
        .filter(|currency| !currency.is_fund() && !currency.is_special())
        .and_then(|currency| Some((currency, i32::from(currency.exponent()?))))
        .ok_or_else(|| Invalid::CurrencyUnknown(code.chars().take(SHOWN_CHARACTERS).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minor(amount: f64, currency_code: &str) -> Result<i64, Invalid> {
        Amount::from_major(amount, currency_code).map(Amount::minor)
    }

    #[test]
    fn the_exponent_is_that_of_the_currency() {
        assert_eq!(minor(99.99, "USD"), Ok(9999));
        assert_eq!(minor(1500.0, "JPY"), Ok(1500));
        assert_eq!(minor(1.234, "KWD"), Ok(1234));
    }

    #[test]
    fn halves_are_rounded_to_even() {
        // Halves that a binary fraction holds exactly.
        assert_eq!(minor(0.125, "USD"), Ok(12));
        assert_eq!(minor(0.375, "USD"), Ok(38));
        assert_eq!(minor(2.5, "JPY"), Ok(2));
        assert_eq!(minor(3.5, "JPY"), Ok(4));
    }

    #[test]
    fn sums_that_binary_fractions_miss_come_out_right() {
        assert_eq!(minor(0.1 + 0.2, "USD"), Ok(30));
        assert_eq!(minor(4.35, "USD"), Ok(435));
        assert_eq!(minor(1.15, "USD"), Ok(115));
    }

    #[test]
    fn an_amount_must_be_payable() {
        for amount in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -5.0, -0.0, 0.0] {
            let refused = minor(amount, "USD");
            assert!(
                matches!(refused, Err(Invalid::AmountNotPositive(_))),
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
            let out_of_range = Invalid::AmountOutOfRange { amount, currency };
            assert_eq!(minor(amount, currency), Err(out_of_range));
        }
        assert_eq!(minor(1e10, "USD"), Ok(MAX_MINOR));
        assert_eq!(minor(0.0051, "USD"), Ok(1));
    }

    #[test]
    fn a_currency_must_be_money() {
        for code in [
            "", "usd", "US", "USDX", "ZZZ", "XXX", "XTS", "XAU", "CLF", "€", " USD",
        ] {
            assert_eq!(
                minor(1.0, code),
                Err(Invalid::CurrencyUnknown(code.to_owned()))
            );
        }
    }

    #[test]
    fn a_long_currency_is_cut_in_the_refusal() {
        let shown = Invalid::CurrencyUnknown("€".repeat(SHOWN_CHARACTERS));
        assert_eq!(minor(1.0, &"€".repeat(100_000)), Err(shown));
    }

    proptest! {
        #[test]
        fn no_float_makes_an_amount_out_of_range(bits: u64, code in "[A-Z]{3}|USD|JPY|KWD|.*") {
            let amount = f64::from_bits(bits);
            if let Ok(made) = Amount::from_major(amount, &code) {
                prop_assert!(amount.is_finite() && amount > 0.0);
                prop_assert!((1..=MAX_MINOR).contains(&made.minor()));
                prop_assert_eq!(made.currency_code(), code);
            }
        }

        #[test]
        fn minor_units_survive_the_float(minor_units in 1..=MAX_MINOR) {
            prop_assert_eq!(minor(minor_units as f64 / 100.0, "EUR"), Ok(minor_units));
        }
    }
}
