//! Remembers which responses are valid, because servers send many identical ones.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::MethodContract;

/// The hashes of responses that were found to keep their rules.
#[derive(Default)]
pub(super) struct ValidResponses(HashSet<u64>);

impl ValidResponses {
    /// Enough for a run; takes 2 MB.
    const MAX_ENTRIES: usize = 100_000;

    pub(super) fn contains(&self, contract: &MethodContract<'_>, bytes: &[u8]) -> bool {
        self.0.contains(&hash(contract, bytes))
    }

    pub(super) fn insert(&mut self, contract: &MethodContract<'_>, bytes: &[u8]) {
        if self.0.len() < Self::MAX_ENTRIES {
            self.0.insert(hash(contract, bytes));
        }
    }
}

fn hash(contract: &MethodContract<'_>, bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (contract.response.full_name(), bytes).hash(&mut hasher);
    hasher.finish()
}
