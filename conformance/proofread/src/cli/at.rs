//! Says of what is wrong where in the configuration it stands.

use crate::config::Config;

/// Something that may be wrong because of a key of the configuration.
pub(super) trait At<T> {
    /// Puts the place of the key in front of what is wrong.
    fn at(self, config: &Config, key: &str) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> At<T> for Result<T, E> {
    fn at(self, config: &Config, key: &str) -> anyhow::Result<T> {
        self.map_err(|error| match config.place(key) {
            Some(place) => error.into().context(place),
            None => error.into(),
        })
    }
}
