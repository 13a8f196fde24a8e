//! Conversion of Rust values into the parameters of statements.

use std::borrow::Cow;

use sqlx::{Arguments, error::BoxDynError, postgres::PgArguments};

use crate::Error;

/// A parameter of a statement, of a type that both engines support. `None` is NULL.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'q> {
    /// `BOOLEAN`
    Boolean(Option<bool>),
    /// `BIGINT`
    Integer(Option<i64>),
    /// `DOUBLE PRECISION`
    Real(Option<f64>),
    /// `TEXT`
    Text(Option<Cow<'q, str>>),
    /// `BLOB` or `BYTEA`
    Bytes(Option<Cow<'q, [u8]>>),
    /// A list of integers: a JSON array for `json_each($1)` in SQLite, a `BIGINT[]` for
    /// `= ANY($1)` in PostgreSQL.
    IntegerList(Cow<'q, [i64]>),
    /// A list of texts: a JSON array for `json_each($1)` in SQLite, a `TEXT[]` for
    /// `= ANY($1)` in PostgreSQL.
    TextList(Cow<'q, [String]>),
}

macro_rules! value_from {
    ($($type:ty => $variant:ident($into:expr);)+) => {$(
        impl<'q> From<$type> for Value<'q> {
            fn from(value: $type) -> Self {
                Self::$variant(Some($into(value)))
            }
        }

        impl<'q> From<Option<$type>> for Value<'q> {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map($into))
            }
        }
    )+};
}

value_from! {
    bool => Boolean(std::convert::identity);
    i32 => Integer(i64::from);
    u32 => Integer(i64::from);
    i64 => Integer(std::convert::identity);
    f64 => Real(std::convert::identity);
    &'q str => Text(Cow::Borrowed);
    &'q String => Text(Cow::from);
    String => Text(Cow::Owned);
    &'q [u8] => Bytes(Cow::Borrowed);
    &'q Vec<u8> => Bytes(Cow::from);
    Vec<u8> => Bytes(Cow::Owned);
}

impl<'q> From<&'q [i64]> for Value<'q> {
    fn from(list: &'q [i64]) -> Self {
        Self::IntegerList(list.into())
    }
}

impl<'q> From<&'q Vec<i64>> for Value<'q> {
    fn from(list: &'q Vec<i64>) -> Self {
        Self::IntegerList(list.into())
    }
}

impl From<Vec<i64>> for Value<'_> {
    fn from(list: Vec<i64>) -> Self {
        Self::IntegerList(list.into())
    }
}

impl<'q> From<&'q [String]> for Value<'q> {
    fn from(list: &'q [String]) -> Self {
        Self::TextList(list.into())
    }
}

impl<'q> From<&'q Vec<String>> for Value<'q> {
    fn from(list: &'q Vec<String>) -> Self {
        Self::TextList(list.into())
    }
}

impl From<Vec<String>> for Value<'_> {
    fn from(list: Vec<String>) -> Self {
        Self::TextList(list.into())
    }
}

/// Copies what is borrowed, so that the values can be sent to another thread.
pub(crate) fn into_owned(values: Vec<Value<'_>>) -> Vec<Value<'static>> {
    fn owned<T: ToOwned + ?Sized>(value: Cow<'_, T>) -> Cow<'static, T> {
        Cow::Owned(value.into_owned())
    }
    let values = values.into_iter().map(|value| match value {
        Value::Boolean(value) => Value::Boolean(value),
        Value::Integer(value) => Value::Integer(value),
        Value::Real(value) => Value::Real(value),
        Value::Text(text) => Value::Text(text.map(owned)),
        Value::Bytes(bytes) => Value::Bytes(bytes.map(owned)),
        Value::IntegerList(list) => Value::IntegerList(owned(list)),
        Value::TextList(list) => Value::TextList(owned(list)),
    });
    values.collect()
}

pub(crate) fn postgres_arguments(values: Vec<Value<'_>>) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        add_postgres(&mut arguments, value).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn add_postgres(arguments: &mut PgArguments, value: Value<'_>) -> Result<(), BoxDynError> {
    match value {
        Value::Boolean(value) => arguments.add(value),
        Value::Integer(value) => arguments.add(value),
        Value::Real(value) => arguments.add(value),
        Value::Text(value) => arguments.add(value.as_deref()),
        Value::Bytes(value) => arguments.add(value.as_deref()),
        Value::IntegerList(list) => arguments.add(&*list),
        Value::TextList(list) => arguments.add(&*list),
    }
}
