//! Verdicts about the answers to requests that break rules.

use super::*;

#[test]
fn correct_refusal_is_no_finding() {
    for padded in [false, true] {
        let error_answer = ErrorAnswer {
            padded,
            ..ErrorAnswer::refusal()
        };
        let refused = case(GET, Expect::Refused(due()));
        assert_eq!(kinds_of(&both(), &refused, &error_answer.outcome()), []);
    }
}

#[test]
fn incorrect_refusals_are_found() {
    let pair = |path: &str, rule: &str| (path.to_owned(), rule.to_owned());
    let table: Vec<(&str, ErrorAnswer, FindingKind)> = vec![
        (
            "another code",
            ErrorAnswer {
                inner_code: 9,
                code: 9,
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongCode,
        ),
        (
            "an inner code that differs",
            ErrorAnswer {
                inner_code: 9,
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "an inner message that differs",
            ErrorAnswer {
                inner_message: "other".to_owned(),
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "a violation too few",
            ErrorAnswer {
                violations: Some(vec![pair("id", "int32.gt")]),
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongViolations,
        ),
        (
            "a violation too many",
            ErrorAnswer {
                violations: Some(vec![
                    pair("id", "int32.gt"),
                    pair("name", "string.min_len"),
                    pair("name", "string.pattern"),
                ]),
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongViolations,
        ),
        (
            "another path",
            ErrorAnswer {
                violations: Some(vec![
                    pair("request.id", "int32.gt"),
                    pair("name", "string.min_len"),
                ]),
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongViolations,
        ),
        (
            "no rule id",
            ErrorAnswer {
                violations: Some(vec![pair("id", ""), pair("name", "string.min_len")]),
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongViolations,
        ),
        (
            "no violations in the list",
            ErrorAnswer {
                violations: Some(Vec::new()),
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongViolations,
        ),
        (
            "no list of violations",
            ErrorAnswer {
                violations: None,
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "no bad request",
            ErrorAnswer {
                fields: None,
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "a bad request of another field",
            ErrorAnswer {
                fields: Some(vec![
                    pair("id", "INT32_GT"),
                    pair("other", "STRING_MIN_LEN"),
                ]),
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "a bad request with another reason",
            ErrorAnswer {
                fields: Some(vec![pair("id", "INT32_LT"), pair("name", "STRING_MIN_LEN")]),
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "the details the other way round",
            ErrorAnswer {
                reversed: true,
                ..ErrorAnswer::refusal()
            },
            FindingKind::WrongDetails,
        ),
    ];
    let refused = case(GET, Expect::Refused(due()));
    for (what, error_answer, kind) in table {
        assert_eq!(
            kinds_of(&both(), &refused, &error_answer.outcome()),
            [kind],
            "{what}"
        );
    }
    let accepted = Outcome::Answered(ok(&[TITLE]));
    let kinds = kinds_of(&both(), &refused, &accepted);
    assert_eq!(kinds, [FindingKind::RuleNotChecked]);
    let open = Answer {
        stopped_early: true,
        trailers: Vec::new(),
        ..ok(&[TITLE])
    };
    let stream = case(WATCH, Expect::Refused(due()));
    let kinds = kinds_of(&both(), &stream, &Outcome::Answered(open));
    assert_eq!(kinds, [FindingKind::RuleNotChecked]);
}

#[test]
fn profile_decides_which_details_are_required() {
    let bare = ErrorAnswer::error(3);
    let only_violations = ErrorAnswer {
        fields: None,
        ..ErrorAnswer::refusal()
    };
    let only_fields = ErrorAnswer {
        violations: None,
        fields: Some(vec![
            ("id".to_owned(), String::new()),
            ("name".to_owned(), String::new()),
        ]),
        ..ErrorAnswer::refusal()
    };
    let refused = case(GET, Expect::Refused(due()));
    let fine = |details: Details, error_answer: &ErrorAnswer| {
        let profile = Profile::strict().with_details(details);
        kinds_of(&profile, &refused, &error_answer.outcome()).is_empty()
    };
    let table = [
        (Details::Both, [false, false, false]),
        (Details::Violations, [false, true, false]),
        (Details::BadRequest, [false, false, true]),
        (Details::Any, [true, true, true]),
        (Details::None, [true, true, true]),
    ];
    for (details, expected) in table {
        let found =
            [&bare, &only_violations, &only_fields].map(|error_answer| fine(details, error_answer));
        assert_eq!(found, expected, "{details}");
    }
}

#[test]
fn declared_error_of_an_earlier_message_in_a_stream_is_allowed() {
    let contract = Contract::decode(&testing::shop(SHOP)).expect("a contract");
    let request = contract.message("shop.v1.GetRequest").expect("a message");
    let message = DynamicMessage::new(request.descriptor.clone());
    let declared = ErrorAnswer {
        reason: Some("BOOK_NOT_FOUND"),
        ..ErrorAnswer::error(5)
    };
    let mut refused = case(GET, Expect::Refused(due()));
    for (count, kinds) in [(1, vec![FindingKind::WrongCode]), (2, vec![])] {
        refused.send = Payload::Messages(vec![message.clone(); count]);
        assert_eq!(kinds_of(&both(), &refused, &declared.outcome()), kinds);
    }
    let undeclared = ErrorAnswer::error(5).outcome();
    let kinds = kinds_of(&both(), &refused, &undeclared);
    assert_eq!(kinds, [FindingKind::WrongCode]);
}

/// A case that breaks `due` rules, and an answer that lists `listed` of them.
fn partially_listed(due: usize, listed: usize, message: &str) -> (Case, Outcome) {
    let name = |at: usize| format!("books_with_a_long_name_{at:04}.a_long_field_name");
    let all = (0..due).map(|at| case::Violation {
        path: name(at),
        rule: "string.min_len".to_owned(),
    });
    let pairs = |rule: &str| (0..listed).map(|at| (name(at), rule.to_owned())).collect();
    let error_answer = ErrorAnswer {
        message: message.to_owned(),
        inner_message: message.to_owned(),
        violations: Some(pairs("string.min_len")),
        fields: Some(pairs("STRING_MIN_LEN")),
        ..ErrorAnswer::refusal()
    };
    (
        case(GET, Expect::Refused(all.collect())),
        error_answer.outcome(),
    )
}

#[test]
fn violations_that_do_not_fit_may_be_omitted_if_they_are_counted() {
    let profile = both().with_trailer_limit(4096);
    let message = "books: too short (and 999 more, 990 of them not listed)";
    let (case, outcome) = partially_listed(1000, 10, message);
    assert_eq!(kinds_of(&profile, &case, &outcome), []);
    let (case, outcome) = partially_listed(1000, 10, "books: too short");
    let kinds = kinds_of(&profile, &case, &outcome);
    assert_eq!(kinds, [FindingKind::WrongViolations]);
    // All of these would fit.
    let (case, outcome) =
        partially_listed(4, 1, "books: too short (and 3 more, 3 of them not listed)");
    let kinds = kinds_of(&profile, &case, &outcome);
    assert_eq!(kinds, [FindingKind::WrongViolations]);
    let (case, outcome) = partially_listed(60, 60, "too many");
    let kinds = kinds_of(&profile, &case, &outcome);
    assert_eq!(kinds, [FindingKind::TrailerTooBig]);
}
