//! The settings of the sequences.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use crate::config::{HumanDuration, one_or_many};

/// The table `[sequences]` of the configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SequenceSettings {
    /// The number of random walks for each kind of resource.
    pub walks: usize,
    /// The greatest number of steps of a walk.
    pub steps: usize,
    /// How long a change may take until reads show it.
    pub settle: HumanDuration,
    /// The full names of the messages that another caller may read, although the call that
    /// creates them needs a credential.
    pub shared: Vec<String>,
    /// The methods of resources, by the full name of the message. They win over what is
    /// inferred.
    pub resources: BTreeMap<String, DeclaredResource>,
}

/// The methods of a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeclaredResource {
    /// Whether no sequences of it are run.
    pub skip: bool,
    /// The method that reads one.
    pub get: Option<String>,
    /// The method that creates one.
    pub create: Option<String>,
    /// The method that changes one.
    pub update: Option<String>,
    /// The method that deletes one.
    pub delete: Option<String>,
    /// The methods that list all.
    #[serde(deserialize_with = "one_or_many")]
    pub list: Vec<String>,
}

impl Default for SequenceSettings {
    fn default() -> Self {
        Self {
            walks: 10,
            steps: 16,
            settle: HumanDuration(Duration::from_secs(1)),
            shared: Vec::new(),
            resources: BTreeMap::new(),
        }
    }
}
