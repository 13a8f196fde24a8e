//! Runs one statement on a connection of SQLite.

use rusqlite::{
    Connection, Statement, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use crate::{Row, Value, error::Cause, row::RowRef};

/// Prepared statements that each connection keeps. A service has fewer.
pub(crate) const CACHE_CAPACITY: usize = 128;

/// Returns the number of changed rows.
pub(crate) fn execute(
    connection: &Connection,
    text: &str,
    values: &[Value<'_>],
) -> Result<u64, Cause> {
    let mut statement = connection.prepare_cached(text)?;
    bind(&mut statement, values)?;
    Ok(statement.raw_execute()? as u64)
}

/// Returns the first rows, at most `limit`.
pub(crate) fn fetch<R: Row>(
    connection: &Connection,
    text: &str,
    values: &[Value<'_>],
    limit: usize,
) -> Result<Vec<R>, Cause> {
    let mut statement = connection.prepare_cached(text)?;
    bind(&mut statement, values)?;
    let mut rows = statement.raw_query();
    let mut fetched = Vec::new();
    while fetched.len() < limit
        && let Some(row) = rows.next()?
    {
        fetched.push(R::from_row(&RowRef::Sqlite(row))?);
    }
    Ok(fetched)
}

/// Binds the parameters by their numbers: for SQLite `$2` is a name, and the parameters are
/// numbered in the order in which they first occur.
fn bind(statement: &mut Statement<'_>, values: &[Value<'_>]) -> Result<(), Cause> {
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).unwrap_or_default();
        let number: Option<usize> = name
            .strip_prefix('$')
            .and_then(|digits| digits.parse().ok());
        let value = number.and_then(|number| values.get(number.checked_sub(1)?));
        let value = value.ok_or_else(|| Cause::UnboundParameter(name.to_owned()))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let json = |list: serde_json::Result<String>| match list {
            Ok(text) => Ok(ToSqlOutput::from(text)),
            Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(error.into())),
        };
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Boolean(Some(value)) => ValueRef::Integer((*value).into()),
            Self::Integer(Some(value)) => ValueRef::Integer(*value),
            Self::Real(Some(value)) => ValueRef::Real(*value),
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(Some(bytes)) => ValueRef::Blob(bytes),
            Self::IntegerList(list) => return json(serde_json::to_string(list)),
            Self::TextList(list) => return json(serde_json::to_string(list)),
            Self::Boolean(None)
            | Self::Integer(None)
            | Self::Real(None)
            | Self::Text(None)
            | Self::Bytes(None) => ValueRef::Null,
        }))
    }
}
