//! What holds for every answer of a gRPC server, whatever was asked: by
//! PROTOCOL-HTTP2.md, section Responses.

use super::{
    Wrong,
    details::{self, DETAILS, Read},
};
use crate::{finding::FindingKind, outcome::Answer, profile::Profile};

/// Everything that is wrong with the form of an answer, and its details where they
/// can be read.
pub(super) fn check(answer: &Answer, profile: &Profile) -> (Vec<Wrong>, Option<Read>) {
    let mut wrong = Vec::new();
    if answer.http_status == 0 {
        // The probe hung up before there was anything.
        return (wrong, None);
    }
    if answer.http_status != 200 {
        wrong.push(protocol(
            "HTTP status 200 in every gRPC answer (PROTOCOL-HTTP2.md, Responses)",
            format!("HTTP status {}", answer.http_status),
        ));
        return (wrong, None);
    }
    let content_type = answer.header("content-type").unwrap_or_default();
    if !content_type.starts_with(b"application/grpc") {
        wrong.push(protocol(
            "a content-type that begins with application/grpc (PROTOCOL-HTTP2.md, Responses)",
            format!("content-type {:?}", String::from_utf8_lossy(content_type)),
        ));
    }
    if answer.stopped {
        return (wrong, None);
    }
    if !answer.rest.is_empty() {
        wrong.push(protocol(
            "whole, uncompressed messages: no encoding was offered (PROTOCOL-HTTP2.md, Length-Prefixed-Message)",
            format!(
                "{} bytes that are no such message, after {} that are",
                answer.rest.len(),
                answer.messages.len()
            ),
        ));
    }
    wrong.extend(status(answer));
    wrong.extend(status_message(answer));
    let size = answer.trailer_size();
    if size > profile.trailer_limit {
        wrong.push((
            FindingKind::TrailerTooBig,
            format!(
                "trailers of {} bytes at most: what is longer is cut on its way (PROTOCOL-HTTP2.md, Responses, suggests 8 KiB)",
                profile.trailer_limit
            ),
            format!("trailers of {size} bytes"),
        ));
    }
    let (damage, read) = inner(answer);
    wrong.extend(damage);
    (wrong, read)
}

/// `grpc-status`, once, a number without leading zeros.
fn status(answer: &Answer) -> Option<Wrong> {
    const EXPECTED: &str = "one grpc-status from 0 to 16 in the trailers (PROTOCOL-HTTP2.md, Responses; statuscodes.md)";
    let mut values = answer
        .trailers
        .iter()
        .filter(|(name, _)| name == "grpc-status");
    let Some((_, value)) = values.next() else {
        return Some(protocol(EXPECTED, "no grpc-status".to_owned()));
    };
    let text = String::from_utf8_lossy(value);
    // In Trailers-Only the headers are the trailers; elsewhere the name is reserved there.
    if answer.headers != answer.trailers && answer.header("grpc-status").is_some() {
        return Some(protocol(
            EXPECTED,
            "a grpc-status in the headers too".to_owned(),
        ));
    }
    if values.next().is_some() {
        return Some(protocol(EXPECTED, "more than one grpc-status".to_owned()));
    }
    let number = text
        .parse::<u8>()
        .ok()
        .filter(|number| number.to_string() == text);
    match number {
        Some(0..=16) => None,
        _ => Some(protocol(EXPECTED, format!("grpc-status {text:?}"))),
    }
}

/// `grpc-message`, percent-encoded.
fn status_message(answer: &Answer) -> Option<Wrong> {
    let value = answer.trailer("grpc-message")?;
    let plain = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    (!plain).then(|| {
        protocol(
            "a percent-encoded grpc-message (PROTOCOL-HTTP2.md, Status-Message)",
            format!("grpc-message {:?}", String::from_utf8_lossy(value)),
        )
    })
}

/// The status inside of the details says what the one outside says.
fn inner(answer: &Answer) -> (Option<Wrong>, Option<Read>) {
    let read = match details::read(answer) {
        Ok(Some(read)) => read,
        Ok(None) => return (None, None),
        Err(damage) => {
            let expected = format!("{DETAILS} that decodes (google/rpc/status.proto)");
            return (Some((FindingKind::WrongDetails, expected, damage)), None);
        }
    };
    let outer = (answer.grpc_code(), details::message(answer));
    let differs = outer != (Some(read.status.code), read.status.message.clone());
    let damage = differs.then(|| {
        (
            FindingKind::WrongDetails,
            format!("the same code and message in {DETAILS} as outside of it"),
            format!(
                "code {} and message {:?} inside; code {} and message {:?} outside",
                read.status.code,
                read.status.message,
                outer.0.map_or("none".to_owned(), |code| code.to_string()),
                outer.1
            ),
        )
    });
    (damage, Some(read))
}

fn protocol(expected: &str, observed: String) -> Wrong {
    (FindingKind::Protocol, expected.to_owned(), observed)
}
