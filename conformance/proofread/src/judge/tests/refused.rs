//! Requests that break rules.

use super::*;

#[test]
fn a_correct_refusal_is_no_finding() {
    for padded in [false, true] {
        let bent = Bent {
            padded,
            ..Bent::refusal()
        };
        let refused = case(GET, Expect::Refused(due()));
        assert_eq!(kinds_of(&both(), &refused, &bent.outcome()), []);
    }
}

#[test]
fn each_way_to_refuse_wrongly_is_found() {
    let pair = |path: &str, rule: &str| (path.to_owned(), rule.to_owned());
    let table: Vec<(&str, Bent, FindingKind)> = vec![
        (
            "another code",
            Bent {
                inner_code: 9,
                code: 9,
                ..Bent::refusal()
            },
            FindingKind::WrongCode,
        ),
        (
            "an inner code that differs",
            Bent {
                inner_code: 9,
                ..Bent::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "an inner message that differs",
            Bent {
                inner_message: "other".to_owned(),
                ..Bent::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "a violation too few",
            Bent {
                violations: Some(vec![pair("id", "int32.gt")]),
                ..Bent::refusal()
            },
            FindingKind::WrongViolations,
        ),
        (
            "a violation too many",
            Bent {
                violations: Some(vec![
                    pair("id", "int32.gt"),
                    pair("name", "string.min_len"),
                    pair("name", "string.pattern"),
                ]),
                ..Bent::refusal()
            },
            FindingKind::WrongViolations,
        ),
        (
            "another path",
            Bent {
                violations: Some(vec![
                    pair("request.id", "int32.gt"),
                    pair("name", "string.min_len"),
                ]),
                ..Bent::refusal()
            },
            FindingKind::WrongViolations,
        ),
        (
            "no rule id",
            Bent {
                violations: Some(vec![pair("id", ""), pair("name", "string.min_len")]),
                ..Bent::refusal()
            },
            FindingKind::WrongViolations,
        ),
        (
            "no violations in the list",
            Bent {
                violations: Some(Vec::new()),
                ..Bent::refusal()
            },
            FindingKind::WrongViolations,
        ),
        (
            "no list of violations",
            Bent {
                violations: None,
                ..Bent::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "no bad request",
            Bent {
                fields: None,
                ..Bent::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "a bad request of another field",
            Bent {
                fields: Some(vec![
                    pair("id", "INT32_GT"),
                    pair("other", "STRING_MIN_LEN"),
                ]),
                ..Bent::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "a bad request with another reason",
            Bent {
                fields: Some(vec![pair("id", "INT32_LT"), pair("name", "STRING_MIN_LEN")]),
                ..Bent::refusal()
            },
            FindingKind::WrongDetails,
        ),
        (
            "the details the other way round",
            Bent {
                reversed: true,
                ..Bent::refusal()
            },
            FindingKind::WrongDetails,
        ),
    ];
    let refused = case(GET, Expect::Refused(due()));
    for (what, bent, kind) in table {
        assert_eq!(
            kinds_of(&both(), &refused, &bent.outcome()),
            [kind],
            "{what}"
        );
    }
    let accepted = Outcome::Answered(ok(&[TITLE]));
    let kinds = kinds_of(&both(), &refused, &accepted);
    assert_eq!(kinds, [FindingKind::RuleNotChecked]);
    let open = Answer {
        stopped: true,
        trailers: Vec::new(),
        ..ok(&[TITLE])
    };
    let stream = case(WATCH, Expect::Refused(due()));
    let kinds = kinds_of(&both(), &stream, &Outcome::Answered(open));
    assert_eq!(kinds, [FindingKind::RuleNotChecked]);
}

#[test]
fn the_profile_says_which_details_there_must_be() {
    let bare = Bent::error(3);
    let only_violations = Bent {
        fields: None,
        ..Bent::refusal()
    };
    let only_fields = Bent {
        violations: None,
        fields: Some(vec![
            ("id".to_owned(), String::new()),
            ("name".to_owned(), String::new()),
        ]),
        ..Bent::refusal()
    };
    let refused = case(GET, Expect::Refused(due()));
    let fine = |details: Details, bent: &Bent| {
        let profile = Profile::strict().with_details(details);
        kinds_of(&profile, &refused, &bent.outcome()).is_empty()
    };
    let table = [
        (Details::Both, [false, false, false]),
        (Details::Violations, [false, true, false]),
        (Details::BadRequest, [false, false, true]),
        (Details::Any, [true, true, true]),
        (Details::None, [true, true, true]),
    ];
    for (details, expected) in table {
        let found = [&bare, &only_violations, &only_fields].map(|bent| fine(details, bent));
        assert_eq!(found, expected, "{details}");
    }
}

#[test]
fn a_valid_message_may_fail_before_the_one_that_is_refused() {
    let contract = Contract::decode(&testing::shop(SHOP)).expect("a contract");
    let request = contract.message("shop.v1.GetRequest").expect("a message");
    let message = DynamicMessage::new(request.descriptor.clone());
    let declared = Bent {
        reason: Some("BOOK_NOT_FOUND"),
        ..Bent::error(5)
    };
    let mut refused = case(GET, Expect::Refused(due()));
    for (count, kinds) in [(1, vec![FindingKind::WrongCode]), (2, vec![])] {
        refused.send = Send::Messages(vec![message.clone(); count]);
        assert_eq!(kinds_of(&both(), &refused, &declared.outcome()), kinds);
    }
    let undeclared = Bent::error(5).outcome();
    let kinds = kinds_of(&both(), &refused, &undeclared);
    assert_eq!(kinds, [FindingKind::WrongCode]);
}

/// Many violations, of which some are listed.
fn flood(due: usize, listed: usize, message: &str) -> (Case, Outcome) {
    let name = |at: usize| format!("books_with_a_long_name_{at:04}.a_long_field_name");
    let all = (0..due).map(|at| case::Violation {
        path: name(at),
        rule: "string.min_len".to_owned(),
    });
    let pairs = |rule: &str| (0..listed).map(|at| (name(at), rule.to_owned())).collect();
    let bent = Bent {
        message: message.to_owned(),
        inner_message: message.to_owned(),
        violations: Some(pairs("string.min_len")),
        fields: Some(pairs("STRING_MIN_LEN")),
        ..Bent::refusal()
    };
    (case(GET, Expect::Refused(all.collect())), bent.outcome())
}

#[test]
fn violations_beyond_the_trailer_may_be_left_out_if_they_are_counted() {
    let profile = both().with_trailer_limit(4096);
    let told = "books: too short (and 999 more, 990 of them not listed)";
    let (case, outcome) = flood(1000, 10, told);
    assert_eq!(kinds_of(&profile, &case, &outcome), []);
    let (case, outcome) = flood(1000, 10, "books: too short");
    let kinds = kinds_of(&profile, &case, &outcome);
    assert_eq!(kinds, [FindingKind::WrongViolations]);
    // All of these would fit.
    let (case, outcome) = flood(4, 1, "books: too short (and 3 more, 3 of them not listed)");
    let kinds = kinds_of(&profile, &case, &outcome);
    assert_eq!(kinds, [FindingKind::WrongViolations]);
    let (case, outcome) = flood(60, 60, "too many");
    let kinds = kinds_of(&profile, &case, &outcome);
    assert_eq!(kinds, [FindingKind::TrailerTooBig]);
}
