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
        generated.cases.iter().for_each(|case| coverage.see(case));
        coverage.excuse(&generated.uncovered);
    }
    let one_sided = coverage
        .report()
        .into_iter()
        .filter(|rule| rule.kept == 0 || rule.broken == 0);
    for rule in one_sided {
        // A field that is ignored where it is empty can't break the rule of being
        // empty; that is the only reason there is.
        assert_eq!(rule.kept_reason, None, "{rule:?}");
        assert!(rule.rule.ends_with("_empty"), "{rule:?}");
        let reason = rule.broken_reason.expect("a reason is given");
        assert_eq!(
            reason,
            "what is empty counts as unset here and is not checked"
        );
    }
}
