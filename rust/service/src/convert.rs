//! Conversions between contract messages and domain types.
//!
//! The codec has validated every request before it arrives at a service. So a conversion
//! fails only if a rule of the contract is missing or this crate has a defect: the caller
//! gets INTERNAL, and the log has the field and the value.

use std::{fmt, time::Duration};

use contract::bookstore::{accounts::v1 as contract_accounts, r#type::v1 as contract_type};
use jiff::Timestamp;
use tonic::Status;
use uuid::Uuid;

use crate::{AccountId, Address, BookCategory, Money};

/// A validated message has a value that cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the contract allows a value of {field} that cannot be converted: {value}")]
pub struct ConversionError {
    field: &'static str,
    value: String,
}

impl ConversionError {
    /// An error about a field. `value` is the value or the reason, for the log.
    pub fn new(field: &'static str, value: impl fmt::Display) -> Self {
        Self {
            field,
            value: value.to_string(),
        }
    }
}

impl From<ConversionError> for Status {
    fn from(error: ConversionError) -> Status {
        rpc::internal(&error)
    }
}

/// The value of a field that the contract requires.
///
/// # Errors
/// [`ConversionError`] if it is unset.
pub fn required<T>(field: &'static str, value: Option<T>) -> Result<T, ConversionError> {
    value.ok_or_else(|| ConversionError::new(field, "unset"))
}

/// A UUID, in upper or lower case.
///
/// # Errors
/// [`ConversionError`] if the text is not a UUID.
pub fn uuid(field: &'static str, text: &str) -> Result<Uuid, ConversionError> {
    Uuid::parse_str(text).map_err(|_| ConversionError::new(field, format_args!("{text:?}")))
}

/// A UUID that may be unset, which is the empty text.
///
/// # Errors
/// [`ConversionError`] if the text is neither empty nor a UUID.
pub fn optional_uuid(field: &'static str, text: &str) -> Result<Option<Uuid>, ConversionError> {
    if text.is_empty() {
        return Ok(None);
    }
    uuid(field, text).map(Some)
}

/// The id of an account; the empty text is an anonymous caller.
///
/// # Errors
/// As [`optional_uuid`].
pub fn optional_account_id(
    field: &'static str,
    text: &str,
) -> Result<Option<AccountId>, ConversionError> {
    Ok(optional_uuid(field, text)?.map(AccountId))
}

/// A duration.
///
/// # Errors
/// [`ConversionError`] if it is negative.
pub fn duration(
    field: &'static str,
    duration: prost_types::Duration,
) -> Result<Duration, ConversionError> {
    Duration::try_from(duration)
        .map_err(|_| ConversionError::new(field, format_args!("{duration:?}")))
}

/// A point in time.
///
/// # Errors
/// [`ConversionError`] if it is not between the years -9999 and 9999, or if `nanos` is not
/// between 0 and 999,999,999.
pub fn timestamp(
    field: &'static str,
    time: prost_types::Timestamp,
) -> Result<Timestamp, ConversionError> {
    let invalid = || ConversionError::new(field, format_args!("{time:?}"));
    if !(0..1_000_000_000).contains(&time.nanos) {
        return Err(invalid());
    }
    Timestamp::new(time.seconds, time.nanos).map_err(|_| invalid())
}

/// The protobuf form of a point in time. Its `nanos` count forward even before 1970, so
/// the seconds are rounded down.
pub fn timestamp_to_proto(time: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = (time.as_second(), time.subsec_nanosecond());
    if nanos < 0 {
        return prost_types::Timestamp {
            seconds: seconds - 1,
            nanos: nanos + 1_000_000_000,
        };
    }
    prost_types::Timestamp { seconds, nanos }
}

/// The category of a book.
///
/// # Errors
/// [`ConversionError`] if it is unspecified, or not one of this version.
pub fn book_category(field: &'static str, number: i32) -> Result<BookCategory, ConversionError> {
    BookCategory::from_number(number).ok_or_else(|| ConversionError::new(field, number))
}

/// A filter by category; `None` if it is unspecified, which means all categories.
///
/// # Errors
/// [`ConversionError`] if it is not one of this version.
pub fn optional_book_category(
    field: &'static str,
    number: i32,
) -> Result<Option<BookCategory>, ConversionError> {
    if number == 0 {
        return Ok(None);
    }
    book_category(field, number).map(Some)
}

/// An amount of money.
///
/// # Errors
/// [`ConversionError`] if the message or its amount is unset.
pub fn money(
    field: &'static str,
    money: Option<contract_type::Money>,
) -> Result<Money, ConversionError> {
    let money = required(field, money)?;
    Ok(Money {
        currency_code: money.currency_code,
        amount_minor: required(field, money.amount_minor)?,
    })
}

impl From<Money> for contract_type::Money {
    fn from(money: Money) -> Self {
        Self {
            currency_code: money.currency_code,
            amount_minor: Some(money.amount_minor),
        }
    }
}

impl From<contract_accounts::Address> for Address {
    fn from(address: contract_accounts::Address) -> Self {
        Self {
            recipient: address.recipient,
            street_lines: address.street_lines,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            country_code: address.country_code,
        }
    }
}

impl From<Address> for contract_accounts::Address {
    fn from(address: Address) -> Self {
        Self {
            recipient: address.recipient,
            street_lines: address.street_lines,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            country_code: address.country_code,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn impossible_values_are_errors_and_not_defaults() {
        assert!(uuid("id", "").is_err());
        assert!(uuid("id", "7").is_err());
        assert_eq!(optional_uuid("id", ""), Ok(None));
        assert!(optional_account_id("id", "7").is_err());
        assert!(required::<i32>("field", None).is_err());
        let negative = prost_types::Duration {
            seconds: -1,
            nanos: 0,
        };
        assert!(duration("hold", negative).is_err());
        let without_amount = contract_type::Money {
            currency_code: "USD".to_owned(),
            amount_minor: None,
        };
        assert!(money("price", Some(without_amount)).is_err());
        assert!(money("price", None).is_err());
        for number in [-1, 0, 18] {
            assert!(book_category("category", number).is_err());
        }
        assert_eq!(optional_book_category("category", 0), Ok(None));
        assert!(optional_book_category("category", 18).is_err());
        for (seconds, nanos) in [(i64::MAX, 0), (0, -1), (0, 1_000_000_000)] {
            assert!(timestamp("time", prost_types::Timestamp { seconds, nanos }).is_err());
        }
    }

    #[test]
    fn error_names_the_field_and_the_value() {
        assert_eq!(
            uuid("request_id", "x")
                .expect_err("it is no UUID")
                .to_string(),
            "the contract allows a value of request_id that cannot be converted: \"x\""
        );
    }

    #[test]
    fn categories_are_those_of_the_contract() {
        use contract::bookstore::inventory::v1::BookCategory as ContractCategory;
        let of_the_contract = (1..).map_while(|number| ContractCategory::try_from(number).ok());
        let names: Vec<_> = of_the_contract
            .map(|category| (category as i32, format!("{category:?}")))
            .collect();
        let ours = BookCategory::ALL.map(|category| (category.number(), format!("{category:?}")));
        assert_eq!(names, ours);
    }

    #[test]
    fn nanos_count_forward_before_1970() {
        let time = Timestamp::from_nanosecond(-1).expect("it is in range");
        let converted = timestamp_to_proto(time);
        assert_eq!((converted.seconds, converted.nanos), (-1, 999_999_999));
    }

    proptest! {
        #[test]
        fn timestamp_is_converted_back(micros in -377_705_116_800_000_000_i64..=253_402_207_200_000_000) {
            let time = Timestamp::from_microsecond(micros).expect("it is in range");
            let converted = timestamp_to_proto(time);
            prop_assert!((0..1_000_000_000).contains(&converted.nanos));
            prop_assert_eq!(timestamp("time", converted), Ok(time));
        }
    }
}
