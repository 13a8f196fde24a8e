//! The five bytes in front of each message, and how many messages there are.
//! Sources: PROTOCOL-HTTP2.md, Length-Prefixed-Message; compression.md;
//! statuscodes.md for too many or too few messages.

use prost_reflect::ReflectMessage;

use super::{Bench, bytes};
use crate::{
    case::{Case, Expect, RawCall},
    probe::frame,
    profile::Oddity,
};

/// More than the 4 MiB that gRPC servers take by default.
const OVERSIZED: usize = 5 << 20;

pub(super) fn cases(bench: &Bench<'_>) -> Vec<Case> {
    let mut cases = lies(bench);
    cases.extend(flags(bench));
    if !bench.method.client_streaming {
        cases.extend(cardinality(bench));
    }
    // One for each service: the limit is that of the server.
    if bench.is_first() {
        let number = bytes::unused(&bench.baseline.descriptor());
        let filler = bytes::delimited(number, &vec![0; OVERSIZED]);
        cases.push(bench.message(
            "oversized",
            "a valid request with an unknown field of 5 MiB",
            &bench.followed_by(&filler),
            bench.profile.expects(Oddity::Oversized),
        ));
    }
    cases
}

fn lies(bench: &Bench<'_>) -> Vec<Case> {
    let expects = |oddity| bench.profile.expects(oddity);
    let beyond_end = match bench.method.client_streaming {
        true => Oddity::CutOffStream,
        false => Oddity::LengthBeyondEnd,
    };
    let mut longer = frame(0, &bench.encoded);
    // The lengths of requests are far from carrying over.
    longer[4] = longer[4].wrapping_add(1);
    if longer[4] == 0 {
        longer[3] = longer[3].wrapping_add(1);
    }
    let mut trailing = frame(0, &bench.encoded);
    trailing.extend([0, 0, 0]);
    let mut cases = vec![
        bench.body(
            "length-beyond-end",
            "a valid request whose length in the frame is one too great",
            longer,
            expects(beyond_end),
        ),
        bench.body(
            "half-a-frame",
            "three bytes in place of the five before a message",
            vec![0, 0, 0],
            expects(beyond_end),
        ),
        bench.body(
            "trailing-bytes",
            "a valid request and then three bytes of another frame",
            trailing,
            expects(Oddity::TrailingBytes),
        ),
    ];
    if let Some((last, cut)) = bench.encoded.split_last() {
        let mut shorter = frame(0, cut);
        shorter.push(*last);
        cases.push(bench.body(
            "length-too-short",
            "a valid request whose length in the frame is one too small",
            shorter,
            expects(Oddity::LengthTooShort),
        ));
    }
    cases
}

fn flags(bench: &Bench<'_>) -> Vec<Case> {
    let expects = |oddity| bench.profile.expects(oddity);
    let compressed = |id: &str, intent: &str, encoding: &str, expect: Expect| {
        let call = RawCall {
            headers: vec![("grpc-encoding".to_owned(), encoding.as_bytes().to_vec())],
            body: frame(u8::from(encoding.starts_with("proofread")), &bench.encoded),
            ..RawCall::default()
        };
        bench.call(id, intent, call, expect)
    };
    vec![
        bench.body(
            "flag/2",
            "a valid request with the second bit of the frame's flag set, which is reserved",
            frame(2, &bench.encoded),
            expects(Oddity::ReservedFlag),
        ),
        bench.body(
            "flag/128",
            "a valid request with the highest bit of the frame's flag set, which is reserved",
            frame(128, &bench.encoded),
            expects(Oddity::ReservedFlag),
        ),
        bench.body(
            "flag/compressed",
            "a valid request that says that it is compressed, in a call without an encoding",
            frame(1, &bench.encoded),
            expects(Oddity::CompressedWithoutEncoding),
        ),
        compressed(
            "encoding/unknown",
            "a request that is compressed by an encoding that nobody knows",
            "proofread-unknown",
            expects(Oddity::UnknownEncoding),
        ),
        compressed(
            "encoding/identity",
            "a valid request with the encoding identity, which is none",
            "identity",
            Expect::Accepted,
        ),
    ]
}

fn cardinality(bench: &Bench<'_>) -> Vec<Case> {
    vec![
        bench.body(
            "no-message",
            "no message where the method takes one",
            Vec::new(),
            bench.profile.expects(Oddity::NoMessage),
        ),
        bench.body(
            "two-messages",
            "a valid request twice where the method takes one message",
            frame(0, &bench.encoded).repeat(2),
            bench.profile.expects(Oddity::TwoMessages),
        ),
    ]
}
