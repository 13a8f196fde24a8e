//! Requests that keep every rule.

use super::*;

#[test]
fn a_valid_request_is_answered_by_a_valid_response_or_a_declared_error() {
    let accepted = case(GET, Expect::Accepted);
    let declared = Bent {
        reason: Some("BOOK_NOT_FOUND"),
        ..Bent::error(5)
    };
    let odd = Bent {
        reason: Some("ODD"),
        ..Bent::error(3)
    };
    let fine = [
        Outcome::Answered(ok(&[TITLE])),
        declared.outcome(),
        odd.outcome(),
        Bent::error(14).outcome(),
    ];
    for outcome in fine {
        assert_eq!(kinds_of(&both(), &accepted, &outcome), [], "{outcome:?}");
    }
    let other_reason = Bent {
        reason: Some("GONE"),
        ..Bent::error(5)
    };
    let table = [
        (other_reason.outcome(), FindingKind::UndeclaredError),
        (Bent::error(5).outcome(), FindingKind::UndeclaredError),
        (Bent::error(13).outcome(), FindingKind::UndeclaredError),
        (Bent::refusal().outcome(), FindingKind::ValidRefused),
        (Bent::error(3).outcome(), FindingKind::ValidRefused),
        (Outcome::Answered(ok(&[])), FindingKind::BadResponse),
        (
            Outcome::Answered(ok(&[TITLE, TITLE])),
            FindingKind::BadResponse,
        ),
        (Outcome::Answered(ok(&[b""])), FindingKind::BadResponse),
        (
            Outcome::Answered(ok(&[&[0xff, 0xff]])),
            FindingKind::BadResponse,
        ),
        (Outcome::Reset { code: 2 }, FindingKind::Protocol),
        (
            Outcome::TimedOut {
                after: std::time::Duration::from_secs(1),
            },
            FindingKind::Crash,
        ),
        (
            Outcome::Broken {
                cause: "gone".to_owned(),
            },
            FindingKind::Crash,
        ),
    ];
    for (outcome, kind) in table {
        assert_eq!(
            kinds_of(&both(), &accepted, &outcome),
            [kind],
            "{outcome:?}"
        );
    }
    let stream = case(WATCH, Expect::Accepted);
    for messages in [&[][..], &[TITLE, TITLE][..]] {
        let outcome = Outcome::Answered(ok(messages));
        assert_eq!(kinds_of(&both(), &stream, &outcome), []);
    }
    let kinds = kinds_of(&both(), &stream, &Outcome::Answered(ok(&[TITLE, b""])));
    assert_eq!(kinds, [FindingKind::BadResponse]);
}

#[test]
fn a_contract_that_declares_nothing_allows_all_but_defects() {
    let accepted = case(PLAIN, Expect::Accepted);
    for code in [3, 5, 7, 9, 12, 16] {
        let outcome = Bent::error(code).outcome();
        assert_eq!(kinds_of(&both(), &accepted, &outcome), [], "{code}");
    }
    for code in [2, 13, 15] {
        let kinds = kinds_of(&both(), &accepted, &Bent::error(code).outcome());
        assert_eq!(kinds, [FindingKind::UndeclaredError], "{code}");
    }
}

#[test]
fn a_finding_says_what_was_sent() {
    let contract = Contract::decode(&testing::shop(SHOP)).expect("a contract");
    let request = contract.message("shop.v1.GetRequest").expect("a message");
    let mut message = DynamicMessage::new(request.descriptor.clone());
    message.set_field_by_name("id", prost_reflect::Value::I32(7));
    let mut sent = case(GET, Expect::Refused(due()));
    sent.send = Send::Messages(vec![message]);
    let oracle = Oracle::new(&contract);
    let outcome = Outcome::Answered(ok(&[TITLE]));
    let findings = judge(&contract, &oracle, &both(), &sent, &outcome);
    assert_eq!(findings[0].sent, [0, 0, 0, 0, 2, 8, 7]);
    assert_eq!(findings[0].json.as_deref(), Some(r#"{"id":7}"#));
    assert_eq!(findings[0].observed, "OK with 1 message of 3 bytes");
}
