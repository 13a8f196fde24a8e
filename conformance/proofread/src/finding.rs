//! Where a server does not keep its contract.

use crate::case::Phase;

/// What was found wrong: one for each case, or for each claim of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The bytes of the request as they were sent, frames and all.
    pub sent: Vec<u8>,
    /// The request as JSON, where JSON can say it.
    pub json: Option<String>,
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
