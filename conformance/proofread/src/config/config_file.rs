//! The keys of a configuration file.

use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Credential, Fixture, HumanDuration};
use crate::{case::Phase, sequences::SequenceSettings};

/// The content of a configuration file. Each key, except the tables, has a flag of the
/// same name.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigFile {
    /// The URL of the server: `http://host:port`, or `https://` for TLS.
    pub url: Option<String>,
    /// The contract: images, folders of protos or single protos.
    #[serde(deserialize_with = "one_or_many")]
    pub contract: Vec<PathBuf>,
    /// The folders to which imports of protos are relative.
    pub import_paths: Vec<PathBuf>,
    /// Globs of the methods to check; empty means all.
    pub include: Vec<String>,
    /// Globs of the methods to leave out.
    pub exclude: Vec<String>,
    /// The phases to run; all by default.
    pub phases: Option<Vec<Phase>>,
    /// The seed of the random cases, 1 by default.
    pub seed: Option<u64>,
    /// The greatest number of calls in flight at the same time, 64 by default.
    pub concurrency: Option<NonZeroUsize>,
    /// The greatest number of calls per second; unlimited by default.
    pub rate: Option<NonZeroU32>,
    /// The time limit of the whole run; unlimited by default.
    pub budget: Option<HumanDuration>,
    /// A shell command that starts the server again when it has crashed; none by default.
    pub restart_command: Option<String>,
    /// How long one call may take before it is reported as a hang, 5 s by default.
    pub timeout: Option<HumanDuration>,
    /// The number of random cases for each method, 100 by default.
    pub random_cases: Option<usize>,
    /// The gRPC implementation of the server, see `profile.md`; `strict` by default.
    pub profile: Option<String>,
    /// The error details that a refusal must carry: `any` (the default), `both`,
    /// `violations`, `bad_request` or `none`.
    pub details: Option<String>,
    /// The greatest allowed size of the response trailers, 8192 bytes by default.
    pub trailer_limit: Option<usize>,
    /// The file in which failures are recorded, `failures.json` by default.
    pub failures: Option<PathBuf>,
    /// The file with known failures, `proofread.baseline.toml` by default.
    pub baseline: Option<PathBuf>,
    /// Metadata of every call.
    pub headers: BTreeMap<String, String>,
    /// Settings for some methods only, by globs.
    pub methods: BTreeMap<String, MethodSettings>,
    /// The credentials by name. `(proofread.v1.access)` in the contract refers to them.
    pub credentials: BTreeMap<String, Credential>,
    /// Settings of the sequences of calls.
    pub sequences: SequenceSettings,
    /// Settings of the TLS connection.
    pub tls: Tls,
    /// Values that refer to existing data, such as ids, by the full name of the field or
    /// `*.name`.
    #[serde(skip)]
    pub fixtures: BTreeMap<String, Fixture>,
    /// The fixtures before [`parse_fixtures`](super::fixture::parse_fixtures).
    #[serde(rename = "fixtures")]
    pub(super) fixture_tables: Map<String, Value>,
}

/// Settings for the methods that a glob matches.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MethodSettings {
    /// Metadata of the calls of these methods.
    pub headers: BTreeMap<String, String>,
}

/// Settings of the TLS connection. All files are PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate authorities to trust; those of the system by default.
    pub ca: Option<PathBuf>,
    /// The client certificate, for mutual TLS.
    pub cert: Option<PathBuf>,
    /// The private key of the client certificate.
    pub key: Option<PathBuf>,
    /// The private key of the authority that has signed the client certificates: then expired
    /// ones are tested too.
    pub ca_key: Option<PathBuf>,
    /// The name that the server's certificate must contain; the host of the URL by
    /// default.
    pub server_name: Option<String>,
    /// Whether the certificate of the server is not verified.
    pub insecure: bool,
}

/// A list, or a single item without brackets.
pub(crate) fn one_or_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        One(T),
        Many(Vec<T>),
    }
    Ok(match Option::<OneOrMany<T>>::deserialize(from)? {
        None => Vec::new(),
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
    })
}
