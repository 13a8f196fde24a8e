//! Cases with unusual or invalid headers, paths and HTTP methods. Source:
//! PROTOCOL-HTTP2.md, section Requests.

use super::CaseBuilder;
use crate::{
    case::{Case, Expect, RawCall},
    probe::frame,
    profile::ProtocolAnomaly,
};

pub(super) fn cases(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let mut cases = content_type(builder);
    cases.extend(timeout(builder));
    cases.extend(metadata(builder));
    cases.extend(path(builder));
    cases
}

fn content_type(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let expectation = |anomaly| builder.profile.expectation(anomaly);
    let with = |id: &str, intent: &str, value: &str, expect: Expect| {
        builder.headers(id, intent, &[("content-type", value.as_bytes())], expect)
    };
    vec![
        with(
            "content-type/none",
            "a valid request without a content type",
            "",
            expectation(ProtocolAnomaly::NoContentType),
        ),
        with(
            // Not that of JSON, in which servers of Connect answer on the same paths.
            "content-type/text",
            "a valid request with the content type text/plain",
            "text/plain",
            expectation(ProtocolAnomaly::WrongContentType),
        ),
        with(
            "content-type/proto",
            "a valid request with the content type application/grpc+proto, which names the default encoding",
            "application/grpc+proto",
            Expect::Accepted,
        ),
        builder.headers(
            "te/none",
            "a valid request without te: trailers",
            &[("te", b"")],
            expectation(ProtocolAnomaly::NoTeHeader),
        ),
    ]
}

/// A valid timeout is one to eight digits and a unit.
fn timeout(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let with = |id: &str, value: &str, expect: Expect| {
        let intent = format!("a valid request with the timeout {value:?}");
        let header = [("grpc-timeout", value.as_bytes())];
        builder.headers(&format!("timeout/{id}"), &intent, &header, expect)
    };
    let invalid = || builder.profile.expectation(ProtocolAnomaly::InvalidTimeout);
    vec![
        with("longest", "99999999H", Expect::Accepted),
        with("minute", "1M", Expect::Accepted),
        with("no-unit", "10", invalid()),
        with("unknown-unit", "10s", invalid()),
        with("no-number", "S", invalid()),
        with("nine-digits", "100000000S", invalid()),
        with("negative", "-1S", invalid()),
    ]
}

fn metadata(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let expectation = |anomaly| builder.profile.expectation(anomaly);
    let with = |id: &str, intent: &str, name: &str, value: &[u8], expect: Expect| {
        builder.headers(&format!("metadata/{id}"), intent, &[(name, value)], expect)
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
            expectation(ProtocolAnomaly::JoinedBase64),
        ),
        with(
            "not-base64",
            "a valid request with a binary header that is not base64",
            "x-proofread-bin",
            b"*not base64*",
            expectation(ProtocolAnomaly::InvalidBase64),
        ),
        with(
            "not-ascii",
            "a valid request with a header value of bytes outside ASCII, which servers must tolerate",
            "x-proofread",
            &[0xc3, 0xa9, 0xff],
            expectation(ProtocolAnomaly::NonAsciiMetadata),
        ),
    ]
}

fn path(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let expectation = |anomaly| builder.profile.expectation(anomaly);
    let to = |id: &str, intent: &str, path: String, expect: Expect| {
        let call = RawCall {
            path: Some(path),
            body: frame(0, &builder.encoded),
            ..RawCall::default()
        };
        builder.call(id, intent, call, expect)
    };
    let get = RawCall {
        headers: vec![(":method".to_owned(), b"GET".to_vec())],
        ..RawCall::default()
    };
    let mut cases = vec![builder.call(
        "get",
        "the HTTP method GET, which gRPC does not use",
        get,
        expectation(ProtocolAnomaly::GetMethod),
    )];
    if builder.is_first() {
        cases.push(to(
            "path/unknown-method",
            "a method that the service does not have",
            format!("/{}/ProofreadNoSuchMethod", builder.service()),
            expectation(ProtocolAnomaly::UnknownMethod),
        ));
        let lower = builder.method.path.to_lowercase();
        if lower != builder.method.path {
            cases.push(to(
                "path/wrong-case",
                "the path of the method in lower case: paths are case-sensitive",
                lower,
                expectation(ProtocolAnomaly::UnknownService),
            ));
        }
        cases.push(to(
            "path/unknown-service",
            "a service that does not exist",
            "/proofread.v1.NoSuchService/NoSuchMethod".to_owned(),
            expectation(ProtocolAnomaly::UnknownService),
        ));
        cases.push(to(
            "path/nonsense",
            "a path that names no method",
            "/proofread".to_owned(),
            expectation(ProtocolAnomaly::InvalidPath),
        ));
    }
    cases
}
