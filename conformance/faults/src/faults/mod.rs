//! The faults. Each fault violates the contract in one way; otherwise the server is
//! correct.

mod answer_form;
mod bounds;
mod certificates;
mod edge_values;
mod fault_behaviour;
mod legacy;
mod paging;
mod pieces;
mod refusals;
mod responses;
mod sequences;
mod server_behaviour;
mod state;
mod transport;
mod unchecked_rules;
mod undetectable;
mod unset;
mod wire;

use proofread::{case::Phase, finding::FindingKind};

pub use fault_behaviour::{FaultBehaviour, FaultyResponse};

/// A fault, with the phase that must detect it.
pub struct Fault {
    /// Its id, such as `unset/zero-accepted`.
    pub id: String,
    /// What the faulty server does, as a sentence without a subject.
    pub does: String,
    /// A prefix of the paths of the affected methods; the full path if only one method is
    /// affected, `/` or empty if all are.
    pub method: String,
    /// What must detect it.
    pub expectation: Expectation,
    /// How the faulty server responds.
    pub behaviour: Box<dyn FaultBehaviour>,
}

/// How a fault must be detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// This phase must report a finding of this kind.
    DetectedBy(Phase, FindingKind),
    /// No phase can detect it, for this reason.
    Undetectable(&'static str),
}

impl Fault {
    /// Whether the fault affects this method.
    pub fn applies_to(&self, path: &str) -> bool {
        path.starts_with(&self.method)
    }

    /// Whether the fault exits the process, and so must be served by a child process.
    pub fn exits_process(&self) -> bool {
        self.id == server_behaviour::EXITS_PROCESS
    }

    /// Whether the user named the methods, so that the server must implement them.
    pub fn is_about_included_methods(&self) -> bool {
        self.id.starts_with("unimplemented/")
    }

    /// Whether the server needs TLS with client certificates.
    pub fn is_about_certificates(&self) -> bool {
        self.id.starts_with("certificate/")
    }

    /// A fault that a phase must detect.
    fn new(
        id: &str,
        does: &str,
        method: &str,
        (phase, kind): (Phase, FindingKind),
        behaviour: impl FaultBehaviour + 'static,
    ) -> Self {
        Self {
            id: id.to_owned(),
            does: does.to_owned(),
            method: method.to_owned(),
            expectation: Expectation::DetectedBy(phase, kind),
            behaviour: Box::new(behaviour),
        }
    }
}

/// The faults that are written by hand.
pub fn table() -> Vec<Fault> {
    let parts = [
        unset::faults(),
        bounds::faults(),
        refusals::faults(),
        answer_form::faults(),
        responses::faults(),
        wire::faults(),
        transport::faults(),
        edge_values::faults(),
        pieces::faults(),
        legacy::faults(),
        paging::faults(),
        server_behaviour::faults(),
        certificates::faults(),
        state::faults(),
        sequences::faults(),
        undetectable::faults(),
    ];
    parts.into_iter().flatten().collect()
}

/// One generated fault for each rule of each request field: the rule is not checked.
pub fn unchecked_rules() -> Vec<Fault> {
    unchecked_rules::faults()
}

/// The fault with this id.
pub fn find(id: &str) -> Option<Fault> {
    let mut all = table().into_iter().chain(unchecked_rules());
    all.find(|fault| fault.id == id)
}

#[cfg(test)]
mod tests;
