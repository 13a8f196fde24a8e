//! Adds the configuration file and line to an error.

use crate::config::Config;

/// Extends `Result` like `anyhow::Context`, for errors that a configuration key causes.
pub(super) trait WithConfigLocation<T> {
    /// Adds `proofread.toml:12` in front of the error. Leaves the error unchanged if the
    /// key is not in the file, for instance because the value came from a flag.
    fn with_config_location(self, config: &Config, key: &str) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> WithConfigLocation<T> for Result<T, E> {
    fn with_config_location(self, config: &Config, key: &str) -> anyhow::Result<T> {
        self.map_err(|error| match config.location(key) {
            Some(location) => error.into().context(location),
            None => error.into(),
        })
    }
}
