//! Cases with what real clients send and minimal ones do not: bodies in small pieces,
//! compression, and metadata of every legal shape. Sources: PROTOCOL-HTTP2.md, Requests and
//! Custom-Metadata; compression.md. Each is sent to one method of a service, because the
//! transport does not depend on the method.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage};

use super::CaseBuilder;
use crate::{
    case::{Case, Expect, RawCall},
    contract::Code,
    probe::frame,
    profile::ProtocolAnomaly,
};

const INVALID_ARGUMENT: Code = Code(3);
const UNIMPLEMENTED: Code = Code(12);

/// The length of a frame header: a piece of this size has the header without the message.
const FRAME_HEADER: usize = 5;

pub(super) fn cases(builder: &CaseBuilder<'_>) -> Vec<Case> {
    if !builder.is_first() {
        return Vec::new();
    }
    let mut cases = data_frames(builder);
    cases.extend(metadata(builder));
    cases.extend(compressed_answers(builder));
    cases.extend(compressed_requests(builder));
    cases.extend(refusal_with_deadline(builder));
    cases
}

fn data_frames(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let with = |id: &str, intent: &str, piece: usize| {
        let call = RawCall {
            body: frame(0, &builder.encoded),
            piece,
            ..RawCall::default()
        };
        builder.call(&format!("data-frames/{id}"), intent, call, Expect::Accepted)
    };
    vec![
        with(
            "single-bytes",
            "a valid request in DATA frames of one byte",
            1,
        ),
        with(
            "frame-header",
            "a valid request whose frame header is a DATA frame of its own",
            FRAME_HEADER,
        ),
    ]
}

fn metadata(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let with = |id: &str, intent: &str, headers: &[(&str, &[u8])]| {
        let intent = format!("a valid request with {intent}");
        builder.headers(
            &format!("metadata/{id}"),
            &intent,
            headers,
            Expect::Accepted,
        )
    };
    let names: Vec<String> = (0..50).map(|at| format!("x-proofread-{at}")).collect();
    let many: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), &b"1"[..]))
        .collect();
    // Below the limit of 8 KiB that PROTOCOL-HTTP2.md suggests, with all other headers.
    let large = vec![b'a'; 6_000];
    vec![
        with("many", "50 headers", &many),
        with(
            "large",
            "a header of 6,000 bytes",
            &[("x-proofread", &large)],
        ),
        with(
            "repeated",
            "two values of one header",
            &[("x-proofread", b"a"), ("x-proofread", b"b")],
        ),
        with(
            "repeated-binary",
            "two values of one binary header",
            &[("x-proofread-bin", b"AAEC"), ("x-proofread-bin", b"AwQF")],
        ),
        with(
            "odd-name",
            "a header whose name has digits, dots and underscores",
            &[("x_proofread.1-a", b"a")],
        ),
        with(
            "odd-value",
            "a header whose value has spaces, quotes, commas and percent signs",
            &[("x-proofread", b"a, \"b\" ; c=%41%zz \\")],
        ),
        with("no-user-agent", "no user agent", &[("user-agent", b"")]),
        with(
            "reserved-name",
            "a header whose name begins with grpc-, which servers ignore if they do not know it",
            &[("grpc-proofread", b"1")],
        ),
        with(
            "message-type",
            "the name of its message type",
            &[(
                "grpc-message-type",
                builder.baseline.descriptor().full_name().as_bytes(),
            )],
        ),
        with(
            "attempts",
            "the number of attempts before it, as a client sends it that retries",
            &[("grpc-previous-rpc-attempts", b"2")],
        ),
        with(
            "trace",
            "trace contexts that can't be read",
            &[("grpc-trace-bin", b"AAEC"), ("traceparent", b"00-0-0-0")],
        ),
    ]
}

/// Cases of clients that accept compressed answers.
fn compressed_answers(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let with = |id: &str, intent: &str, encodings: &[u8]| {
        let intent = format!("a valid request of a client that accepts {intent}");
        let header = [("grpc-accept-encoding", encodings)];
        builder.headers(
            &format!("accept-encoding/{id}"),
            &intent,
            &header,
            Expect::Accepted,
        )
    };
    vec![
        with("gzip", "gzip", b"identity,gzip"),
        with(
            "gzip-only",
            "gzip, in a list with spaces",
            b"gzip , identity",
        ),
        with("unknown", "an unknown encoding", b"proofread-unknown"),
    ]
}

fn compressed_requests(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let with = |id: &str, intent: &str, flag: u8, message: &[u8], expect: Expect| {
        let call = RawCall {
            headers: vec![("grpc-encoding".to_owned(), b"gzip".to_vec())],
            body: frame(flag, message),
            ..RawCall::default()
        };
        builder.call(&format!("gzip/{id}"), intent, call, expect)
    };
    let compressed = builder.profile.expectation(ProtocolAnomaly::GzipRequest);
    let mut cases = vec![
        with(
            "valid",
            "a valid request, compressed with gzip",
            1,
            &gzip(&builder.encoded),
            compressed.clone(),
        ),
        with(
            "not-compressed",
            "a valid request that is not compressed, in a call with gzip",
            0,
            &builder.encoded,
            compressed,
        ),
        with(
            "broken",
            "bytes that are not gzip, marked as compressed with it",
            1,
            b"proofread",
            builder.profile.expectation(ProtocolAnomaly::BrokenGzip),
        ),
    ];
    // A server that supports gzip must check the rules all the same.
    if let Some((invalid, _)) = refused(builder) {
        let codes = vec![INVALID_ARGUMENT, UNIMPLEMENTED];
        cases.push(with(
            "invalid",
            "a request that breaks rules, compressed with gzip",
            1,
            &gzip(&invalid),
            Expect::OneOf(codes),
        ));
    }
    cases
}

fn refusal_with_deadline(builder: &CaseBuilder<'_>) -> Option<Case> {
    let (invalid, expect) = refused(builder)?;
    let call = RawCall {
        headers: vec![("grpc-timeout".to_owned(), b"30S".to_vec())],
        body: frame(0, &invalid),
        ..RawCall::default()
    };
    let intent = "a request that breaks rules, with a deadline in 30 seconds";
    Some(builder.call("timeout/refused", intent, call, expect))
}

/// A request that breaks rules: the empty one, or the baseline without one of its fields.
fn refused(builder: &CaseBuilder<'_>) -> Option<(Vec<u8>, Expect)> {
    let without = builder.baseline.fields().map(|(field, _)| {
        let mut without = builder.baseline.clone();
        without.clear_field(&field);
        without
    });
    let empty = DynamicMessage::new(builder.baseline.descriptor());
    let mut requests = std::iter::once(empty).chain(without);
    requests.find_map(|request| {
        let expect = builder.oracle.expectation([&request]).ok()?;
        matches!(expect, Expect::Refused(_)).then(|| (request.encode_to_vec(), expect))
    })
}

fn gzip(message: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector does not fail.
    let _ = encoder.write_all(message);
    encoder.finish().unwrap_or_default()
}
