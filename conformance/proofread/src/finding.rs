//! Findings: where a server deviates from its contract.

mod id;
mod sequence;

use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, Expect, Payload, Phase, RawCall, RuleTarget},
    probe::request_body,
};

pub use id::kind_name;
pub(crate) use id::without_indices;
pub(crate) use sequence::slot_name;
pub use sequence::{Action, Sequence, SequenceCall, Step};

/// A deviation from the contract, found by a case or by a claim of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The path of the method; empty for a finding about the server as a whole.
    pub method: String,
    /// The phase that found it.
    pub phase: Phase,
    /// The id of the case or claim; the same in every run.
    pub case: String,
    /// What kind of failure it is.
    pub kind: FindingKind,
    /// What was sent and why, for the report.
    pub intent: String,
    /// The expected answer, with the source of the expectation.
    pub expected: String,
    /// The answer of the server.
    pub observed: String,
    /// The body bytes of the request, including the frame headers; base64 in JSON.
    #[serde(with = "base64_bytes")]
    pub sent: Vec<u8>,
    /// The request as JSON; `None` where JSON can't represent it.
    pub json: Option<String>,
    /// How `replay` repeats the call and judges the answer. `None` for a claim about
    /// several calls: `replay` then runs the whole scenario again.
    #[serde(default, alias = "again")]
    pub reproduction: Option<Reproduction>,
    /// The calls that were in flight when the server went away, in the order of sending,
    /// if none of them is proved to be the cause. `replay` sends them one at a time, and
    /// then together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspects: Vec<Suspect>,
    /// The calls that led to the failure, if it is about a sequence of calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Sequence>,
}

/// A call that may have crashed the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    /// The path of the method.
    pub method: String,
    /// The phase of the case.
    pub phase: Phase,
    /// The id of the case.
    pub case: String,
    /// The body bytes of the request, including the frame headers; base64 in JSON.
    #[serde(with = "base64_bytes")]
    pub sent: Vec<u8>,
    /// How the call is repeated.
    pub reproduction: Reproduction,
}

impl Suspect {
    /// The suspect that sent a case.
    pub fn of(case: &Case) -> Self {
        Self {
            method: case.method.clone(),
            phase: case.phase,
            case: case.id.clone(),
            sent: request_body(&case.send).bytes.to_vec(),
            reproduction: Reproduction::of(case),
        }
    }

    /// The case that repeats the call.
    pub fn to_case(&self) -> Case {
        Case {
            id: self.case.clone(),
            method: self.method.clone(),
            phase: self.phase,
            intent: String::new(),
            exercises: Vec::new(),
            send: self.reproduction.payload(&self.method, &self.sent),
            expect: self.reproduction.expect.clone(),
        }
    }
}

/// What is needed to repeat the call of a failed case, besides the bytes of its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reproduction {
    /// The path that was called.
    pub path: String,
    /// The headers that the case adds, replaces, or removes by an empty value. Headers
    /// from the configuration are not included, because they may be secret. Values are
    /// base64 in JSON.
    #[serde(with = "base64_headers")]
    pub headers: Vec<(String, Vec<u8>)>,
    /// Whether the stream is ended by RST_STREAM instead of END_STREAM.
    pub reset: bool,
    /// The size of the DATA frames in bytes; 0 for as few as possible.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub piece: usize,
    /// The expected answer.
    pub expect: Expect,
    /// The rules that the case exercises.
    pub exercises: Vec<RuleTarget>,
}

impl Reproduction {
    /// The reproduction of a case.
    pub fn of(case: &Case) -> Self {
        let raw = match &case.send {
            Payload::Messages(_) => None,
            Payload::Raw(raw) => Some(raw),
        };
        let path = raw.and_then(|raw| raw.path.clone());
        Self {
            path: path.unwrap_or_else(|| case.method.clone()),
            headers: raw.map(|raw| raw.headers.clone()).unwrap_or_default(),
            reset: raw.is_some_and(|raw| raw.reset),
            piece: raw.map_or(0, |raw| raw.piece),
            expect: case.expect.clone(),
            exercises: case.exercises.clone(),
        }
    }

    /// The content of the repeated call to `method` with the body `sent`.
    pub fn payload(&self, method: &str, sent: &[u8]) -> Payload {
        Payload::Raw(RawCall {
            path: (self.path != method).then(|| self.path.clone()),
            headers: self.headers.clone(),
            body: sent.to_vec(),
            reset: self.reset,
            piece: self.piece,
        })
    }
}

fn is_zero(piece: &usize) -> bool {
    *piece == 0
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A request that breaks a rule was accepted.
    RuleNotChecked,
    /// A request that keeps every rule was refused.
    ValidRefused,
    /// A request that breaks a rule was refused with a code other than INVALID_ARGUMENT.
    WrongCode,
    /// The reported violations differ: a field path or rule id is missing, wrong or
    /// additional.
    WrongViolations,
    /// `buf.validate.Violations` or `google.rpc.BadRequest` is missing, does not decode, or
    /// contradicts the other one or the status.
    WrongDetails,
    /// An error that the method does not declare.
    UndeclaredError,
    /// A response that breaks its own rules or does not decode.
    BadResponse,
    /// The trailers are larger than the limit, so that proxies may cut them.
    TrailerTooBig,
    /// Another deviation from the gRPC protocol.
    Protocol,
    /// A claim of a scenario does not hold: deadlines, paging, idempotency keys, health or
    /// reflection.
    Behaviour,
    /// The server crashed, dropped the connection or did not answer in time.
    Crash,
}

impl FindingKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::RuleNotChecked,
        Self::ValidRefused,
        Self::WrongCode,
        Self::WrongViolations,
        Self::WrongDetails,
        Self::UndeclaredError,
        Self::BadResponse,
        Self::TrailerTooBig,
        Self::Protocol,
        Self::Behaviour,
        Self::Crash,
    ];
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
