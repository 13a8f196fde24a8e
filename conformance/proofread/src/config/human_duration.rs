//! Durations in a human-readable form: `30s`, `1m 30s`, `500ms`.

use std::{str::FromStr, time::Duration};

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de::Error};

/// A duration that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HumanDuration(pub Duration);

impl FromStr for HumanDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = SignedDuration::from_str(text).ok();
        let duration = parsed.and_then(|parsed| Duration::try_from(parsed).ok());
        duration
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a duration such as 30s, 2m or 500ms"))
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}
