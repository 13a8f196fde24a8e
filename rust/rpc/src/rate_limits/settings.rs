//! The file with the rates, in TOML.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Read},
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use governor::Quota;
use ipnet::IpNet;
use serde::Deserialize;

use super::{CallClass, CallerKind};

/// The rates of everything that a file leaves out, with a comment for each.
const BUILT_IN: &str = include_str!("default.toml");

/// No more than this is read of a file, in bytes.
const LONGEST_FILE: u64 = 1024 * 1024;

/// With these bounds no time overflows the 64 bits in which `governor` counts nanoseconds.
const RATES_PER_SECOND: std::ops::RangeInclusive<f64> = 0.001..=1_000_000.0;
const MAX_BURST: u32 = 1_000_000;

/// How many rates can be kept in memory: 150 MB at most.
const TRACKED: std::ops::RangeInclusive<usize> = 100..=1_000_000;

/// Why the rate limits cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RateLimitsError {
    /// The file is missing, or this process may not read it.
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// The file is no TOML, or has a value that is not valid.
    #[error("{} is not valid: {cause}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        cause: String,
    },
}

impl RateLimitsError {
    pub(super) fn invalid(path: &Path, cause: String) -> Self {
        let path = path.to_owned();
        Self::Invalid { path, cause }
    }
}

/// What a file says, with the built-in rates for what it leaves out.
pub(super) struct Settings {
    pub max_tracked: usize,
    pub exempt: Vec<IpNet>,
    /// Only what is limited.
    pub rates: HashMap<(CallerKind, CallClass), Quota>,
}

pub(super) fn read(path: &Path) -> Result<String, RateLimitsError> {
    let mut text = String::new();
    let opened = File::open(path);
    let read = opened.and_then(|file| file.take(LONGEST_FILE).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(cause) => {
            let path = path.to_owned();
            Err(RateLimitsError::Unreadable { path, cause })
        }
    }
}

/// The settings without a file.
pub(super) fn built_in() -> Settings {
    parse("").expect("the built-in rates are valid")
}

/// Parses a file. The error is one line.
pub(super) fn parse(text: &str) -> Result<Settings, String> {
    let built_in = Document::parse(BUILT_IN)?;
    let given = Document::parse(text)?;
    let max_tracked = given.max_tracked.or(built_in.max_tracked);
    let max_tracked = max_tracked.unwrap_or(*TRACKED.start());
    if !TRACKED.contains(&max_tracked) {
        let (least, most) = TRACKED.into_inner();
        return Err(format!(
            "max_tracked is {max_tracked}: write a number from {least} to {most}"
        ));
    }
    let exempt = given.exempt.clone().or(built_in.exempt.clone());
    let mut rates = HashMap::new();
    for document in [&built_in, &given] {
        for (kind, classes) in document.tables() {
            for (class, rate) in classes {
                if !kind.classes().contains(class) {
                    return Err(format!("{} has no class {}", kind.name(), class.name()));
                }
                let invalid = |cause| format!("{}.{}: {cause}", kind.name(), class.name());
                match rate.quota().map_err(invalid)? {
                    Some(quota) => rates.insert((kind, *class), quota),
                    None => rates.remove(&(kind, *class)),
                };
            }
        }
    }
    Ok(Settings {
        max_tracked,
        exempt: exempt.unwrap_or_default(),
        rates,
    })
}

type Classes = BTreeMap<CallClass, Rate>;

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Document {
    max_tracked: Option<usize>,
    exempt: Option<Vec<IpNet>>,
    address: Classes,
    account: Classes,
    operator: Classes,
    service: Classes,
    http: Classes,
}

impl Document {
    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let end = error.span().map_or(0, |span| span.start);
            let line = text.get(..end).unwrap_or_default().matches('\n').count() + 1;
            let cause = error.message().replace('\n', " ");
            format!("line {line}: {cause}")
        })
    }

    fn tables(&self) -> [(CallerKind, &Classes); 5] {
        [
            (CallerKind::Address, &self.address),
            (CallerKind::Account, &self.account),
            (CallerKind::Operator, &self.operator),
            (CallerKind::Service, &self.service),
            (CallerKind::Http, &self.http),
        ]
    }
}

/// How often calls are allowed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected { per_second = RATE, burst = CALLS } or \"unlimited\""
)]
enum Rate {
    Limited(Limited),
    Unlimited(Unlimited),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limited {
    per_second: f64,
    burst: NonZeroU32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unlimited {
    Unlimited,
}

impl Rate {
    /// `None` if all calls are allowed.
    fn quota(self) -> Result<Option<Quota>, String> {
        let Self::Limited(Limited { per_second, burst }) = self else {
            return Ok(None);
        };
        if !RATES_PER_SECOND.contains(&per_second) {
            let (least, most) = RATES_PER_SECOND.into_inner();
            return Err(format!(
                "per_second is {per_second}: write a number from {least} to {most}"
            ));
        }
        if burst.get() > MAX_BURST {
            return Err(format!(
                "burst is {burst}: write a number from 1 to {MAX_BURST}"
            ));
        }
        let interval = Duration::from_secs_f64(per_second.recip());
        let quota = Quota::with_period(interval).ok_or("per_second is too large")?;
        Ok(Some(quota.allow_burst(burst)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_changes_only_what_it_contains() {
        let settings = parse("[http]\nwrite = \"unlimited\"\nread = { per_second = 4, burst = 8 }");
        let settings = settings.expect("valid");
        assert_eq!(
            settings.rates.get(&(CallerKind::Http, CallClass::Write)),
            None
        );
        let read = settings.rates[&(CallerKind::Http, CallClass::Read)];
        assert_eq!(read.burst_size().get(), 8);
        assert_eq!(read.replenish_interval(), Duration::from_millis(250));
        let other = settings.rates[&(CallerKind::Address, CallClass::Write)];
        assert_eq!(other.burst_size().get(), 100);
        assert_eq!(settings.exempt, built_in().exempt);
    }

    #[test]
    fn built_in_rates_name_every_class_of_every_caller() {
        let document = Document::parse(BUILT_IN).expect("valid");
        for (kind, classes) in document.tables() {
            let named: Vec<_> = classes.keys().copied().collect();
            assert_eq!(named, kind.classes(), "{}", kind.name());
        }
        let rates = built_in().rates;
        assert!(
            rates
                .keys()
                .all(|(kind, _)| { !matches!(kind, CallerKind::Operator | CallerKind::Service) })
        );
    }

    #[test]
    fn errors_say_what_to_write() {
        let cases = [
            ("addresses = 1", "line 1: unknown field `addresses`"),
            ("[http]\n\nreed = 1", "line 3: unknown variant `reed`"),
            ("[http]\nread = 7", "line 2: expected { per_second = RATE"),
            (
                "[http]\nread = \"all\"",
                "line 2: expected { per_second = RATE",
            ),
            ("[http]\ntoken = \"unlimited\"", "http has no class token"),
            (
                "max_tracked = 0",
                "max_tracked is 0: write a number from 100",
            ),
            ("exempt = [\"10.0.0.1/40\"]", "line 1: "),
            (
                "[address]\nread = { per_second = 0, burst = 1 }",
                "address.read: per_second is 0: write a number from 0.001",
            ),
            (
                "[address]\nread = { per_second = nan, burst = 1 }",
                "address.read: per_second is NaN",
            ),
            (
                "[address]\nread = { per_second = 1, burst = 4000000000 }",
                "address.read: burst is 4000000000: write a number from 1",
            ),
        ];
        for (text, expected) in cases {
            let Err(error) = parse(text) else {
                panic!("{text} is accepted");
            };
            assert!(error.starts_with(expected), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
