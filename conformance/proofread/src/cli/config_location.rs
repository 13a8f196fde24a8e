//! Says of what is wrong where in the configuration it stands.

use crate::config::Config;

/// Something that may be wrong because of a key of the configuration.
pub(super) trait WithConfigLocation<T> {
    /// Puts the place of the key in front of what is wrong.
    fn with_config_location(self, config: &Config, key: &str) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> WithConfigLocation<T> for Result<T, E> {
    fn with_config_location(self, config: &Config, key: &str) -> anyhow::Result<T> {
        self.map_err(|error| match config.location(key) {
            Some(place) => error.into().context(place),
            None => error.into(),
        })
    }
}
