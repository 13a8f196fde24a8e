use super::*;
use crate::case::Phase;

fn random_cases(
    contract: &Contract,
    oracle: &Oracle,
    method: &Method,
    seed: u64,
    count: usize,
) -> Vec<Case> {
    let fixtures = Fixtures::default();
    RandomCases::new(contract, oracle, method, &fixtures, seed)
        .take(count)
        .collect()
}

#[test]
fn random_cases_expect_what_the_oracle_says() {
    let contract = every_rule::contract();
    let oracle = Oracle::new(&contract);
    for method in contract.methods() {
        let well_known = contract.message(&method.request).is_none();
        let cases = random_cases(&contract, &oracle, method, 7, 60);
        assert_eq!(
            cases.len(),
            if well_known { 0 } else { 60 },
            "{}",
            method.path
        );
        for case in &cases {
            assert_eq!(case.phase, Phase::Random);
            check_case(case, &oracle);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_cases() {
    let contract = every_rule::contract();
    let oracle = Oracle::new(&contract);
    // Timestamps near now depend on the clock, not only on the seed.
    for method in contract.methods().filter(|method| method.name != "Times") {
        let first = random_cases(&contract, &oracle, method, 1, 20);
        let again = random_cases(&contract, &oracle, method, 1, 20);
        let other = random_cases(&contract, &oracle, method, 2, 20);
        assert!(
            first
                .iter()
                .zip(&again)
                .all(|(left, right)| is_same(left, right)),
            "{}",
            method.path
        );
        assert_eq!(first.len(), again.len());
        let differs = first
            .iter()
            .zip(&other)
            .any(|(left, right)| !is_same(left, right));
        assert_eq!(
            differs,
            contract.message(&method.request).is_some(),
            "{}",
            method.path
        );
    }
}

fn is_same(left: &Case, right: &Case) -> bool {
    let (Payload::Messages(left), Payload::Messages(right)) = (&left.send, &right.send) else {
        return false;
    };
    // NaN does not equal itself.
    let has_nan = |messages: &[DynamicMessage]| format!("{messages:?}").contains("NaN");
    left == right || (has_nan(left) && has_nan(right))
}

#[test]
fn random_requests_of_the_bookstore_are_valid_and_invalid() {
    let contract = bookstore::contract();
    let oracle = Oracle::new(&contract);
    for method in contract.methods() {
        let request = contract
            .message(&method.request)
            .expect("it is of the contract");
        let cases = random_cases(&contract, &oracle, method, 3, 200);
        let accepted = cases
            .iter()
            .filter(|case| matches!(case.expect, Expect::Accepted))
            .count();
        let has_rules = cases.iter().any(|case| !case.exercises.is_empty());
        let fields = request.fields.iter().any(|field| field.rules.is_some());
        assert_eq!(has_rules, fields, "{}", method.path);
        assert!(accepted >= 60, "{} accepts {accepted} of 200", method.path);
        assert!(
            !fields || accepted <= 190,
            "{} accepts {accepted} of 200",
            method.path
        );
    }
}
