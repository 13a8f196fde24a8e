//! The sequence of calls that led to a finding.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// A sequence of calls on the resources of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// The full name of the message of the resource.
    pub resource: String,
    /// What was done, for `replay`.
    pub steps: Vec<Step>,
    /// The calls, for reports. One step may be several calls, such as the pages of a list.
    pub calls: Vec<SequenceCall>,
}

/// A step of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// The number of the resource, from 0.
    pub slot: usize,
    /// Whether another caller does it than the one who created the resource.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_other: bool,
    /// Which of several fields is changed, or which of several methods lists.
    #[serde(default)]
    pub variant: usize,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Creates the resource.
    Create,
    /// Repeats the call that created it, with the same idempotency key.
    Replay,
    /// Reads it.
    Get,
    /// Lists all.
    List,
    /// Changes a field.
    Update,
    /// Deletes it.
    Delete,
}

/// A call of a sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceCall {
    /// The path of the method.
    pub method: String,
    /// The name of the credential, if it is not the one that calls of the method carry
    /// otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// The request as JSON.
    pub request: String,
    /// The values in the request that differ in each run: the JSON pointer, and the name of
    /// the variable that has the value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// The values of the response that later requests need: the name of the variable, and
    /// the path of the value, such as `.note.noteId`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub captured: BTreeMap<String, String>,
    /// The answer.
    pub observed: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Action::Create => "create",
            Action::Replay => "replay",
            Action::Get => "get",
            Action::List => "list",
            Action::Update => "update",
            Action::Delete => "delete",
        };
        f.write_str(action)?;
        if self.action != Action::List {
            write!(f, "-{}", slot_name(self.slot))?;
        }
        if self.by_other {
            f.write_str("-by-other")?;
        }
        Ok(())
    }
}

/// `a` for the first resource.
pub(crate) fn slot_name(slot: usize) -> char {
    u8::try_from(slot).map_or('z', |slot| char::from(b'a' + slot.min(25)))
}
