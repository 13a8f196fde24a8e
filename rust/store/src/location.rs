//! The location of a database: a folder for SQLite or a PostgreSQL URL.

use std::{fmt, path::PathBuf, str::FromStr};

use sqlx::postgres::PgConnectOptions;

/// Where the data of all services is stored. It is parsed from a setting: a URL that
/// begins with `postgres://` or `postgresql://`, or else the path of a folder. `Display`
/// and `Debug` never show a password.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder with one SQLite file for each service.
    Folder(PathBuf),
    /// The URL of a PostgreSQL database with one schema for each service.
    Postgres(String),
}

/// Why a setting is not a database location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{scheme:?} is not a database location: give a folder, or postgres://user:password@host/database"
)]
pub struct LocationError {
    /// The part before `://`. The rest is not kept because it may contain a password.
    scheme: String,
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(setting: &str) -> Result<Self, LocationError> {
        match setting.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(setting.to_owned())),
            None if !setting.trim().is_empty() => Ok(Self::Folder(setting.into())),
            other => Err(LocationError {
                scheme: other.map_or(setting, |(scheme, _)| scheme).to_owned(),
            }),
        }
    }
}

/// Does not show the password.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(formatter),
            Self::Postgres(url) => match PgConnectOptions::from_str(url) {
                Ok(options) => formatter.write_str(&redacted_url(&options)),
                Err(_) => formatter.write_str("an invalid PostgreSQL URL"),
            },
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The URL of the database without its password, for messages.
pub(crate) fn redacted_url(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match options.get_socket() {
        Some(socket) => format!("postgres://{user}@/{database}?host={}", socket.display()),
        None => {
            let (host, port) = (options.get_host(), options.get_port());
            format!("postgres://{user}@{host}:{port}/{database}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_without_scheme_is_a_folder() {
        let location: Result<Location, _> = "data/shop".parse();
        assert_eq!(location, Ok(Location::Folder("data/shop".into())));
    }

    #[test]
    fn password_is_not_displayed() {
        for url in [
            "postgres://shop:secret@db.example:5433/books",
            "postgresql://shop@db.example:5433/books?password=secret",
        ] {
            let location: Location = url.parse().expect("the URL has a known scheme");
            assert_eq!(
                location.to_string(),
                "postgres://shop@db.example:5433/books"
            );
        }
    }

    #[test]
    fn unsupported_database_is_refused() {
        let refused = "mysql://root:secret@host/books"
            .parse::<Location>()
            .expect_err("MySQL is not supported");
        assert_eq!(
            refused.to_string(),
            "\"mysql\" is not a database location: give a folder, or \
             postgres://user:password@host/database"
        );
        assert!(" ".parse::<Location>().is_err());
    }
}
