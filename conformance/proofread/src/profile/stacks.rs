//! What each stack does with each oddity. The columns are those of
//! [`Profile::NAMES`](super::Profile::NAMES); `profile.md` gives the sources.

use super::{Oddity, Reaction};
use Reaction::{Fails, Runs, RunsOr};

const CANCELLED: i32 = 1;
const UNKNOWN: i32 = 2;
const INVALID_ARGUMENT: i32 = 3;
const DEADLINE_EXCEEDED: i32 = 4;
const RESOURCE_EXHAUSTED: i32 = 8;
const OUT_OF_RANGE: i32 = 11;
const UNIMPLEMENTED: i32 = 12;
const INTERNAL: i32 = 13;

/// Any error at all: what is not said must still not run.
const ANY: &[i32] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/// Framing that is corrupt: the specification lets a server reset the stream, which
/// counts as INTERNAL or CANCELLED, and statuses are INTERNAL by statuscodes.md.
const CORRUPT: &[i32] = &[CANCELLED, INTERNAL];

/// HTTP 415, "SHOULD" in PROTOCOL-HTTP2.md, Requests.
const UNSUPPORTED: Reaction = Reaction::Http(&[415]);

const PARSING: Reaction = Fails(&[INTERNAL]);
const UNKNOWN_PATH: Reaction = Fails(&[UNIMPLEMENTED]);

/// The reaction of a stack, by its column: strict, tonic, grpcio, grpc-go,
/// grpc-java, connect.
pub(super) fn reaction(oddity: Oddity, stack: usize) -> Reaction {
    row(oddity)[stack].clone()
}

fn row(oddity: Oddity) -> [Reaction; 6] {
    let all = |reaction: Reaction| {
        let [a, b, c, d, e, f] = [(); 6].map(|()| reaction.clone());
        [a, b, c, d, e, f]
    };
    match oddity {
        Oddity::MalformedMessage => [
            PARSING,
            PARSING,
            PARSING,
            PARSING,
            Fails(&[UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT]),
        ],
        Oddity::HugeLength => [
            PARSING,
            PARSING,
            PARSING,
            PARSING,
            RunsOr(&[UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT]),
        ],
        Oddity::InvalidUtf8 => [
            PARSING,
            PARSING,
            PARSING,
            PARSING,
            Fails(&[UNKNOWN, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
        ],
        Oddity::WrongWireType => [
            RunsOr(&[INTERNAL]),
            PARSING,
            Runs,
            Runs,
            RunsOr(&[UNKNOWN, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
        ],
        Oddity::DeepGroups => [
            RunsOr(&[INTERNAL]),
            PARSING,
            RunsOr(&[INTERNAL]),
            RunsOr(&[INTERNAL]),
            RunsOr(&[UNKNOWN, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
        ],
        Oddity::LengthBeyondEnd => [
            Fails(&[CANCELLED, UNIMPLEMENTED, INTERNAL]),
            PARSING,
            Fails(&[UNIMPLEMENTED, INTERNAL]),
            PARSING,
            Fails(&[CANCELLED, UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
        ],
        Oddity::CutOffStream => [
            Fails(&[CANCELLED, UNIMPLEMENTED, INTERNAL]),
            PARSING,
            RunsOr(&[UNIMPLEMENTED, INTERNAL]),
            PARSING,
            RunsOr(&[CANCELLED, UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
        ],
        Oddity::LengthTooShort => [
            Fails(&[CANCELLED, UNIMPLEMENTED, INTERNAL]),
            PARSING,
            PARSING,
            PARSING,
            Fails(&[CANCELLED, UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
        ],
        Oddity::TrailingBytes => [
            RunsOr(&[CANCELLED, UNIMPLEMENTED, INTERNAL]),
            PARSING,
            RunsOr(&[UNIMPLEMENTED, INTERNAL]),
            RunsOr(&[INTERNAL]),
            RunsOr(&[CANCELLED, UNKNOWN, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT, UNIMPLEMENTED, INTERNAL]),
        ],
        Oddity::NoMessage => [
            Fails(&[UNIMPLEMENTED]),
            PARSING,
            UNKNOWN_PATH,
            Fails(&[UNIMPLEMENTED, INTERNAL]),
            PARSING,
            UNKNOWN_PATH,
        ],
        Oddity::TwoMessages => [
            Fails(&[UNIMPLEMENTED]),
            Runs,
            RunsOr(&[UNIMPLEMENTED]),
            RunsOr(&[UNIMPLEMENTED, INTERNAL]),
            Fails(&[CANCELLED, INTERNAL]),
            UNKNOWN_PATH,
        ],
        Oddity::ReservedFlag => [
            Fails(CORRUPT),
            PARSING,
            RunsOr(&[INVALID_ARGUMENT, INTERNAL]),
            PARSING,
            Fails(&[CANCELLED, UNKNOWN, INTERNAL]),
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
        ],
        Oddity::CompressedWithoutEncoding => [
            PARSING,
            PARSING,
            PARSING,
            PARSING,
            PARSING,
            Fails(&[INVALID_ARGUMENT, INTERNAL]),
        ],
        Oddity::UnknownEncoding => [
            UNKNOWN_PATH,
            UNKNOWN_PATH,
            Fails(&[UNIMPLEMENTED, INTERNAL]),
            UNKNOWN_PATH,
            UNKNOWN_PATH,
            UNKNOWN_PATH,
        ],
        Oddity::Oversized => [
            RunsOr(&[RESOURCE_EXHAUSTED]),
            RunsOr(&[RESOURCE_EXHAUSTED, OUT_OF_RANGE]),
            RunsOr(&[RESOURCE_EXHAUSTED]),
            RunsOr(&[RESOURCE_EXHAUSTED]),
            RunsOr(&[RESOURCE_EXHAUSTED]),
            RunsOr(&[RESOURCE_EXHAUSTED]),
        ],
        // "SHOULD", so that the specification allows any refusal.
        Oddity::NoContentType | Oddity::WrongContentType => [
            Fails(ANY),
            RunsOr(ANY),
            RunsOr(ANY),
            UNSUPPORTED,
            UNSUPPORTED,
            Fails(ANY),
        ],
        Oddity::NoTe => [
            RunsOr(ANY),
            Runs,
            RunsOr(&[INTERNAL]),
            Runs,
            RunsOr(ANY),
            Runs,
        ],
        Oddity::BadTimeout => [
            RunsOr(&[UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
            RunsOr(&[DEADLINE_EXCEEDED, INTERNAL]),
            RunsOr(&[INTERNAL]),
            RunsOr(&[CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
        ],
        Oddity::JoinedBase64 => [
            Runs,
            Runs,
            RunsOr(&[INTERNAL]),
            RunsOr(&[INTERNAL]),
            Runs,
            Runs,
        ],
        Oddity::BadBase64 => [
            RunsOr(&[UNKNOWN, INVALID_ARGUMENT, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
            RunsOr(&[INTERNAL]),
            RunsOr(&[INTERNAL]),
            RunsOr(&[UNKNOWN, INTERNAL]),
            RunsOr(&[INVALID_ARGUMENT]),
        ],
        Oddity::NonAsciiMetadata => all(Runs),
        Oddity::UnknownMethod | Oddity::UnknownService | Oddity::NonsensePath => all(UNKNOWN_PATH),
        Oddity::Get => [
            Fails(ANY),
            RunsOr(ANY),
            Fails(ANY),
            Fails(ANY),
            Fails(ANY),
            Fails(ANY),
        ],
    }
}

/// The table of the document.
#[cfg(test)]
pub(super) fn table() -> String {
    use std::fmt::Write;

    let mut table = String::from("| oddity |");
    for name in super::Profile::NAMES {
        let _ = write!(table, " {name} |");
    }
    table.push_str("\n| --- |");
    table.push_str(&" --- |".repeat(super::Profile::NAMES.len()));
    table.push('\n');
    for oddity in Oddity::ALL {
        let _ = write!(table, "| {oddity:?} |");
        for reaction in row(oddity) {
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
        Reaction::Open => "open".to_owned(),
    }
}
