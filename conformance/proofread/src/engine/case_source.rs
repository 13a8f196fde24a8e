//! The interface through which the engine gets its cases.

use prost_reflect::FieldDescriptor;

use super::Note;
use crate::{case::Case, contract::Method};

/// The derived cases of one method.
#[derive(Debug, Clone, Default)]
pub struct DerivedCases {
    /// The cases in the order of sending, including those of the baseline.
    pub cases: Vec<Case>,
    /// Rules and fields for which no case could be made, with the reason.
    pub uncovered: Vec<Note>,
    /// Cases whose intent contradicts the verdict of the oracle: defects of proofread.
    pub defects: Vec<Note>,
}

/// Makes the cases of a run: [`ContractCases`](super::ContractCases), or a test.
pub trait CaseSource {
    /// The cases of the baseline, unset and boundary phases.
    fn derive(&self, method: &Method) -> DerivedCases;

    /// An endless sequence of random cases; the same for the same seed.
    fn random<'s>(&'s self, method: &'s Method, seed: u64) -> Box<dyn Iterator<Item = Case> + 's>;

    /// Whether the configuration has values for a field.
    fn has_fixture(&self, _field: &FieldDescriptor) -> bool {
        false
    }

    /// The smallest variant of `case` for which `fails` is still true.
    fn shrink(
        &self,
        case: &Case,
        fails: impl AsyncFnMut(&Case) -> bool,
    ) -> impl Future<Output = Case>;
}
