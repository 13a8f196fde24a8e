//! What is sent to a server, why, and what the contract says must come back.

use prost_reflect::DynamicMessage;
use serde::{Deserialize, Serialize};

use crate::contract::Code;

/// One thing to try.
#[derive(Debug, Clone)]
pub struct Case {
    /// Stable over runs and readable: `boundary/max_results/int32.gte_lte/above`.
    /// Unique within the method.
    pub id: String,
    /// The path of the method on the wire: `/bookstore.inventory.v1.InventoryService/GetBook`.
    pub method: String,
    /// Where the case comes from.
    pub phase: Phase,
    /// Why it is sent, in words: "max_results one above its upper bound".
    pub intent: String,
    /// The rules that it exercises, each from one side.
    pub exercises: Vec<Exercise>,
    /// What is sent.
    pub send: Send,
    /// What must come back.
    pub expect: Expect,
}

/// Where cases come from, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The smallest valid request of a method.
    Baseline,
    /// Fields left out, or set to their zero value.
    Unset,
    /// Each rule from both sides.
    Boundary,
    /// What no client library sends.
    Wire,
    /// Deadlines, paging, replays, health, reflection.
    Behaviour,
    /// Random requests by the rules, seeded.
    Random,
}

impl Phase {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 6] = [
        Self::Baseline,
        Self::Unset,
        Self::Boundary,
        Self::Wire,
        Self::Behaviour,
        Self::Random,
    ];
}

/// A rule of a field, seen from one side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Exercise {
    /// The field that declares the rule: `bookstore.inventory.v1.Book.title`.
    pub field: String,
    /// The id of the rule: `string.min_len`; for a rule of items, keys or values with
    /// its level in front, as in `repeated.items.string.min_len`.
    pub rule: String,
    /// Whether the value keeps the rule or breaks it.
    pub side: Side,
}

/// The side of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The value keeps the rule, as closely as it can.
    Kept,
    /// The value breaks the rule, as little as it can.
    Broken,
}

/// What is sent.
#[derive(Debug, Clone)]
pub enum Send {
    /// Well-formed messages: one, or for a client stream any number.
    Messages(Vec<DynamicMessage>),
    /// Bytes that no client library sends.
    Raw(RawCall),
}

/// A call spelled out down to its frames.
#[derive(Debug, Clone, Default)]
pub struct RawCall {
    /// The path, where it is not that of the method.
    pub path: Option<String>,
    /// Headers to add; one that is there is replaced, an empty value removes it.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The whole body: gRPC frames with their five bytes in front, or whatever is
    /// put in their place.
    pub body: Vec<u8>,
    /// Ends the stream by RST_STREAM after the body and not by END_STREAM.
    pub reset: bool,
}

/// What must come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// The request keeps every rule: the answer is OK with a response that keeps
    /// its rules, or an error that the method declares.
    Accepted,
    /// The request breaks exactly these rules: INVALID_ARGUMENT with both details.
    Refused(Vec<Due>),
    /// One of these codes, whatever the details: what the gRPC specification or the
    /// profile of the server's stack says of bytes that are not as they should be.
    /// [`Code`] 0 is OK.
    OneOf(Vec<Code>),
    /// Not a gRPC answer: one of these HTTP statuses.
    Http(Vec<u16>),
    /// Anything but a crash, a hang or a malformed answer: the specification leaves
    /// it open.
    Survives,
}

/// A violation that is due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Due {
    /// The path of the field: `books[0].book.title`; empty for a rule of the message.
    pub path: String,
    /// The id of the rule: `string.min_len`.
    pub rule: String,
}
