//! What stands before the body. Source: PROTOCOL-HTTP2.md, section Requests.

use super::Bench;
use crate::{
    case::{Case, Expect, RawCall},
    probe::frame,
    profile::Oddity,
};

pub(super) fn cases(bench: &Bench<'_>) -> Vec<Case> {
    let mut cases = content_type(bench);
    cases.extend(timeout(bench));
    cases.extend(metadata(bench));
    cases.extend(path(bench));
    cases
}

fn content_type(bench: &Bench<'_>) -> Vec<Case> {
    let expects = |oddity| bench.profile.expects(oddity);
    let with = |id: &str, intent: &str, value: &str, expect: Expect| {
        bench.headers(id, intent, &[("content-type", value.as_bytes())], expect)
    };
    vec![
        with(
            "content-type/none",
            "a valid request without a content type",
            "",
            expects(Oddity::NoContentType),
        ),
        with(
            "content-type/json",
            "a valid request with the content type application/json",
            "application/json",
            expects(Oddity::WrongContentType),
        ),
        with(
            "content-type/proto",
            "a valid request with the content type application/grpc+proto, which says what is the default",
            "application/grpc+proto",
            Expect::Accepted,
        ),
        bench.headers(
            "te/none",
            "a valid request without te: trailers",
            &[("te", b"")],
            expects(Oddity::NoTe),
        ),
    ]
}

/// One to eight digits and a unit.
fn timeout(bench: &Bench<'_>) -> Vec<Case> {
    let with = |id: &str, value: &str, expect: Expect| {
        let intent = format!("a valid request with the timeout {value:?}");
        let header = [("grpc-timeout", value.as_bytes())];
        bench.headers(&format!("timeout/{id}"), &intent, &header, expect)
    };
    let odd = || bench.profile.expects(Oddity::BadTimeout);
    vec![
        with("longest", "99999999H", Expect::Accepted),
        with("minute", "1M", Expect::Accepted),
        with("no-unit", "10", odd()),
        with("unknown-unit", "10s", odd()),
        with("no-number", "S", odd()),
        with("nine-digits", "100000000S", odd()),
        with("negative", "-1S", odd()),
    ]
}

fn metadata(bench: &Bench<'_>) -> Vec<Case> {
    let expects = |oddity| bench.profile.expects(oddity);
    let with = |id: &str, intent: &str, name: &str, value: &[u8], expect: Expect| {
        bench.headers(&format!("metadata/{id}"), intent, &[(name, value)], expect)
    };
    vec![
        with(
            "base64-unpadded",
            "a valid request with a binary header without padding",
            "x-proofread-bin",
            b"AAECAw",
            Expect::Accepted,
        ),
        with(
            "base64-padded",
            "a valid request with a binary header with padding",
            "x-proofread-bin",
            b"AAECAw==",
            Expect::Accepted,
        ),
        with(
            "base64-joined",
            "a valid request with two binary headers joined by a comma",
            "x-proofread-bin",
            b"AAECAw,BAUGBw",
            expects(Oddity::JoinedBase64),
        ),
        with(
            "not-base64",
            "a valid request with a binary header that is not base64",
            "x-proofread-bin",
            b"*not base64*",
            expects(Oddity::BadBase64),
        ),
        with(
            "not-ascii",
            "a valid request with a header of bytes above ASCII, about which no server may fail",
            "x-proofread",
            &[0xc3, 0xa9, 0xff],
            expects(Oddity::NonAsciiMetadata),
        ),
    ]
}

fn path(bench: &Bench<'_>) -> Vec<Case> {
    let expects = |oddity| bench.profile.expects(oddity);
    let to = |id: &str, intent: &str, path: String, expect: Expect| {
        let call = RawCall {
            path: Some(path),
            body: frame(0, &bench.encoded),
            ..RawCall::default()
        };
        bench.call(id, intent, call, expect)
    };
    let get = RawCall {
        headers: vec![(":method".to_owned(), b"GET".to_vec())],
        ..RawCall::default()
    };
    let mut cases = vec![bench.call(
        "get",
        "the method called by GET, which gRPC does not know",
        get,
        expects(Oddity::Get),
    )];
    if bench.is_first() {
        cases.push(to(
            "path/unknown-method",
            "a method that the service does not have",
            format!("/{}/ProofreadNoSuchMethod", bench.service()),
            expects(Oddity::UnknownMethod),
        ));
        let lower = bench.method.path.to_lowercase();
        if lower != bench.method.path {
            cases.push(to(
                "path/wrong-case",
                "a method in lower case: paths are case-sensitive",
                lower,
                expects(Oddity::UnknownService),
            ));
        }
        cases.push(to(
            "path/unknown-service",
            "a service that nobody has",
            "/proofread.v1.NoSuchService/NoSuchMethod".to_owned(),
            expects(Oddity::UnknownService),
        ));
        cases.push(to(
            "path/nonsense",
            "a path that names no method",
            "/proofread".to_owned(),
            expects(Oddity::NonsensePath),
        ));
    }
    cases
}
