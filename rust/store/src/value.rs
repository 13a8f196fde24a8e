//! Parameters of statements.

use std::borrow::Cow;

use sqlx::{Arguments, error::BoxDynError, postgres::PgArguments, sqlite::SqliteArguments};

use crate::Error;

/// A parameter of a statement, of a type that both engines know. `None` is NULL.
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
    /// A list: in SQLite a JSON array, to be read by `json_each($1)`; in PostgreSQL
    /// `BIGINT[]`, for `= ANY($1)`.
    Integers(Cow<'q, [i64]>),
    /// A list: in SQLite a JSON array, to be read by `json_each($1)`; in PostgreSQL
    /// `TEXT[]`, for `= ANY($1)`.
    Texts(Cow<'q, [String]>),
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
        Self::Integers(list.into())
    }
}

impl<'q> From<&'q Vec<i64>> for Value<'q> {
    fn from(list: &'q Vec<i64>) -> Self {
        Self::Integers(list.into())
    }
}

impl From<Vec<i64>> for Value<'_> {
    fn from(list: Vec<i64>) -> Self {
        Self::Integers(list.into())
    }
}

impl<'q> From<&'q [String]> for Value<'q> {
    fn from(list: &'q [String]) -> Self {
        Self::Texts(list.into())
    }
}

impl<'q> From<&'q Vec<String>> for Value<'q> {
    fn from(list: &'q Vec<String>) -> Self {
        Self::Texts(list.into())
    }
}

impl From<Vec<String>> for Value<'_> {
    fn from(list: Vec<String>) -> Self {
        Self::Texts(list.into())
    }
}

pub(crate) fn sqlite(values: Vec<Value<'_>>) -> Result<SqliteArguments, Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        add_sqlite(&mut arguments, value).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// The trait's `add` is named by its trait: the type has a private one of the same name.
fn add_sqlite(arguments: &mut SqliteArguments, value: Value<'_>) -> Result<(), BoxDynError> {
    match value {
        Value::Boolean(value) => Arguments::add(arguments, value),
        Value::Integer(value) => Arguments::add(arguments, value),
        Value::Real(value) => Arguments::add(arguments, value),
        Value::Text(value) => Arguments::add(arguments, value.map(Cow::into_owned)),
        Value::Bytes(value) => Arguments::add(arguments, value.map(Cow::into_owned)),
        Value::Integers(list) => Arguments::add(arguments, serde_json::to_string(&list)?),
        Value::Texts(list) => Arguments::add(arguments, serde_json::to_string(&list)?),
    }
}

pub(crate) fn postgres(values: Vec<Value<'_>>) -> Result<PgArguments, Error> {
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
        Value::Integers(list) => arguments.add(&*list),
        Value::Texts(list) => arguments.add(&*list),
    }
}
