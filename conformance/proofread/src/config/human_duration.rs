//! Spans of time as people write them: `30s`, `1m 30s`, `500ms`.

use std::{str::FromStr, time::Duration};

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de::Error};

/// A span of time that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HumanDuration(pub Duration);

impl FromStr for HumanDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = SignedDuration::from_str(text).ok();
        let span = parsed.and_then(|span| Duration::try_from(span).ok());
        span.map(Self)
            .ok_or_else(|| format!("{text:?} is not a span of time such as 30s, 2m or 500ms"))
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}
