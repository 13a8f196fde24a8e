//! Checks the header and trailer fields of an answer: PROTOCOL-HTTP2.md, sections Responses,
//! Custom-Metadata and Status-Message.

use super::{
    Mismatch,
    details::{self, BASE64, DETAILS},
};
use crate::{finding::FindingKind, outcome::Answer, profile::Profile};

use base64::Engine;

/// The media type of gRPC, before the name of the message format.
const GRPC: &str = "application/grpc";

/// Checks that the content type names gRPC with protobuf, as that of the request.
pub(super) fn check_content_type(answer: &Answer) -> Option<Mismatch> {
    let content_type = answer.header("content-type").unwrap_or_default();
    let text = String::from_utf8_lossy(content_type);
    let format = text.strip_prefix(GRPC);
    let format = format.map(|format| format.split(';').next().unwrap_or_default().trim_end());
    (!matches!(format, Some("" | "+proto"))).then(|| {
        let expected = "the content-type application/grpc or application/grpc+proto (PROTOCOL-HTTP2.md, Responses)";
        protocol(expected, format!("content-type {text:?}"))
    })
}

/// Checks that the fields of the status occur once, that text is ASCII, and that binary values
/// are base64.
pub(super) fn check_fields(answer: &Answer) -> Option<Mismatch> {
    for name in ["grpc-message", DETAILS] {
        let values = answer.trailers.iter().filter(|(key, _)| key == name);
        if values.count() > 1 {
            let expected = format!("one {name} (PROTOCOL-HTTP2.md, Responses)");
            return Some(protocol(&expected, format!("more than one {name}")));
        }
    }
    let fields = answer.headers.iter().chain(&answer.trailers);
    // The fields of the status have checks of their own.
    let mut custom = fields.filter(|(name, _)| !["grpc-message", DETAILS].contains(&name.as_str()));
    custom.find_map(|(name, value)| {
        let shown = || format!("{name} {:?}", String::from_utf8_lossy(value));
        if name.ends_with("-bin") {
            let mut values = value.split(|byte| *byte == b',');
            let decodes = values.all(|value| BASE64.decode(value.trim_ascii()).is_ok());
            let expected =
                "base64 in metadata whose name ends with -bin (PROTOCOL-HTTP2.md, Custom-Metadata)";
            (!decodes).then(|| protocol(expected, shown()))
        } else {
            let is_text = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
            let expected = "ASCII in metadata (PROTOCOL-HTTP2.md, Custom-Metadata)";
            (!is_text).then(|| protocol(expected, shown()))
        }
    })
}

/// Checks that `grpc-message` is percent-encoded UTF-8.
pub(super) fn check_status_message(answer: &Answer) -> Option<Mismatch> {
    let value = answer.trailer("grpc-message")?;
    let is_plain = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let mut escapes = value.split(|byte| *byte == b'%').skip(1);
    let is_escaped = escapes.all(|rest| {
        let digits = rest.get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let is_text = percent_encoding::percent_decode(value)
        .decode_utf8()
        .is_ok();
    (!(is_plain && is_escaped && is_text)).then(|| {
        protocol(
            "a percent-encoded grpc-message of UTF-8 (PROTOCOL-HTTP2.md, Status-Message)",
            format!("grpc-message {:?}", String::from_utf8_lossy(value)),
        )
    })
}

/// Checks the size of the trailers, and of the headers if there are both.
pub(super) fn check_sizes(answer: &Answer, profile: &Profile) -> Option<Mismatch> {
    let limit = profile.trailer_limit;
    let headers = Answer {
        trailers: answer.headers.clone(),
        ..Answer::default()
    };
    let sizes = [
        ("trailers", answer.trailer_size()),
        ("headers", headers.trailer_size()),
    ];
    let (what, size) = sizes.into_iter().find(|(_, size)| *size > limit)?;
    Some((
        FindingKind::TrailerTooBig,
        format!(
            "{what} of {limit} bytes at most: proxies and clients cut or refuse longer ones (PROTOCOL-HTTP2.md, Responses, suggests 8 KiB)"
        ),
        format!("{what} of {size} bytes"),
    ))
}

/// Checks that each kind of detail is there once, with a complete type URL: an error with two
/// lists of violations is ambiguous (AIP-193).
pub(super) fn check_detail_names(status_details: &details::StatusDetails) -> Option<Mismatch> {
    let details = &status_details.status.details;
    if let Some(bare) = details.iter().find(|detail| !detail.type_url.contains('/')) {
        return Some((
            FindingKind::WrongDetails,
            "a type URL with a slash in each detail (google/protobuf/any.proto)".to_owned(),
            format!("the type URL {:?}", bare.type_url),
        ));
    }
    let names = &status_details.names;
    let repeated = names
        .iter()
        .enumerate()
        .find(|(at, name)| names[..*at].contains(name));
    repeated.map(|(_, name)| {
        (
            FindingKind::WrongDetails,
            "each detail at most once (AIP-193)".to_owned(),
            format!("the detail {name} more than once"),
        )
    })
}

pub(super) fn protocol(expected: &str, observed: String) -> Mismatch {
    (FindingKind::Protocol, expected.to_owned(), observed)
}
