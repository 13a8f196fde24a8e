//! Checks what holds for every answer of a gRPC server, whatever the request:
//! PROTOCOL-HTTP2.md, section Responses.

use super::{
    Mismatch,
    details::{self, DETAILS, StatusDetails},
    metadata::{self, protocol},
};
use crate::{finding::FindingKind, outcome::Answer, profile::Profile};

/// Returns the mismatches in the form of an answer, and its status details where they can
/// be decoded.
pub(super) fn check(answer: &Answer, profile: &Profile) -> (Vec<Mismatch>, Option<StatusDetails>) {
    let mut mismatches = Vec::new();
    if answer.http_status == 0 {
        // The probe stopped reading before the headers arrived.
        return (mismatches, None);
    }
    if answer.http_status != 200 {
        mismatches.push(protocol(
            "HTTP status 200 in every gRPC answer (PROTOCOL-HTTP2.md, Responses)",
            format!("HTTP status {}", answer.http_status),
        ));
        return (mismatches, None);
    }
    mismatches.extend(metadata::check_content_type(answer));
    if answer.stopped_early {
        return (mismatches, None);
    }
    if !answer.rest.is_empty() {
        mismatches.push(protocol(
            "whole messages, compressed only as the call accepts it (PROTOCOL-HTTP2.md, Length-Prefixed-Message)",
            format!(
                "{} bytes that are no such message, after {} whole messages",
                answer.rest.len(),
                answer.messages.len()
            ),
        ));
    }
    mismatches.extend(check_status(answer));
    mismatches.extend(metadata::check_status_message(answer));
    mismatches.extend(metadata::check_fields(answer));
    mismatches.extend(metadata::check_sizes(answer, profile));
    let (mismatch, status_details) = check_details(answer);
    mismatches.extend(mismatch);
    mismatches.extend(
        status_details
            .as_ref()
            .and_then(metadata::check_detail_names),
    );
    (mismatches, status_details)
}

/// Checks that there is one `grpc-status`, a number without leading zeros.
fn check_status(answer: &Answer) -> Option<Mismatch> {
    const EXPECTED: &str = "one grpc-status from 0 to 16 in the trailers (PROTOCOL-HTTP2.md, Responses; statuscodes.md)";
    let mut values = answer
        .trailers
        .iter()
        .filter(|(name, _)| name == "grpc-status");
    let Some((_, value)) = values.next() else {
        return Some(protocol(EXPECTED, "no grpc-status".to_owned()));
    };
    let text = String::from_utf8_lossy(value);
    // In a Trailers-Only answer the headers are the trailers. In all others, grpc-status
    // must not be in the headers.
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

/// Checks that the status in `grpc-status-details-bin` is equal to the outer one.
fn check_details(answer: &Answer) -> (Option<Mismatch>, Option<StatusDetails>) {
    let status_details = match details::parse(answer) {
        Ok(Some(status_details)) => status_details,
        Ok(None) => return (None, None),
        Err(error) => {
            let expected = format!("{DETAILS} that decodes (google/rpc/status.proto)");
            return (Some((FindingKind::WrongDetails, expected, error)), None);
        }
    };
    let outer = (answer.grpc_code(), details::message(answer));
    let differs = outer
        != (
            Some(status_details.status.code),
            status_details.status.message.clone(),
        );
    let mismatch = differs.then(|| {
        (
            FindingKind::WrongDetails,
            format!("the same code and message in {DETAILS} as outside"),
            format!(
                "code {} and message {:?} inside; code {} and message {:?} outside",
                status_details.status.code,
                status_details.status.message,
                outer.0.map_or("none".to_owned(), |code| code.to_string()),
                outer.1
            ),
        )
    });
    (mismatch, Some(status_details))
}
