//! Where a server does not keep its contract.

use serde::{Deserialize, Serialize};

use crate::case::{Case, Expect, Phase, RuleTarget, Send};

/// What was found wrong: one for each case, or for each claim of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The path of the method; empty where it is about the server as a whole.
    pub method: String,
    /// The phase that found it.
    pub phase: Phase,
    /// The id of the case or of the claim: stable over runs.
    pub case: String,
    /// What kind of failure it is.
    pub kind: FindingKind,
    /// What was sent and why, in words.
    pub intent: String,
    /// What the contract says, with where it says so.
    pub expected: String,
    /// What came back.
    pub observed: String,
    /// The bytes of the request as they were sent, frames and all; base64 in JSON.
    #[serde(with = "base64_bytes")]
    pub sent: Vec<u8>,
    /// The request as JSON, where JSON can say it.
    pub json: Option<String>,
    /// How `replay` makes the call again and what it holds the answer against; none
    /// for a claim about several calls: its scenario is run again as a whole.
    #[serde(default)]
    pub again: Option<Again>,
}

/// What a failed case is besides the bytes of its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// The path that was called.
    pub path: String,
    /// The headers that the case adds, replaces, or by an empty value removes; not
    /// those of the configuration, which may be secret. Values in base64 in JSON.
    #[serde(with = "base64_headers")]
    pub headers: Vec<(String, Vec<u8>)>,
    /// Whether the stream is ended by RST_STREAM.
    pub reset: bool,
    /// What must come back.
    pub expect: Expect,
    /// The rules that the case is about.
    pub exercises: Vec<RuleTarget>,
}

impl Again {
    /// What is needed to make the call of a case again.
    pub fn of(case: &Case) -> Self {
        let raw = match &case.send {
            Send::Messages(_) => None,
            Send::Raw(raw) => Some(raw),
        };
        let path = raw.and_then(|raw| raw.path.clone());
        Self {
            path: path.unwrap_or_else(|| case.method.clone()),
            headers: raw.map(|raw| raw.headers.clone()).unwrap_or_default(),
            reset: raw.is_some_and(|raw| raw.reset),
            expect: case.expect.clone(),
            exercises: case.exercises.clone(),
        }
    }
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A request that breaks a rule was accepted.
    RuleNotChecked,
    /// A request that keeps every rule was refused.
    ValidRefused,
    /// Refused with another code than the contract says.
    WrongCode,
    /// The set of violations differs: a field path or a rule id is missing, wrong
    /// or too many.
    WrongViolations,
    /// `buf.validate.Violations` or `google.rpc.BadRequest` is missing, damaged, or
    /// contradicts the other or the status.
    WrongDetails,
    /// An error that the method does not declare.
    UndeclaredError,
    /// A response that breaks its own rules or does not decode.
    BadResponse,
    /// The trailer is too big for proxies.
    TrailerTooBig,
    /// Something else in the wire protocol.
    Protocol,
    /// Deadlines, paging, replays, health or reflection are not as declared.
    Behaviour,
    /// The server went away or hung.
    Crash,
}

mod base64_bytes {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map_err(D::Error::custom)
    }
}

mod base64_headers {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    type Headers = Vec<(String, Vec<u8>)>;

    pub(super) fn serialize<S: Serializer>(headers: &Headers, to: S) -> Result<S::Ok, S::Error> {
        let headers = headers.iter();
        let texts: Vec<(&String, String)> = headers
            .map(|(name, value)| (name, BASE64_STANDARD.encode(value)))
            .collect();
        texts.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Headers, D::Error> {
        let texts: Vec<(String, String)> = Deserialize::deserialize(from)?;
        let headers = texts.into_iter().map(|(name, text)| {
            let value = BASE64_STANDARD.decode(text).map_err(D::Error::custom)?;
            Ok((name, value))
        });
        headers.collect()
    }
}
