//! Faults with what real clients send and minimal ones do not: bodies in pieces, metadata of
//! every legal shape, compression, deadlines.

use http::{HeaderMap, HeaderValue};
use proofread::{
    case::Phase::{self, Wire},
    finding::FindingKind::{self, Crash, Protocol, RuleNotChecked, UndeclaredError},
};
use tonic::{Code, Status};

use super::{
    Fault, FaultyResponse,
    fault_behaviour::ChangeReply,
    wire::{accepts, fails, instead},
};
use crate::call::{Call, Reply};

// The first methods of their services, to which the cases are sent.
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const STRINGS: &str = "/rules.v1.StringService/CheckStrings";

fn crashes(call: &Call) -> FaultyResponse {
    let _ = call;
    FaultyResponse::CloseConnection
}

/// Whether the predicate is true for a header.
fn any_header(headers: &HeaderMap, is: impl Fn(&str, &[u8]) -> bool) -> bool {
    headers
        .iter()
        .any(|(name, value)| is(name.as_str(), value.as_bytes()))
}

fn has(call: &Call, name: &str) -> bool {
    call.headers.contains_key(name)
}

fn is_gzip(call: &Call) -> bool {
    call.headers
        .get("grpc-encoding")
        .is_some_and(|it| it == "gzip")
}

fn is_compressed(call: &Call) -> bool {
    is_gzip(call) && call.flags.contains(&1)
}

/// Whether a message begins like a gzip stream.
fn begins_like_gzip(call: &Call) -> bool {
    let mut messages = call.messages.iter();
    messages.any(|message| message.starts_with(&[0x1f, 0x8b]))
}

fn accepts_gzip(call: &Call) -> bool {
    let accepted = call.headers.get("grpc-accept-encoding");
    accepted
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"))
}

/// Answers with an encoding where the client accepts gzip, and messages that are not
/// compressed with it.
fn compresses(
    encoding: &'static str,
    message: &'static [u8],
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        if reply.code() != Code::Ok || !accepts_gzip(call) {
            return;
        }
        let encoding = HeaderValue::from_static(encoding);
        reply.headers.insert("grpc-encoding", encoding);
        let length = u8::try_from(message.len()).unwrap_or(u8::MAX);
        reply.messages.clear();
        reply.rest = [&[1, 0, 0, 0, length][..], message].concat().into();
    })
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let mut faults = metadata();
    faults.extend(bodies());
    faults
}

#[rustfmt::skip]
fn metadata() -> Vec<Fault> {
    let undeclared: (Phase, FindingKind) = (Wire, UndeclaredError);
    let refuses = || fails(|| Status::internal("invalid metadata"));
    vec![
        Fault::new("metadata/many-refused", "refuses calls with more than 30 headers", INT32, undeclared,
            instead(|call| call.headers.len() > 30, refuses())),
        Fault::new("metadata/large-resets", "resets calls with a header of more than 4,000 bytes", INT32, (Wire, Protocol),
            instead(|call| any_header(&call.headers, |_, value| value.len() > 4_000), |_| FaultyResponse::ResetStream)),
        Fault::new("metadata/repeated-refused", "refuses two values of one header", INT32, undeclared,
            instead(|call| call.headers.get_all("x-proofread").iter().count() > 1, refuses())),
        Fault::new("metadata/repeated-binary-closes", "closes the connection on two values of one binary header", STRINGS, (Wire, Crash),
            instead(|call| call.headers.keys().any(|name| name.as_str().ends_with("-bin") && call.headers.get_all(name).iter().count() > 1), crashes)),
        Fault::new("metadata/odd-name-refused", "refuses headers whose names have dots or underscores", STRINGS, undeclared,
            instead(|call| any_header(&call.headers, |name, _| name.contains(['.', '_'])), refuses())),
        Fault::new("metadata/percent-decoded", "percent-decodes headers, and fails where that is not possible", INT32, undeclared,
            instead(|call| any_header(&call.headers, |name, value| name.starts_with("x-") && value.windows(3).any(|it| it[0] == b'%' && !it[1..].iter().all(u8::is_ascii_hexdigit))), refuses())),
        Fault::new("metadata/user-agent-required", "refuses calls without a user agent", STRINGS, undeclared,
            instead(|call| !has(call, "user-agent"), refuses())),
        Fault::new("metadata/reserved-name-refused", "refuses unknown headers that begin with grpc-", INT32, undeclared,
            instead(|call| any_header(&call.headers, |name, _| name == "grpc-proofread"), refuses())),
        Fault::new("metadata/message-type-refused", "refuses calls that name their message type", INT32, undeclared,
            instead(|call| has(call, "grpc-message-type"), refuses())),
        Fault::new("metadata/attempts-refused", "refuses calls that a client repeats", STRINGS, undeclared,
            instead(|call| has(call, "grpc-previous-rpc-attempts"), refuses())),
        Fault::new("metadata/trace-closes", "closes the connection on a trace context that can't be read", STRINGS, (Wire, Crash),
            instead(|call| has(call, "grpc-trace-bin"), crashes)),
    ]
}

#[rustfmt::skip]
fn bodies() -> Vec<Fault> {
    let undeclared = (Wire, UndeclaredError);
    let protocol = (Wire, Protocol);
    vec![
        Fault::new("transport/first-piece-only", "reads only the first DATA frame of a request", INT32, undeclared,
            instead(|call| call.data_frames > 1, fails(|| Status::internal("the message is incomplete")))),
        Fault::new("transport/many-pieces-hang", "never responds to a request in more than ten DATA frames", STRINGS, (Wire, Crash),
            instead(|call| call.data_frames > 10, |_| FaultyResponse::NoResponse)),
        Fault::new("transport/deadline-unchecked", "does not check the rules of calls with a long deadline", INT32, (Wire, RuleNotChecked),
            instead(|call| call.headers.get("grpc-timeout").is_some_and(|it| it == "30S"), accepts)),
        Fault::new("compression/accept-refused", "refuses clients that accept an unknown encoding", INT32, undeclared,
            instead(|call| call.headers.get("grpc-accept-encoding").is_some_and(|it| it == "proofread-unknown"), fails(|| Status::unimplemented("unknown encoding")))),
        Fault::new("compression/answer-not-compressed", "marks messages as compressed without compressing them", INT32, protocol,
            compresses("gzip", b"\x08\x01")),
        Fault::new("compression/answer-other-encoding", "compresses messages with an encoding that the client does not accept", STRINGS, protocol,
            compresses("deflate", b"\x78\x9c\x03\x00\x00\x00\x00\x01")),
        Fault::new("compression/request-unchecked", "does not check the rules of compressed requests", INT32, protocol,
            instead(|call| is_compressed(call) && begins_like_gzip(call), accepts)),
        Fault::new("compression/broken-accepted", "accepts bytes that are not gzip as a compressed request", INT32, protocol,
            instead(|call| is_compressed(call) && !begins_like_gzip(call), accepts)),
        Fault::new("compression/broken-closes", "closes the connection on a request that can't be decompressed", STRINGS, (Wire, Crash),
            instead(|call| is_compressed(call) && !begins_like_gzip(call), crashes)),
        Fault::new("compression/flag-ignored", "decompresses every request of a call with gzip", STRINGS, protocol,
            instead(|call| is_gzip(call) && !call.flags.contains(&1), fails(|| Status::internal("the message is no gzip")))),
        Fault::new("compression/request-unknown", "returns UNKNOWN for compressed requests", STRINGS, protocol,
            instead(|call| is_compressed(call) && begins_like_gzip(call), fails(|| Status::unknown("cannot decode")))),
    ]
}
