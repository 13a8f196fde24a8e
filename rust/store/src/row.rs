//! Rows of either engine as tuples or structs.

use rusqlite::types::FromSql;
use sqlx::{Decode, Postgres, Row as _, Type, postgres::PgRow};

use crate::error::Cause;

/// A row of either engine: a tuple, whose elements are the columns in their order, or a
/// struct that is declared by [`row!`](crate::row!), whose fields have the names of columns.
pub trait Row: Sized + Send + 'static {
    /// Reads the columns of a row.
    ///
    /// # Errors
    /// [`Cause`] if a column is missing or has another type.
    fn from_row(row: &RowRef<'_>) -> Result<Self, Cause>;
}

/// The type of a column: `i64`, `bool`, `f64`, `String`, `Vec<u8>`, or an `Option` of them
/// if it may be NULL.
pub trait Column: FromSql + Type<Postgres> + for<'r> Decode<'r, Postgres> {}

impl<C: FromSql + Type<Postgres> + for<'r> Decode<'r, Postgres>> Column for C {}

/// A row as the driver returned it.
#[derive(Debug)]
pub enum RowRef<'r> {
    /// A row of SQLite.
    Sqlite(&'r rusqlite::Row<'r>),
    /// A row of PostgreSQL.
    Postgres(&'r PgRow),
}

impl RowRef<'_> {
    /// The column at a position, from 0.
    ///
    /// # Errors
    /// [`Cause`] if there is no such column or it has another type.
    pub fn at<C: Column>(&self, position: usize) -> Result<C, Cause> {
        Ok(match self {
            Self::Sqlite(row) => row.get(position)?,
            Self::Postgres(row) => row.try_get(position)?,
        })
    }

    /// The column with a name.
    ///
    /// # Errors
    /// [`Cause`] if there is no such column or it has another type.
    pub fn named<C: Column>(&self, name: &str) -> Result<C, Cause> {
        Ok(match self {
            Self::Sqlite(row) => row.get(name)?,
            Self::Postgres(row) => row.try_get(name)?,
        })
    }
}

impl Row for () {
    fn from_row(_: &RowRef<'_>) -> Result<Self, Cause> {
        Ok(())
    }
}

macro_rules! tuple_rows {
    ($($($column:ident $position:literal),+;)+) => {$(
        impl<$($column: Column + Send + 'static),+> Row for ($($column,)+) {
            fn from_row(row: &RowRef<'_>) -> Result<Self, Cause> {
                Ok(($(row.at::<$column>($position)?,)+))
            }
        }
    )+};
}

tuple_rows! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}

/// Declares a struct that is a [`Row`]. Each field is read from the column of its name:
///
/// ```
/// store::row! {
///     #[derive(Debug)]
///     struct Account {
///         owner: String,
///         balance: i64,
///     }
/// }
/// ```
#[macro_export]
macro_rules! row {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$field_attribute:meta])* $field_visibility:vis $field:ident: $type:ty),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$field_attribute])* $field_visibility $field: $type),+
        }

        impl $crate::Row for $name {
            fn from_row(row: &$crate::RowRef<'_>) -> ::core::result::Result<Self, $crate::Cause> {
                Ok(Self { $($field: row.named(stringify!($field))?),+ })
            }
        }
    };
}
