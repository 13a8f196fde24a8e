//! Verdicts about the answers to requests that keep every rule.

use super::*;

#[test]
fn valid_request_may_get_a_valid_response_or_a_declared_error() {
    let accepted = case(GET, Expect::Accepted);
    let declared = ErrorAnswer {
        reason: Some("BOOK_NOT_FOUND"),
        ..ErrorAnswer::error(5)
    };
    let odd = ErrorAnswer {
        reason: Some("ODD"),
        ..ErrorAnswer::error(3)
    };
    let fine = [
        Outcome::Answered(ok(&[TITLE])),
        declared.outcome(),
        odd.outcome(),
        ErrorAnswer::error(14).outcome(),
    ];
    for outcome in fine {
        assert_eq!(kinds_of(&both(), &accepted, &outcome), [], "{outcome:?}");
    }
    let other_reason = ErrorAnswer {
        reason: Some("GONE"),
        ..ErrorAnswer::error(5)
    };
    let table = [
        (other_reason.outcome(), FindingKind::UndeclaredError),
        (
            ErrorAnswer::error(5).outcome(),
            FindingKind::UndeclaredError,
        ),
        (
            ErrorAnswer::error(13).outcome(),
            FindingKind::UndeclaredError,
        ),
        (ErrorAnswer::refusal().outcome(), FindingKind::ValidRefused),
        (ErrorAnswer::error(3).outcome(), FindingKind::ValidRefused),
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
fn service_without_declared_errors_may_return_all_but_defect_codes() {
    let accepted = case(PLAIN, Expect::Accepted);
    for code in [3, 5, 7, 9, 16] {
        let outcome = ErrorAnswer::error(code).outcome();
        assert_eq!(kinds_of(&both(), &accepted, &outcome), [], "{code}");
    }
    for code in [2, 12, 13, 15] {
        let kinds = kinds_of(&both(), &accepted, &ErrorAnswer::error(code).outcome());
        assert_eq!(kinds, [FindingKind::UndeclaredError], "{code}");
    }
}

#[test]
fn finding_contains_the_bytes_and_json_that_were_sent() {
    let contract = Contract::decode(&testing::shop(SHOP)).expect("a contract");
    let request = contract.message("shop.v1.GetRequest").expect("a message");
    let mut message = DynamicMessage::new(request.descriptor.clone());
    message.set_field_by_name("id", prost_reflect::Value::I32(7));
    let mut sent = case(GET, Expect::Refused(due()));
    sent.send = Payload::Messages(vec![message]);
    let oracle = Oracle::new(&contract);
    let outcome = Outcome::Answered(ok(&[TITLE]));
    let findings = judge(&contract, &oracle, &both(), &sent, &outcome);
    assert_eq!(findings[0].sent, [0, 0, 0, 0, 2, 8, 7]);
    assert_eq!(findings[0].json.as_deref(), Some(r#"{"id":7}"#));
    assert_eq!(findings[0].observed, "OK with 1 message of 3 bytes");
}

#[test]
fn response_may_have_the_unknown_fields_of_a_wire_case() {
    let nested_groups = [[0xc3, 0x3e].repeat(150), [0xc4, 0x3e].repeat(150)].concat();
    // Go's tutorial answers with the message that it was sent.
    let kept = [
        ("a wrong wire type", vec![0x0d, 1, 2, 3, 4]),
        ("groups nested deeply", nested_groups),
        ("a varint in a group", vec![0xc3, 0x3e, 0x08, 1, 0xc4, 0x3e]),
    ];
    let baseline = case(PLAIN, Expect::Accepted);
    let mut wire = case(PLAIN, Expect::OneOf(vec![Code(0), Code(13)]));
    wire.phase = Phase::Wire;
    wire.send = Payload::Raw(case::RawCall::default());
    for (what, unknown) in kept {
        let mut answer = ok(&[]);
        answer.messages = vec![[TITLE, &unknown].concat().into()];
        let outcome = Outcome::Answered(answer);
        assert_eq!(kinds_of(&both(), &wire, &outcome), [], "{what}");
    }
    let outcome = Outcome::Answered(ok(&[&[0x0d, 1, 2, 3, 4]]));
    assert_eq!(
        kinds_of(&both(), &baseline, &outcome),
        [FindingKind::BadResponse],
        "an answer to a request without unknown fields"
    );
    let broken: [&'static [u8]; 3] = [&[0x0d, 1, 2], &[0xc3, 0x3e], &[0xc3, 0x3e, 0xcc, 0x3e]];
    for message in broken {
        let outcome = Outcome::Answered(ok(&[message]));
        let kinds = kinds_of(&both(), &wire, &outcome);
        assert_eq!(kinds, [FindingKind::BadResponse], "{message:?}");
    }
}
