//! Wire cases: bytes and headers that no client library sends.
//!
//! Each case changes a valid request in one way, so that a server can't refuse it for
//! another reason. The expectations follow protobuf and gRPC where they define one, and
//! the [`Profile`] of the server's stack elsewhere.
//!
//! - `message` changes the bytes of the message.
//! - `equivalent_encodings` encodes the same message differently, which must make no
//!   difference to a server.
//! - `edge_values` sends values at the edge of their type.
//! - `framing` changes the five bytes in front of a message.
//! - `headers` changes headers, the path and the HTTP method.
//! - `transport` sends what real clients send and minimal ones do not.

mod edge_values;
mod encoding;
mod equivalent_encodings;
mod framing;
mod headers;
mod message;
mod pieces;
#[cfg(test)]
mod tests;
mod transport;

use prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage};

use crate::{
    case::{Case, Expect, Payload, Phase, RawCall},
    contract::{Contract, Method},
    oracle::Oracle,
    probe::frame,
    profile::Profile,
};

/// The wire cases of a method, in a fixed order. `baseline` is a request that keeps
/// every rule.
pub fn cases(
    contract: &Contract,
    oracle: &Oracle,
    method: &Method,
    baseline: &DynamicMessage,
    profile: &Profile,
) -> Vec<Case> {
    let builder = CaseBuilder {
        contract,
        oracle,
        method,
        baseline,
        encoded: baseline.encode_to_vec(),
        profile,
    };
    let mut cases = message::cases(&builder);
    cases.extend(equivalent_encodings::cases(&builder));
    cases.extend(pieces::cases(&builder));
    cases.extend(edge_values::cases(&builder));
    cases.extend(framing::cases(&builder));
    cases.extend(headers::cases(&builder));
    cases.extend(transport::cases(&builder));
    cases
}

/// Builds the wire cases of one method.
struct CaseBuilder<'a> {
    contract: &'a Contract,
    oracle: &'a Oracle,
    method: &'a Method,
    baseline: &'a DynamicMessage,
    /// The encoded baseline, without a frame header.
    encoded: Vec<u8>,
    profile: &'a Profile,
}

impl CaseBuilder<'_> {
    /// A case with an arbitrary body.
    fn body(&self, id: &str, intent: impl Into<String>, body: Vec<u8>, expect: Expect) -> Case {
        let call = RawCall {
            body,
            ..RawCall::default()
        };
        self.call(id, intent, call, expect)
    }

    /// A case with arbitrary message bytes in a correct frame.
    fn message(&self, id: &str, intent: impl Into<String>, message: &[u8], expect: Expect) -> Case {
        self.body(id, intent, frame(0, message), expect)
    }

    /// A case with the baseline and additional headers.
    fn headers(&self, id: &str, intent: &str, headers: &[(&str, &[u8])], expect: Expect) -> Case {
        let headers = headers.iter();
        let call = RawCall {
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
                .collect(),
            body: frame(0, &self.encoded),
            ..RawCall::default()
        };
        self.call(id, intent, call, expect)
    }

    /// A case with an arbitrary call.
    fn call(&self, id: &str, intent: impl Into<String>, call: RawCall, expect: Expect) -> Case {
        Case {
            id: format!("wire/{id}"),
            method: self.method.path.clone(),
            phase: Phase::Wire,
            intent: intent.into(),
            exercises: Vec::new(),
            send: Payload::Raw(call),
            expect,
        }
    }

    /// The answer that is expected for a message; `None` if it does not decode or its rules
    /// can't be evaluated.
    fn expectation(&self, bytes: &[u8]) -> Option<Expect> {
        let decoded = DynamicMessage::decode(self.baseline.descriptor(), bytes).ok()?;
        self.oracle.expectation([&decoded]).ok()
    }

    /// A case whose expected answer the oracle decides; `None` if it can't.
    fn judged(&self, id: &str, intent: &str, bytes: &[u8]) -> Option<Case> {
        let expect = self.expectation(bytes)?;
        Some(self.message(id, intent, bytes, expect))
    }

    /// The encoded baseline followed by these bytes.
    fn followed_by(&self, more: &[u8]) -> Vec<u8> {
        [self.encoded.as_slice(), more].concat()
    }

    /// The full name of the service.
    fn service(&self) -> &str {
        let path = self.method.path.trim_start_matches('/');
        path.split('/').next().unwrap_or_default()
    }

    /// Whether the method is the first of its service. Cases that concern the server and
    /// not the method are only sent for this one.
    fn is_first(&self) -> bool {
        self.contract.services().any(|service| {
            let first = service.methods.first();
            first.is_some_and(|first| first.path == self.method.path)
        })
    }
}
