//! Verdicts about the form of answers, and the mapping of HTTP statuses and resets to
//! codes.

use super::*;

#[test]
fn malformed_answers_are_found() {
    let with = |name: &str, value: &[u8]| {
        let mut answer = ok(&[TITLE]);
        answer.trailers.retain(|(it, _)| it != name);
        answer.trailers.push((name.to_owned(), value.to_vec()));
        answer
    };
    let of_type = |content_type: &str| Answer {
        headers: vec![header("content-type", content_type)],
        ..ok(&[TITLE])
    };
    let mut twice = ok(&[TITLE]);
    twice.trailers.push(header("grpc-status", "0"));
    let table = [
        Answer {
            http_status: 502,
            ..ok(&[TITLE])
        },
        Answer {
            headers: Vec::new(),
            ..ok(&[TITLE])
        },
        Answer {
            trailers: Vec::new(),
            ..ok(&[TITLE])
        },
        Answer {
            rest: Bytes::from_static(&[0, 0]),
            ..ok(&[TITLE])
        },
        with("grpc-status", b"00"),
        with("grpc-message", "caf\u{e9}".as_bytes()),
        with("grpc-message", b"100%"),
        with("grpc-message", b"caf%E9"),
        with("x-trace-bin", b"*raw*"),
        with("x-server", "caf\u{e9}".as_bytes()),
        of_type("application/grpc-web+proto"),
        of_type("application/grpc+json"),
        of_type("application/grpcx"),
        twice,
    ];
    let accepted = case(GET, Expect::Accepted);
    for answer in table {
        let outcome = Outcome::Answered(answer);
        let kinds = kinds_of(&both(), &accepted, &outcome);
        assert_eq!(kinds.first(), Some(&FindingKind::Protocol), "{outcome:?}");
    }
    for undecodable in [&b"*no base64*"[..], b"/////w"] {
        let outcome = Outcome::Answered(with("grpc-status-details-bin", undecodable));
        let kinds = kinds_of(&both(), &accepted, &outcome);
        assert_eq!(kinds, [FindingKind::WrongDetails]);
    }
    let big = vec![b'a'; 9000];
    let outcome = Outcome::Answered(with("grpc-message", &big));
    let kinds = kinds_of(&both(), &accepted, &outcome);
    assert_eq!(kinds, [FindingKind::TrailerTooBig]);
}

#[test]
fn http_statuses_and_resets_count_as_the_codes_they_map_to() {
    let internal = case(GET, Expect::OneOf(vec![Code(13)]));
    let http = |status| {
        Outcome::Answered(Answer {
            http_status: status,
            ..Answer::default()
        })
    };
    for outcome in [
        ErrorAnswer::error(13).outcome(),
        http(400),
        Outcome::Reset { code: 1 },
    ] {
        assert_eq!(kinds_of(&both(), &internal, &outcome), [], "{outcome:?}");
    }
    for outcome in [
        ErrorAnswer::error(2).outcome(),
        http(500),
        Outcome::Reset { code: 8 },
        Outcome::Answered(ok(&[TITLE])),
    ] {
        assert_eq!(kinds_of(&both(), &internal, &outcome).len(), 1);
    }
    let unsupported = case(GET, Expect::Http(vec![415]));
    assert_eq!(kinds_of(&both(), &unsupported, &http(415)), []);
    assert_eq!(kinds_of(&both(), &unsupported, &http(200)).len(), 1);

    // Where OK is allowed, the declared errors of the method are allowed too.
    let may_run = case(GET, Expect::OneOf(vec![Code(0), Code(13)]));
    let declared = ErrorAnswer {
        reason: Some("BOOK_NOT_FOUND"),
        ..ErrorAnswer::error(5)
    };
    assert_eq!(kinds_of(&both(), &may_run, &declared.outcome()), []);
    assert_eq!(
        kinds_of(&both(), &may_run, &ErrorAnswer::error(9).outcome()).len(),
        1
    );
    let any_answer = case(GET, Expect::AnyAnswer);
    for outcome in [
        http(404),
        Outcome::Reset { code: 8 },
        ErrorAnswer::error(2).outcome(),
    ] {
        assert_eq!(kinds_of(&both(), &any_answer, &outcome), []);
    }
}

#[test]
fn field_paths_have_the_format_of_protovalidate() {
    let element = |name: &str, subscript| FieldPathElement {
        field_name: Some(name.to_owned()),
        subscript,
        ..FieldPathElement::default()
    };
    let path = FieldPath {
        elements: vec![
            element("books", Some(Subscript::Index(3))),
            element("prices", Some(Subscript::StringKey("a\"b".to_owned()))),
            element("ids", Some(Subscript::IntKey(-1))),
            element("flags", Some(Subscript::BoolKey(true))),
            element("last", None),
        ],
    };
    assert_eq!(
        details::path(Some(&path)),
        r#"books[3].prices["a\"b"].ids[-1].flags[true].last"#
    );
    assert_eq!(details::path(None), "");
}

#[test]
fn well_formed_metadata_is_accepted() {
    let accepted = case(GET, Expect::Accepted);
    let mut answer = ok(&[TITLE]);
    answer.headers = vec![header("content-type", "application/grpc+proto; a=b")];
    answer.trailers.extend([
        header("grpc-message", "caf%C3%A9 100%25"),
        header("x-trace-bin", "AAEC, AwQF"),
        header("x-server", "a, \"b\""),
    ]);
    assert_eq!(kinds_of(&both(), &accepted, &Outcome::Answered(answer)), []);
}

#[test]
fn message_before_an_error_and_a_message_that_clients_refuse_are_found() {
    let accepted = case(GET, Expect::Accepted);
    let Outcome::Answered(mut unavailable) = ErrorAnswer::error(14).outcome() else {
        panic!("it is an answer");
    };
    let answer = Outcome::Answered(unavailable.clone());
    assert_eq!(kinds_of(&both(), &accepted, &answer), []);
    unavailable.messages = vec![Bytes::from_static(TITLE)];
    let answer = Outcome::Answered(unavailable);
    let kinds = kinds_of(&both(), &accepted, &answer);
    assert_eq!(kinds, [FindingKind::Protocol]);
    let large = [TITLE, &[0x7a, 0x80, 0x80, 0x80, 0x02], &vec![0; 4 << 20]].concat();
    let large = Answer {
        messages: vec![large.into()],
        ..ok(&[])
    };
    let kinds = kinds_of(&both(), &accepted, &Outcome::Answered(large));
    assert_eq!(kinds, [FindingKind::BadResponse]);
}
