//! The cases that a contract implies: the [`CaseSource`] of every run outside tests.

use std::cell::RefCell;

use prost_reflect::FieldDescriptor;

use super::{CaseSource, DerivedCases, Note};
use crate::{
    case::Case,
    cases::{self, CoverageGap, Deriver, Fixtures, RandomCases},
    contract::{Contract, Method},
    oracle::Oracle,
};

/// Derives cases from a contract.
pub struct ContractCases<'c> {
    contract: &'c Contract,
    oracle: Oracle,
    fixtures: &'c Fixtures,
    deriver: RefCell<Deriver<'c>>,
    sides: RefCell<Vec<CoverageGap>>,
}

impl<'c> ContractCases<'c> {
    /// Compiles the rules of `contract`. `fixtures` are values that exist on the server.
    pub fn new(contract: &'c Contract, fixtures: &'c Fixtures) -> Self {
        let oracle = Oracle::new(contract);
        Self {
            contract,
            deriver: RefCell::new(Deriver::new(contract, &oracle, fixtures)),
            oracle,
            fixtures,
            sides: RefCell::default(),
        }
    }

    /// The rule sides for which no case could be made, for the methods derived so far.
    /// The coverage report shows the reasons.
    pub fn uncovered_sides(&self) -> Vec<CoverageGap> {
        self.sides.borrow().clone()
    }
}

impl CaseSource for ContractCases<'_> {
    fn derive(&self, method: &Method) -> DerivedCases {
        let generated = self.deriver.borrow_mut().derive(method);
        let note = |text: String| Note {
            about: method.path.clone(),
            text,
        };
        let (sides, others): (Vec<CoverageGap>, Vec<CoverageGap>) = generated
            .uncovered
            .into_iter()
            .partition(|it| it.side.is_some());
        self.sides.borrow_mut().extend(sides);
        let others = others.iter().map(|it| {
            note(if it.subject == it.method {
                it.reason.clone()
            } else {
                it.to_string()
            })
        });
        DerivedCases {
            uncovered: others.collect(),
            defects: generated
                .defects
                .iter()
                .map(|it| note(it.to_string()))
                .collect(),
            cases: generated.cases,
        }
    }

    fn random<'s>(&'s self, method: &'s Method, seed: u64) -> Box<dyn Iterator<Item = Case> + 's> {
        let oracle = &self.oracle;
        let random = RandomCases::new(self.contract, oracle, method, self.fixtures, seed);
        Box::new(random)
    }

    fn has_fixture(&self, field: &FieldDescriptor) -> bool {
        self.fixtures.has_values(field)
    }

    async fn shrink(&self, case: &Case, fails: impl AsyncFnMut(&Case) -> bool) -> Case {
        cases::shrink(&self.oracle, case, fails).await
    }
}
