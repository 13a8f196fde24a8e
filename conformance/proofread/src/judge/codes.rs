//! Maps outcomes to gRPC codes, as gRPC clients do for answers without `grpc-status`.

use crate::{contract::Code, outcome::Outcome};

/// The gRPC code of an outcome: the `grpc-status` of the answer, or else the code to
/// which gRPC maps the HTTP status (http-grpc-status-mapping.md) or the HTTP/2 reset
/// (PROTOCOL-HTTP2.md, Errors). `None` where there was no answer.
pub fn code_of(outcome: &Outcome) -> Option<Code> {
    match outcome {
        Outcome::Answered(answer) => match answer.grpc_code() {
            Some(code) => Some(Code(code)),
            None if answer.stopped_early => Some(Code(0)),
            None => Some(from_http_status(answer.http_status)),
        },
        Outcome::Reset { code } => Some(from_http2_reset(*code)),
        Outcome::TimedOut { .. } | Outcome::Broken { .. } | Outcome::Unreachable { .. } => None,
    }
}

fn from_http_status(status: u16) -> Code {
    Code(match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    })
}

fn from_http2_reset(code: u32) -> Code {
    Code(match code {
        7 => 14,
        8 => 1,
        11 => 8,
        12 => 7,
        _ => 13,
    })
}
