//! The faults: each one thing that a server does against its contract, on a
//! server that is correct otherwise.

mod answers;
mod behaviour;
mod bounds;
mod pages;
mod refusals;
mod sweep;
mod undetectable;
mod unset;
mod wire;
mod wrong;

use proofread::{case::Phase, finding::FindingKind};

pub use wrong::{Answer, Wrong};

/// A fault.
pub struct Fault {
    /// Its name, by which it is served: `unset/zero-number-accepted`.
    pub id: String,
    /// What the server does.
    pub does: String,
    /// The path of the method that it is on; the beginning of the paths where it
    /// is on several, and so empty where it is on all.
    pub method: String,
    /// Who must catch it, and how.
    pub claim: Claim,
    /// What is wrong.
    pub wrong: Box<dyn Wrong>,
}

/// What is said of a fault beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// This phase finds it, as a finding of this kind.
    Caught(Phase, FindingKind),
    /// Nothing can find it, for this reason.
    Undetectable(&'static str),
}

impl Fault {
    /// Whether the fault is on this method.
    pub fn concerns(&self, path: &str) -> bool {
        path.starts_with(&self.method)
    }

    /// Whether the fault ends the process, and so must not be served in this one.
    pub fn kills(&self) -> bool {
        self.id == behaviour::KILLS
    }

    /// A fault that a phase claims.
    fn new(
        id: &str,
        does: &str,
        method: &str,
        (phase, kind): (Phase, FindingKind),
        wrong: impl Wrong + 'static,
    ) -> Self {
        Self {
            id: id.to_owned(),
            does: does.to_owned(),
            method: method.to_owned(),
            claim: Claim::Caught(phase, kind),
            wrong: Box::new(wrong),
        }
    }
}

/// The faults that were thought of one by one.
pub fn table() -> Vec<Fault> {
    let parts = [
        unset::faults(),
        bounds::faults(),
        refusals::faults(),
        answers::faults(),
        wire::faults(),
        pages::faults(),
        behaviour::faults(),
        undetectable::faults(),
    ];
    parts.into_iter().flatten().collect()
}

/// One fault for each rule of each field of each request: it is not checked.
pub fn sweep() -> Vec<Fault> {
    sweep::faults()
}

/// The fault with an id.
pub fn find(id: &str) -> Option<Fault> {
    let mut all = table().into_iter().chain(sweep());
    all.find(|fault| fault.id == id)
}

#[cfg(test)]
mod tests;
