use super::*;

fn cases(path: &str) -> Vec<Case> {
    let contract = every_rule::contract();
    let method = contract
        .methods()
        .find(|method| method.path == path)
        .expect("it exists");
    derive(&contract, method, &Fixtures::default()).cases
}

fn message_count(case: &Case) -> usize {
    match &case.send {
        Payload::Messages(messages) => messages.len(),
        Payload::Raw(_) => panic!("{} sends bytes", case.id),
    }
}

#[test]
fn a_client_stream_is_tested_with_one_no_and_three_messages() {
    for path in ["/rules.v1.Rules/Upload", "/rules.v1.Rules/Talk"] {
        let cases = cases(path);
        let counts: Vec<(&str, usize)> = cases[..3]
            .iter()
            .map(|case| (case.id.as_str(), message_count(case)))
            .collect();
        assert_eq!(
            counts,
            [
                ("baseline", 1),
                ("baseline/empty", 0),
                ("baseline/three", 3)
            ]
        );
        assert!(matches!(cases[1].expect, Expect::AnyAnswer));
    }
}

#[test]
fn an_invalid_message_is_sent_as_first_and_as_second() {
    let cases = cases("/rules.v1.Rules/Upload");
    let refused = cases
        .iter()
        .filter(|case| matches!(case.expect, Expect::Refused(_)));
    for case in refused {
        match case.id.rsplit_once('/') {
            Some((_, "first")) => assert_eq!(message_count(case), 1, "{}", case.id),
            Some((_, "second")) => assert_eq!(message_count(case), 2, "{}", case.id),
            _ => panic!("{} is neither first nor second", case.id),
        }
    }
    let ends = |end: &str| cases.iter().filter(|case| case.id.ends_with(end)).count();
    assert_eq!(ends("/first"), ends("/second"));
}
