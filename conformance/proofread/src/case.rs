//! A test case: what is sent to a server, why, and which answer the contract requires.

use prost_reflect::DynamicMessage;
use serde::{Deserialize, Serialize};

use crate::contract::Code;

/// One request, or one client stream, with the answer that the contract requires.
#[derive(Debug, Clone)]
pub struct Case {
    /// Stable over runs and readable: `boundary/max_results/int32.gte_lte/above`.
    /// Unique within the method.
    pub id: String,
    /// The path of the method on the wire: `/bookstore.inventory.v1.InventoryService/GetBook`.
    pub method: String,
    /// The phase that the case belongs to.
    pub phase: Phase,
    /// Why the case is sent, in words: "max_results one above its upper bound".
    pub intent: String,
    /// The rule sides that the case exercises.
    pub exercises: Vec<RuleTarget>,
    /// What is sent.
    pub send: Payload,
    /// The answer that is required.
    pub expect: Expect,
}

/// The phases of a run, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The smallest valid request of a method.
    Baseline,
    /// Each field left unset, or set to its zero value.
    Unset,
    /// Each rule kept and broken, by values at its boundary.
    Boundary,
    /// Bytes and headers that no client library sends.
    Wire,
    /// Deadlines, paging, repeated requests, health, reflection: checks that take several
    /// calls.
    Behaviour,
    /// Calls on one resource: what one creates, later ones must find.
    Sequences,
    /// Random requests that mostly keep the rules, from a seed.
    Random,
}

impl Phase {
    /// All phases, in the order in which they run.
    pub const ALL: [Self; 7] = [
        Self::Baseline,
        Self::Unset,
        Self::Boundary,
        Self::Wire,
        Self::Behaviour,
        Self::Sequences,
        Self::Random,
    ];
}

/// A rule of a field and one of its sides: the unit of coverage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleTarget {
    /// The full name of the field, message or oneof that declares the rule:
    /// `bookstore.inventory.v1.Book.title`.
    pub field: String,
    /// The id of the rule: `string.min_len`; for a rule of list items, map keys or map
    /// values with its level in front, as in `repeated.items.string.min_len`.
    pub rule: String,
    /// Whether the case keeps or breaks the rule.
    pub side: Side,
}

/// The two sides of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The value keeps the rule, as close to its boundary as possible.
    Kept,
    /// The value breaks the rule, as close to its boundary as possible.
    Broken,
}

/// The content of a call.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Well-formed messages: exactly one, except in a client stream.
    Messages(Vec<DynamicMessage>),
    /// Bytes that no client library sends.
    Raw(RawCall),
}

/// A call given as bytes, including the gRPC frames.
#[derive(Debug, Clone, Default)]
pub struct RawCall {
    /// The path, if it is not that of the method.
    pub path: Option<String>,
    /// Headers to add or replace; an empty value removes the header. Further values of the
    /// same name are added.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body: gRPC frames, each with its prefix of five bytes, or other bytes in
    /// their place.
    pub body: Vec<u8>,
    /// Whether the stream is ended after the body by RST_STREAM instead of END_STREAM.
    pub reset: bool,
    /// The size of the DATA frames in bytes; 0 sends the body in as few as possible.
    pub piece: usize,
}

/// The answer that is required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// The request keeps every rule. Required is OK with a response that keeps its own
    /// rules, or an error that the method declares.
    Accepted,
    /// The request breaks exactly these rules. Required is INVALID_ARGUMENT with the
    /// details that the profile asks for.
    Refused(Vec<Violation>),
    /// The request lacks a field that its type requires, by `required` of proto2 or
    /// `LEGACY_REQUIRED` of an edition: the profile says whether the server's stack refuses to
    /// parse it. If it does not, the field has its default value, and the request breaks
    /// these rules.
    MissingRequired(Vec<Violation>),
    /// One of these codes, with any details: what the gRPC specification or the profile
    /// of the server's stack allows for malformed bytes. [`Code`] 0 is OK.
    OneOf(Vec<Code>),
    /// An answer that is not gRPC, with one of these HTTP statuses.
    Http(Vec<u16>),
    /// Any answer except a crash, a hang or a malformed one: the specification leaves it
    /// open.
    #[serde(alias = "survives")]
    #[serde(alias = "survives")]
    AnyAnswer,
}

/// A violation of a rule: one that a server must report, or one that it reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Violation {
    /// The path of the field: `books[0].book.title`; empty for a rule of the whole message.
    pub path: String,
    /// The id of the rule: `string.min_len`.
    pub rule: String,
}
