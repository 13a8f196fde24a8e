//! Parses TOML and YAML into a [`ConfigFile`]; errors name the key and the line.

use std::path::Path;

use serde_saphyr::{Error as YamlError, MessageFormatter, UserMessageFormatter};

use super::{
    ConfigError, ConfigFile, fixture,
    key_lines::{KeyLines, line_at},
};

pub(super) fn parse(path: &Path, text: &str) -> Result<(ConfigFile, KeyLines), ConfigError> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let (mut file, lines): (ConfigFile, KeyLines) = match extension {
        Some("toml") => (
            toml::from_str(text).map_err(|error| toml_error(path, text, &error))?,
            KeyLines::of_toml(text),
        ),
        // An empty YAML document is null; it is a configuration without settings.
        Some("yaml" | "yml") => (
            serde_saphyr::from_str::<Option<ConfigFile>>(text)
                .map(Option::unwrap_or_default)
                .map_err(|error| yaml_error(path, &error))?,
            KeyLines::of_yaml(text),
        ),
        _ => return Err(ConfigError::UnknownExtension(path.to_owned())),
    };
    file.fixtures = fixture::parse_fixtures(&file.fixture_tables).map_err(|(key, message)| {
        let line = lines.line_of(&format!("fixtures.{key}")).unwrap_or(1);
        parse_error(path, line, &message)
    })?;
    Ok((file, lines))
}

pub(super) fn toml_error(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    parse_error(path, line_at(text, start), error.message())
}

fn yaml_error(path: &Path, error: &YamlError) -> ConfigError {
    let error = error.without_snippet();
    let line = error.location().map_or(1, |location| location.line());
    let line = usize::try_from(line).unwrap_or(1);
    if let YamlError::SerdeUnknownField {
        field, expected, ..
    } = error
    {
        return ConfigError::UnknownKey {
            path: path.to_owned(),
            line,
            key: field.clone(),
            known: expected.iter().map(|name| (*name).to_owned()).collect(),
        };
    }
    // The developer message would repeat the line and suggest options of the parser.
    parse_error(path, line, &UserMessageFormatter.format_message(error))
}

/// Extracts the keys from serde's message "unknown field `x`, expected one of `a`, `b`".
fn parse_error(path: &Path, line: usize, message: &str) -> ConfigError {
    let path = path.to_owned();
    if message.starts_with("unknown field `") {
        let mut names = message.split('`').skip(1).step_by(2).map(str::to_owned);
        return ConfigError::UnknownKey {
            path,
            line,
            key: names.next().unwrap_or_default(),
            known: names.collect(),
        };
    }
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    ConfigError::Invalid {
        path,
        line,
        message,
    }
}
