//! Wire cases: what no client library sends.
//!
//! All of them begin with a valid request, so that nothing but the oddity can be
//! why a server refuses. What protobuf and gRPC define is expected as they define
//! it; the rest is as the [`Profile`] of the server's stack says.
//!
//! - `message` bends the bytes of the message,
//! - `repeated` says the same message in other bytes, which must change nothing,
//! - `framing` bends the five bytes in front of it,
//! - `headers` bends what stands before the body.

mod bytes;
mod framing;
mod headers;
mod message;
mod repeated;
#[cfg(test)]
mod tests;

use prost::Message;
use prost_reflect::DynamicMessage;

use crate::{
    case::{Case, Expect, Phase, RawCall, Send},
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
    let bench = Bench {
        contract,
        oracle,
        method,
        baseline,
        encoded: baseline.encode_to_vec(),
        profile,
    };
    let mut cases = message::cases(&bench);
    cases.extend(repeated::cases(&bench));
    cases.extend(framing::cases(&bench));
    cases.extend(headers::cases(&bench));
    cases
}

/// What all cases of a method are made from.
struct Bench<'a> {
    contract: &'a Contract,
    oracle: &'a Oracle,
    method: &'a Method,
    baseline: &'a DynamicMessage,
    /// The baseline, without a frame.
    encoded: Vec<u8>,
    profile: &'a Profile,
}

impl Bench<'_> {
    /// A case with any body.
    fn body(&self, id: &str, intent: impl Into<String>, body: Vec<u8>, expect: Expect) -> Case {
        let call = RawCall {
            body,
            ..RawCall::default()
        };
        self.call(id, intent, call, expect)
    }

    /// A case with one message, well framed.
    fn message(&self, id: &str, intent: impl Into<String>, message: &[u8], expect: Expect) -> Case {
        self.body(id, intent, frame(0, message), expect)
    }

    /// A case with the baseline and headers.
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

    fn call(&self, id: &str, intent: impl Into<String>, call: RawCall, expect: Expect) -> Case {
        Case {
            id: format!("wire/{id}"),
            method: self.method.path.clone(),
            phase: Phase::Wire,
            intent: intent.into(),
            exercises: Vec::new(),
            send: Send::Raw(call),
            expect,
        }
    }

    /// The baseline and then these bytes.
    fn followed_by(&self, more: &[u8]) -> Vec<u8> {
        [self.encoded.as_slice(), more].concat()
    }

    /// The service to which the method belongs.
    fn service(&self) -> &str {
        let path = self.method.path.trim_start_matches('/');
        path.split('/').next().unwrap_or_default()
    }

    /// Whether it is the first method of its service: what concerns the server and
    /// not the method is sent once for each service.
    fn is_first(&self) -> bool {
        self.contract.services().any(|service| {
            let first = service.methods.first();
            first.is_some_and(|first| first.path == self.method.path)
        })
    }
}
