//! Cases with invalid gRPC frame headers, and with too many or too few messages.
//! Sources: PROTOCOL-HTTP2.md, Length-Prefixed-Message; compression.md;
//! statuscodes.md for too many or too few messages.

use prost_reflect::ReflectMessage;

use super::{CaseBuilder, encoding};
use crate::{
    case::{Case, Expect, RawCall},
    probe::frame,
    profile::ProtocolAnomaly,
};

/// More bytes than the 4 MiB that gRPC servers accept by default.
const OVERSIZED: usize = 5 << 20;

pub(super) fn cases(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let mut cases = wrong_lengths(builder);
    cases.extend(flags(builder));
    if !builder.method.client_streaming {
        cases.extend(cardinality(builder));
    }
    // Only once for each service, because the limit belongs to the server.
    if builder.is_first() {
        let number = encoding::unused_field_number(&builder.baseline.descriptor());
        let filler = encoding::delimited(number, &vec![0; OVERSIZED]);
        cases.push(builder.message(
            "oversized",
            "a valid request with an unknown field of 5 MiB",
            &builder.followed_by(&filler),
            builder.profile.expectation(ProtocolAnomaly::Oversized),
        ));
    }
    cases
}

fn wrong_lengths(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let expectation = |anomaly| builder.profile.expectation(anomaly);
    let beyond_end = if builder.method.client_streaming {
        ProtocolAnomaly::TruncatedStream
    } else {
        ProtocolAnomaly::LengthBeyondEnd
    };
    let mut longer = frame(0, &builder.encoded);
    // Requests are short, so a carry into the third byte of the length is enough.
    longer[4] = longer[4].wrapping_add(1);
    if longer[4] == 0 {
        longer[3] = longer[3].wrapping_add(1);
    }
    let mut trailing = frame(0, &builder.encoded);
    trailing.extend([0, 0, 0]);
    let mut cases = vec![
        builder.body(
            "length-beyond-end",
            "a valid request whose length in the frame header is one too great",
            longer,
            expectation(beyond_end),
        ),
        builder.body(
            "half-a-frame",
            "three bytes instead of the five of a frame header",
            vec![0, 0, 0],
            expectation(beyond_end),
        ),
        builder.body(
            "trailing-bytes",
            "a valid request and then three bytes of another frame header",
            trailing,
            expectation(ProtocolAnomaly::TrailingBytes),
        ),
    ];
    if let Some((last, cut)) = builder.encoded.split_last() {
        let mut shorter = frame(0, cut);
        shorter.push(*last);
        cases.push(builder.body(
            "length-too-short",
            "a valid request whose length in the frame header is one too small",
            shorter,
            expectation(ProtocolAnomaly::LengthTooShort),
        ));
    }
    cases
}

fn flags(builder: &CaseBuilder<'_>) -> Vec<Case> {
    let expectation = |anomaly| builder.profile.expectation(anomaly);
    let compressed = |id: &str, intent: &str, encoding: &str, expect: Expect| {
        let call = RawCall {
            headers: vec![("grpc-encoding".to_owned(), encoding.as_bytes().to_vec())],
            body: frame(
                u8::from(encoding.starts_with("proofread")),
                &builder.encoded,
            ),
            ..RawCall::default()
        };
        builder.call(id, intent, call, expect)
    };
    vec![
        builder.body(
            "flag/2",
            "a valid request with the second bit of the frame's flag set, which is reserved",
            frame(2, &builder.encoded),
            expectation(ProtocolAnomaly::ReservedFlag),
        ),
        builder.body(
            "flag/128",
            "a valid request with the highest bit of the frame's flag set, which is reserved",
            frame(128, &builder.encoded),
            expectation(ProtocolAnomaly::ReservedFlag),
        ),
        builder.body(
            "flag/compressed",
            "a valid request with the compressed flag, in a call without grpc-encoding",
            frame(1, &builder.encoded),
            expectation(ProtocolAnomaly::CompressedWithoutEncoding),
        ),
        compressed(
            "encoding/unknown",
            "a request with the compressed flag and an unknown grpc-encoding",
            "proofread-unknown",
            expectation(ProtocolAnomaly::UnknownEncoding),
        ),
        compressed(
            "encoding/identity",
            "a valid request with grpc-encoding identity, which means no compression",
            "identity",
            Expect::Accepted,
        ),
    ]
}

fn cardinality(builder: &CaseBuilder<'_>) -> Vec<Case> {
    vec![
        builder.body(
            "no-message",
            "no message, where the method takes one",
            Vec::new(),
            builder.profile.expectation(ProtocolAnomaly::NoMessage),
        ),
        builder.body(
            "two-messages",
            "a valid request twice, where the method takes one message",
            frame(0, &builder.encoded).repeat(2),
            builder.profile.expectation(ProtocolAnomaly::TwoMessages),
        ),
    ]
}
