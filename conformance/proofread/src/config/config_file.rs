//! What may stand in a configuration.

use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Credential, Fixture, HumanDuration};
use crate::case::Phase;

/// The content of a configuration. Each key has a flag of the same name, but for the
/// tables.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigFile {
    /// The server: `http://host:port`, or `https://` for TLS.
    pub url: Option<String>,
    /// The image or the folder of the contract.
    pub contract: Option<PathBuf>,
    /// The methods to check, as globs; all where there are none.
    pub include: Vec<String>,
    /// The methods to leave alone, as globs.
    pub exclude: Vec<String>,
    /// The phases to run; all where it is not said.
    pub phases: Option<Vec<Phase>>,
    /// The seed of the random cases.
    pub seed: Option<u64>,
    /// How many calls are under way at a time.
    pub concurrency: Option<NonZeroUsize>,
    /// How many calls a second are made at most.
    pub rate: Option<NonZeroU32>,
    /// How long the random phase of the whole run may go on.
    pub budget: Option<HumanDuration>,
    /// How long one call may take before it counts as a hang.
    pub timeout: Option<HumanDuration>,
    /// How many random cases each method gets.
    pub random_cases: Option<usize>,
    /// The stack of the server: see `profile.md`.
    pub profile: Option<String>,
    /// The details that a refusal must carry: `any`, `both`, `violations`,
    /// `bad_request` or `none`.
    pub details: Option<String>,
    /// The greatest size of the trailer, in bytes.
    pub trailer_limit: Option<usize>,
    /// Where failures are recorded for `proofread replay`.
    pub failures: Option<PathBuf>,
    /// Metadata of every call.
    pub headers: BTreeMap<String, String>,
    /// What holds of some methods only, by globs.
    pub methods: BTreeMap<String, MethodSettings>,
    /// The credentials that the contract names, or that some methods want.
    pub credentials: BTreeMap<String, Credential>,
    /// How to talk TLS.
    pub tls: Tls,
    /// Values that name something that exists, by the full name of the field or
    /// `*.name`.
    #[serde(skip)]
    pub fixtures: BTreeMap<String, Fixture>,
    /// The same as they are written down.
    #[serde(rename = "fixtures")]
    pub(super) fixture_tables: Map<String, Value>,
}

/// What holds of some methods only.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MethodSettings {
    /// Metadata of their calls.
    pub headers: BTreeMap<String, String>,
}

/// How to talk TLS. PEM files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The authorities to trust; those of the system where it is not said.
    pub ca: Option<PathBuf>,
    /// The certificate of the caller.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// The name that the server's certificate must carry, where it is not that of
    /// the URL.
    pub server_name: Option<String>,
}
