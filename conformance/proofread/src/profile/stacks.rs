//! The reactions of each gRPC stack to each anomaly. The columns are those of
//! [`Profile::NAMES`](super::Profile::NAMES); `profile.md` gives the sources.

use super::{ProtocolAnomaly, Reaction};
use Reaction::{Fails, Runs, RunsOr};

const CANCELLED: i32 = 1;
const UNKNOWN: i32 = 2;
const INVALID_ARGUMENT: i32 = 3;
const DEADLINE_EXCEEDED: i32 = 4;
const RESOURCE_EXHAUSTED: i32 = 8;
const OUT_OF_RANGE: i32 = 11;
const UNIMPLEMENTED: i32 = 12;
const INTERNAL: i32 = 13;

/// Any error: the code is not specified, but the call must not be executed.
const ANY: &[i32] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/// The codes for corrupt framing. The specification allows a server to reset the stream,
/// which counts as INTERNAL or CANCELLED; a status is INTERNAL by statuscodes.md.
const CORRUPT: &[i32] = &[CANCELLED, INTERNAL];

/// The codes for a message that can't be decompressed, or whose encoding is not supported.
const BROKEN_GZIP: &[i32] = &[
    CANCELLED,
    UNKNOWN,
    INVALID_ARGUMENT,
    UNIMPLEMENTED,
    INTERNAL,
];

/// HTTP 415 for an unsupported content type: "SHOULD" in PROTOCOL-HTTP2.md, Requests.
const UNSUPPORTED: Reaction = Reaction::Http(&[415]);

const PARSING: Reaction = Fails(&[INTERNAL]);
const UNKNOWN_PATH: Reaction = Fails(&[UNIMPLEMENTED]);

/// The reaction of a stack to an anomaly. `stack` is its index in `Profile::NAMES`.
pub(super) fn reaction(anomaly: ProtocolAnomaly, stack: usize) -> Reaction {
    reactions_to(anomaly)[stack].clone()
}

fn reactions_to(anomaly: ProtocolAnomaly) -> [Reaction; 7] {
    let all = |reaction: Reaction| {
        let [a, b, c, d, e, f, g] = [(); 7].map(|()| reaction.clone());
        [a, b, c, d, e, f, g]
    };
    match anomaly {
        ProtocolAnomaly::MalformedMessage => [
            PARSING,
            PARSING,
            PARSING,
            PARSING,
            Fails(&[UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT]),
            RunsOr(&[INTERNAL]),
        ],
        ProtocolAnomaly::HugeFieldLength => [
            PARSING,
            PARSING,
            PARSING,
            PARSING,
            RunsOr(&[UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT]),
            RunsOr(&[INTERNAL]),
        ],
        ProtocolAnomaly::InvalidUtf8 => [
            PARSING,
            PARSING,
            PARSING,
            PARSING,
            Fails(&[UNKNOWN, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
            PARSING,
        ],
        ProtocolAnomaly::MissingRequiredField => [
            PARSING,
            RunsOr(&[INTERNAL]),
            RunsOr(&[INTERNAL]),
            PARSING,
            Fails(&[UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT]),
            RunsOr(&[INTERNAL]),
        ],
        ProtocolAnomaly::WrongWireType => [
            RunsOr(&[INTERNAL]),
            PARSING,
            Runs,
            Runs,
            RunsOr(&[UNKNOWN, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
            RunsOr(&[INTERNAL]),
        ],
        ProtocolAnomaly::DeeplyNestedGroups => [
            RunsOr(&[INTERNAL]),
            PARSING,
            RunsOr(&[INTERNAL]),
            RunsOr(&[INTERNAL]),
            RunsOr(&[UNKNOWN, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
            RunsOr(&[INTERNAL]),
        ],
        ProtocolAnomaly::LengthBeyondEnd => [
            Fails(&[CANCELLED, UNIMPLEMENTED, INTERNAL]),
            PARSING,
            Fails(&[UNIMPLEMENTED, INTERNAL]),
            PARSING,
            Fails(&[CANCELLED, UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
            Fails(&[INVALID_ARGUMENT, UNIMPLEMENTED]),
        ],
        ProtocolAnomaly::TruncatedStream => [
            Fails(&[CANCELLED, UNIMPLEMENTED, INTERNAL]),
            PARSING,
            RunsOr(&[UNIMPLEMENTED, INTERNAL]),
            PARSING,
            RunsOr(&[CANCELLED, UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT, INTERNAL]),
        ],
        ProtocolAnomaly::LengthTooShort => [
            Fails(&[CANCELLED, UNIMPLEMENTED, INTERNAL]),
            PARSING,
            PARSING,
            PARSING,
            Fails(&[CANCELLED, UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
        ],
        ProtocolAnomaly::TrailingBytes => [
            RunsOr(&[CANCELLED, UNIMPLEMENTED, INTERNAL]),
            PARSING,
            RunsOr(&[UNIMPLEMENTED, INTERNAL]),
            RunsOr(&[INTERNAL]),
            RunsOr(&[CANCELLED, UNKNOWN, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT, UNIMPLEMENTED, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT, UNIMPLEMENTED, INTERNAL]),
        ],
        ProtocolAnomaly::NoMessage => [
            Fails(&[UNIMPLEMENTED]),
            PARSING,
            UNKNOWN_PATH,
            Fails(&[UNIMPLEMENTED, INTERNAL]),
            PARSING,
            UNKNOWN_PATH,
            UNKNOWN_PATH,
        ],
        ProtocolAnomaly::TwoMessages => [
            Fails(&[UNIMPLEMENTED]),
            Runs,
            RunsOr(&[UNIMPLEMENTED]),
            RunsOr(&[UNIMPLEMENTED, INTERNAL]),
            Fails(&[CANCELLED, INTERNAL]),
            UNKNOWN_PATH,
            UNKNOWN_PATH,
        ],
        ProtocolAnomaly::ReservedFlag => [
            Fails(CORRUPT),
            PARSING,
            RunsOr(&[INVALID_ARGUMENT, INTERNAL]),
            PARSING,
            Fails(&[CANCELLED, UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT, INTERNAL]),
        ],
        ProtocolAnomaly::CompressedWithoutEncoding => [
            PARSING,
            PARSING,
            PARSING,
            PARSING,
            PARSING,
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
            PARSING,
        ],
        ProtocolAnomaly::UnknownEncoding => [
            UNKNOWN_PATH,
            UNKNOWN_PATH,
            Fails(&[UNIMPLEMENTED, INTERNAL]),
            UNKNOWN_PATH,
            UNKNOWN_PATH,
            UNKNOWN_PATH,
            UNKNOWN_PATH,
        ],
        // Every stack can support gzip, and none has to.
        ProtocolAnomaly::GzipRequest => all(RunsOr(&[UNIMPLEMENTED])),
        ProtocolAnomaly::BrokenGzip => all(Fails(BROKEN_GZIP)),
        ProtocolAnomaly::Oversized => [
            RunsOr(&[RESOURCE_EXHAUSTED]),
            RunsOr(&[RESOURCE_EXHAUSTED, OUT_OF_RANGE]),
            RunsOr(&[RESOURCE_EXHAUSTED]),
            RunsOr(&[RESOURCE_EXHAUSTED]),
            RunsOr(&[RESOURCE_EXHAUSTED]),
            RunsOr(&[RESOURCE_EXHAUSTED]),
            RunsOr(&[RESOURCE_EXHAUSTED]),
        ],
        // HTTP 415 is only a "SHOULD", so the specification allows any refusal.
        ProtocolAnomaly::NoContentType | ProtocolAnomaly::WrongContentType => [
            Fails(ANY),
            RunsOr(ANY),
            RunsOr(ANY),
            UNSUPPORTED,
            UNSUPPORTED,
            Fails(ANY),
            Fails(ANY),
        ],
        ProtocolAnomaly::NoTeHeader => [
            RunsOr(ANY),
            Runs,
            RunsOr(&[INTERNAL]),
            Runs,
            RunsOr(ANY),
            Runs,
            Runs,
        ],
        ProtocolAnomaly::InvalidTimeout => [
            RunsOr(&[UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
            RunsOr(&[DEADLINE_EXCEEDED, INTERNAL]),
            RunsOr(&[INTERNAL]),
            RunsOr(&[CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
            RunsOr(&[INVALID_ARGUMENT]),
        ],
        ProtocolAnomaly::JoinedBase64 => [
            Runs,
            Runs,
            RunsOr(&[INTERNAL]),
            RunsOr(&[INTERNAL]),
            Runs,
            Runs,
            Runs,
        ],
        ProtocolAnomaly::InvalidBase64 => [
            RunsOr(&[UNKNOWN, INVALID_ARGUMENT, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
            RunsOr(&[INTERNAL]),
            RunsOr(&[INTERNAL]),
            RunsOr(&[UNKNOWN, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
            RunsOr(&[INVALID_ARGUMENT]),
        ],
        ProtocolAnomaly::NonAsciiMetadata => all(Runs),
        ProtocolAnomaly::UnknownMethod
        | ProtocolAnomaly::UnknownService
        | ProtocolAnomaly::InvalidPath => all(UNKNOWN_PATH),
        ProtocolAnomaly::GetMethod => [
            Fails(ANY),
            RunsOr(ANY),
            Fails(ANY),
            Fails(ANY),
            Fails(ANY),
            Fails(ANY),
            Fails(ANY),
        ],
    }
}

/// The table as Markdown, for `profile.md`.
#[cfg(test)]
pub(super) fn table() -> String {
    use std::fmt::Write;

    let mut table = String::from("| anomaly |");
    for name in super::Profile::NAMES {
        let _ = write!(table, " {name} |");
    }
    table.push_str("\n| --- |");
    table.push_str(&" --- |".repeat(super::Profile::NAMES.len()));
    table.push('\n');
    for anomaly in ProtocolAnomaly::ALL {
        let _ = write!(table, "| {anomaly:?} |");
        for reaction in reactions_to(anomaly) {
            let _ = write!(table, " {} |", cell(&reaction));
        }
        table.push('\n');
    }
    table
}

#[cfg(test)]
fn cell(reaction: &Reaction) -> String {
    let codes = |codes: &[i32]| match codes.len() {
        16 => "any error".to_owned(),
        _ => codes
            .iter()
            .map(|code| crate::contract::Code(*code).to_string())
            .collect::<Vec<_>>()
            .join(", "),
    };
    match reaction {
        Runs => "runs".to_owned(),
        Fails(with) => codes(with),
        RunsOr(with) => format!("runs, or {}", codes(with)),
        Reaction::Http(statuses) => statuses
            .iter()
            .map(|status| format!("HTTP {status}"))
            .collect::<Vec<_>>()
            .join(", "),
        Reaction::Unspecified => "open".to_owned(),
    }
}
