//! Where the cases of a run come from: the contract, or a test.

use super::Note;
use crate::{case::Case, contract::Method};

/// What is derived for a method.
#[derive(Debug, Clone, Default)]
pub struct Derived {
    /// The cases, in their order; those of the baseline among them.
    pub cases: Vec<Case>,
    /// What has no case, and why.
    pub uncovered: Vec<Note>,
    /// Where intent and oracle disagree.
    pub defects: Vec<Note>,
}

/// Makes cases.
pub trait Source {
    /// The cases of the phases before the wire.
    fn derive(&self, method: &Method) -> Derived;

    /// Random cases, as many as anybody takes; the same for the same seed.
    fn random<'s>(&'s self, method: &'s Method, seed: u64) -> Box<dyn Iterator<Item = Case> + 's>;

    /// The smallest case that still fails.
    fn shrink(
        &self,
        case: &Case,
        fails: impl AsyncFnMut(&Case) -> bool,
    ) -> impl Future<Output = Case>;
}
