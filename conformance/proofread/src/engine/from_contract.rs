//! Cases by the contract: what a run is made of where no test says otherwise.

use std::cell::RefCell;

use super::{Derived, Note, Source};
use crate::{
    case::Case,
    cases::{self, CoverageGap, Deriver, Fixtures, RandomCases},
    contract::{Contract, Method},
    oracle::Oracle,
};

/// Derives cases from a contract.
pub struct FromContract<'c> {
    contract: &'c Contract,
    oracle: Oracle,
    fixtures: &'c Fixtures,
    deriver: RefCell<Deriver<'c>>,
    sides: RefCell<Vec<CoverageGap>>,
}

impl<'c> FromContract<'c> {
    /// Prepares for a contract.
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

    /// The sides of rules that no case was found for, of the methods so far: the
    /// coverage says why.
    pub fn sides(&self) -> Vec<CoverageGap> {
        self.sides.borrow().clone()
    }
}

impl Source for FromContract<'_> {
    fn derive(&self, method: &Method) -> Derived {
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
        let others = others.iter().map(|it| match it.subject == it.method {
            true => note(it.reason.clone()),
            false => note(it.to_string()),
        });
        Derived {
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

    async fn shrink(&self, case: &Case, fails: impl AsyncFnMut(&Case) -> bool) -> Case {
        cases::shrink(&self.oracle, case, fails).await
    }
}
