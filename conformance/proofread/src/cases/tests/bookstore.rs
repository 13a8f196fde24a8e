use super::*;
use crate::coverage::Coverage;

pub(super) fn contract() -> Contract {
    let image = include_bytes!("../../../../../gen/contract.binpb");
    Contract::decode(image).expect("the bookstore's contract is sound")
}

#[test]
fn every_rule_of_the_bookstore_is_exercised_from_both_sides() {
    let contract = contract();
    let oracle = Oracle::new(&contract);
    let fixtures = Fixtures::default();
    let mut deriver = Deriver::new(&contract, &oracle, &fixtures);
    let mut coverage = Coverage::of(&contract, contract.methods());
    for method in contract.methods() {
        let generated = deriver.derive(method);
        check(method, &generated, &oracle);
        generated
            .cases
            .iter()
            .for_each(|case| coverage.record(case));
        coverage.record_gaps(&generated.uncovered);
    }
    let rules = coverage.report().into_iter();
    let one_sided: Vec<_> = rules.filter(|it| it.kept == 0 || it.broken == 0).collect();
    assert!(one_sided.is_empty(), "{one_sided:#?}");
}
