//! Faults in the form of answers: header and trailer fields and their encodings, details,
//! messages before errors, sizes.

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use proofread::{
    case::Phase::{self, Baseline, Boundary, Unset},
    finding::FindingKind::{self, BadResponse, Protocol, TrailerTooBig, WrongDetails},
};
use prost::Message;
use tonic::Code;
use tonic_types::pb;

use super::{Fault, fault_behaviour::ChangeReply};
use crate::call::{Call, Reply, frame};

const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const STRINGS: &str = "/rules.v1.StringService/CheckStrings";
const COUNT: &str = "/rules.v1.BehaviourService/Count";
const DETAILS: &str = "grpc-status-details-bin";
const MESSAGE: &str = "grpc-message";

/// More bytes than the 4 MiB that clients accept by default.
const LARGE: usize = 5 << 20;

/// Changes the status of every refusal because of violated rules.
fn refusal(
    change: impl Fn(&mut HeaderMap) + Send + Sync,
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ChangeReply(move |reply: &mut Reply, _: &Call| {
        if reply.refusal().is_some() {
            change(reply.status_fields_mut());
        }
    })
}

/// Changes the `google.rpc.Status` of every refusal because of violated rules.
fn status(
    change: impl Fn(&mut pb::Status) + Send + Sync,
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    refusal(move |fields| {
        let encoded = fields.get(DETAILS).map(|value| value.as_bytes().to_vec());
        let decoded = encoded.and_then(|value| BASE64_STANDARD_NO_PAD.decode(value).ok());
        let status = decoded.and_then(|bytes| pb::Status::decode(bytes.as_slice()).ok());
        let Some(mut status) = status else { return };
        change(&mut status);
        set(
            fields,
            DETAILS,
            BASE64_STANDARD_NO_PAD.encode(status.encode_to_vec()),
        );
    })
}

/// Changes the value of a field of every refusal because of violated rules.
fn value(
    name: &'static str,
    change: impl Fn(&str) -> String + Send + Sync,
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    refusal(move |fields| {
        let old = fields.get(name).and_then(|value| value.to_str().ok());
        if let Some(new) = old.map(&change) {
            set(fields, name, new);
        }
    })
}

/// Changes every reply with status OK.
fn ok(change: impl Fn(&mut Reply) + Send + Sync) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ChangeReply(move |reply: &mut Reply, _: &Call| {
        if reply.code() == Code::Ok {
            change(reply);
        }
    })
}

fn set(fields: &mut HeaderMap, name: &'static str, value: impl AsRef<[u8]>) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_ref()) {
        fields.insert(HeaderName::from_static(name), value);
    }
}

fn append_again(fields: &mut HeaderMap, name: &'static str) {
    if let Some(value) = fields.get(name).cloned() {
        fields.append(name, value);
    }
}

/// Sets a field of the status of every reply with status OK.
fn trailer(name: &'static str, value: &'static [u8]) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ok(move |reply| set(reply.status_fields_mut(), name, value))
}

fn content_type(value: &'static str) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ok(move |reply| {
        reply
            .headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
    })
}

/// Replaces the frames of the messages by other bytes.
fn frames(change: impl Fn(&mut BytesMut) + Send + Sync) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ok(move |reply| {
        let mut framed = BytesMut::from(&frame(&std::mem::take(&mut reply.messages))[..]);
        change(&mut framed);
        reply.rest = framed.freeze();
    })
}

/// Sends a message before every refusal because of violated rules.
fn message_first(message: &'static [u8]) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ChangeReply(move |reply: &mut Reply, _: &Call| {
        if reply.refusal().is_none() {
            return;
        }
        if reply.trailers.is_none() {
            let mut trailers = HeaderMap::new();
            for name in ["grpc-status", MESSAGE, DETAILS] {
                if let Some(value) = reply.headers.remove(name) {
                    trailers.insert(name, value);
                }
            }
            reply.trailers = Some(trailers);
        }
        reply.messages.push(Bytes::from_static(message));
    })
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let mut faults = refusals();
    faults.extend(successes());
    faults
}

#[rustfmt::skip]
fn refusals() -> Vec<Fault> {
    let protocol: (Phase, FindingKind) = (Unset, Protocol);
    let details = (Unset, WrongDetails);
    vec![
        Fault::new("form/percent-sign-raw", "sends a percent sign in the message that begins no escape", INT32, protocol,
            value(MESSAGE, |old| format!("{old} (100%)"))),
        Fault::new("form/message-latin-1", "percent-encodes Latin-1 instead of UTF-8", INT32, protocol,
            value(MESSAGE, |old| format!("{old} caf%E9"))),
        Fault::new("form/message-encoded-twice", "percent-encodes the message twice", INT32, details,
            value(MESSAGE, |old| format!("{}%2520", old.replace(' ', "%2520")))),
        Fault::new("form/message-cut", "sends only the beginning of the message outside of the details", INT32, details,
            value(MESSAGE, |old| old.chars().take(5).collect())),
        Fault::new("form/message-twice", "sends two messages of the status", INT32, protocol,
            refusal(|fields| append_again(fields, MESSAGE))),
        Fault::new("form/details-twice", "sends the details of the status twice", INT32, protocol,
            refusal(|fields| append_again(fields, DETAILS))),
        Fault::new("form/details-url-safe", "encodes the details with the URL-safe alphabet of base64", STRINGS, details,
            value(DETAILS, |old| format!("{}-_8", old.replace('+', "-").replace('/', "_")))),
        Fault::new("form/details-wrapped", "breaks the base64 of the details into lines", STRINGS, details,
            value(DETAILS, |old| format!("{} {}", &old[..20], &old[20..]))),
        Fault::new("form/details-as-hexadecimal", "encodes the details in hexadecimal", INT32, details,
            value(DETAILS, |old| old.bytes().map(|byte| format!("{byte:02x}")).collect())),
        Fault::new("form/detail-repeated", "lists the violations in two details of the same type", STRINGS, details,
            status(|it| { let first = it.details.first().cloned(); it.details.extend(first); })),
        Fault::new("form/detail-type-bare", "omits the host from the type URLs of the details", STRINGS, details,
            status(|it| it.details.iter_mut().for_each(|detail| detail.type_url = detail.type_url.trim_start_matches("type.googleapis.com/").to_owned()))),
        Fault::new("form/detail-type-other", "names another type in a type URL of the details", STRINGS, details,
            status(|it| if let Some(detail) = it.details.first_mut() { detail.type_url.push('2'); })),
        Fault::new("form/details-of-ok", "sends details whose code is OK", STRINGS, details,
            status(|it| it.code = 0)),
        Fault::new("form/message-before-refusal", "sends an empty message before it refuses a request", STRINGS, protocol,
            message_first(b"")),
        Fault::new("form/item-before-refusal", "sends a message of a stream before it refuses the request", COUNT, (Boundary, Protocol),
            message_first(b"\x08\x01")),
    ]
}

#[rustfmt::skip]
fn successes() -> Vec<Fault> {
    let protocol = (Baseline, Protocol);
    vec![
        Fault::new("form/status-two-digits", "sends the status as 00", INT32, protocol, trailer("grpc-status", b"00")),
        Fault::new("form/status-signed", "sends the status with a sign", INT32, protocol, trailer("grpc-status", b"+0")),
        Fault::new("form/status-named", "sends the status with its name", INT32, protocol, trailer("grpc-status", b"0 OK")),
        Fault::new("form/binary-metadata-raw", "sends binary metadata that is not base64", INT32, protocol, trailer("x-trace-bin", b"*raw*")),
        Fault::new("form/metadata-not-ascii", "sends text outside of ASCII in metadata", INT32, protocol, trailer("x-server", b"caf\xc3\xa9")),
        Fault::new("form/refusal-in-ok", "sends details of an error with the status OK", INT32, (Baseline, WrongDetails),
            trailer("grpc-status-details-bin", b"CAM")),
        Fault::new("form/content-type-web", "responds with the content type of gRPC-Web", STRINGS, protocol, content_type("application/grpc-web+proto")),
        Fault::new("form/content-type-json", "responds with the content type of JSON messages", STRINGS, protocol, content_type("application/grpc+json")),
        Fault::new("form/content-type-longer", "responds with a content type that only begins like that of gRPC", STRINGS, protocol, content_type("application/grpcx")),
        Fault::new("form/bytes-after-message", "sends bytes after the last message", INT32, protocol,
            frames(|framed| framed.put_slice(&[0, 0, 0]))),
        Fault::new("form/reserved-flag", "sets a reserved bit of the flag of messages", INT32, protocol,
            frames(|framed| if let Some(flag) = framed.first_mut() { *flag = 2; })),
        Fault::new("form/length-little-endian", "sends the length of messages with its lowest byte first", INT32, protocol,
            frames(|framed| if let Some(length) = framed.get_mut(1..5) { length.reverse(); })),
        Fault::new("form/no-prefix", "sends messages without their prefix", INT32, protocol,
            frames(|framed| { let _ = framed.split_to(5); })),
        Fault::new("form/gzip-unasked", "compresses messages although the client accepts no compression", INT32, protocol,
            ChangeReply(|reply: &mut Reply, _: &Call| if reply.code() == Code::Ok {
                reply.headers.insert("grpc-encoding", HeaderValue::from_static("gzip"));
                // A frame with the compressed flag and the empty gzip stream.
                reply.messages.clear();
                reply.rest = Bytes::from_static(b"\x01\x00\x00\x00\x14\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0");
            })),
        Fault::new("form/headers-too-big", "sends headers of more than 8 KiB", INT32, (Baseline, TrailerTooBig),
            ok(|reply| set(&mut reply.headers, "x-debug", vec![b'a'; 9000]))),
        Fault::new("form/message-too-large", "sends a message of 5 MiB, more than clients accept by default", INT32, (Baseline, BadResponse),
            ok(|reply| for message in &mut reply.messages {
                // An unknown field, so that the message keeps its rules.
                let mut large = BytesMut::from(&message[..]);
                prost::encoding::bytes::encode(1000, &vec![0; LARGE], &mut large);
                *message = large.freeze();
            })),
    ]
}
