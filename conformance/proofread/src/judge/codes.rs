//! The gRPC code that a client makes of an answer without one.

use crate::{contract::Code, outcome::Outcome};

/// The code of an outcome: that of the answer, or the one to which gRPC maps the
/// status of HTTP (http-grpc-status-mapping.md) or the reset of HTTP/2
/// (PROTOCOL-HTTP2.md, Errors). None where there is no answer.
pub fn code_of(outcome: &Outcome) -> Option<Code> {
    match outcome {
        Outcome::Answered(answer) => match answer.grpc_code() {
            Some(code) => Some(Code(code)),
            None if answer.stopped => Some(Code(0)),
            None => Some(of_http(answer.http_status)),
        },
        Outcome::Reset { code } => Some(of_reset(*code)),
        Outcome::TimedOut { .. } | Outcome::Broken { .. } | Outcome::Unreachable { .. } => None,
    }
}

fn of_http(status: u16) -> Code {
    Code(match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    })
}

fn of_reset(code: u32) -> Code {
    Code(match code {
        7 => 14,
        8 => 1,
        11 => 8,
        12 => 7,
        _ => 13,
    })
}
