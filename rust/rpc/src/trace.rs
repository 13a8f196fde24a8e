//! The W3C trace context (header `traceparent`), which identifies the trace of a call.

use std::fmt;

use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState},
};

/// The parsed `traceparent` of a call. It is passed on to nested calls, its trace id is logged,
/// and it is the parent of the span of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceContext {
    /// Starts a new trace with random ids and the sampled flag unset.
    pub fn root() -> Self {
        Self {
            trace_id: rand::random::<u128>().max(1),
            span_id: rand::random::<u64>().max(1),
            flags: 0,
        }
    }

    /// The span in an OpenTelemetry context, as the parent of what it causes.
    pub fn of_span(context: &Context) -> Self {
        let span = context.span();
        let span = span.span_context();
        Self {
            trace_id: u128::from_be_bytes(span.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(span.span_id().to_bytes()),
            flags: span.trace_flags().to_u8(),
        }
    }

    /// A new span of the same trace, to be sent with a nested call.
    pub fn child(self) -> Self {
        Self {
            span_id: rand::random::<u64>().max(1),
            ..self
        }
    }

    /// Parses a `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`. Versions above 00 may
    /// append further fields, which are ignored. `None` if it is malformed.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let version = hex(value.get(0..2)?)?;
        let version_allows_length = match version {
            0 => value.len() == 55,
            0xff => false,
            _ => value.len() == 55 || value.get(55) == Some(&b'-'),
        };
        let dashes = [2, 35, 52]
            .iter()
            .all(|&index| value.get(index) == Some(&b'-'));
        if !version_allows_length || !dashes {
            return None;
        }
        let trace_id = hex(value.get(3..35)?)?;
        let span_id = u64::try_from(hex(value.get(36..52)?)?).ok()?;
        let flags = u8::try_from(hex(value.get(53..55)?)?).ok()?;
        (trace_id != 0 && span_id != 0).then_some(Self {
            trace_id,
            span_id,
            flags,
        })
    }

    /// The id of the trace. Format it as 32 hex digits with `{:032x}`.
    pub fn trace_id(self) -> u128 {
        self.trace_id
    }
}

/// As a parent in another process.
impl From<TraceContext> for SpanContext {
    fn from(trace: TraceContext) -> Self {
        Self::new(
            TraceId::from_bytes(trace.trace_id.to_be_bytes()),
            SpanId::from_bytes(trace.span_id.to_be_bytes()),
            TraceFlags::new(trace.flags),
            true,
            TraceState::default(),
        )
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace_id,
            span_id,
            flags,
        } = self;
        write!(formatter, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}

/// Parses at most 32 hex digits, lower case only, as the W3C standard requires.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |sum, digit| match digit {
        b'0'..=b'9' => Some(sum << 4 | u128::from(digit - b'0')),
        b'a'..=b'f' => Some(sum << 4 | u128::from(digit - b'a' + 10)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn traceparent_round_trips() {
        let trace = TraceContext::parse(EXAMPLE.as_bytes()).expect("well formed");
        assert_eq!(trace.to_string(), EXAMPLE);
    }

    #[test]
    fn child_span_keeps_the_trace_id() {
        let parent = TraceContext::root();
        let child = parent.child();
        assert_eq!(parent.trace_id(), child.trace_id());
        assert_ne!(parent.span_id, child.span_id);
    }

    #[test]
    fn malformed_traceparent_is_ignored() {
        let cases = [
            "",
            "00",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ];
        for case in cases {
            assert_eq!(TraceContext::parse(case.as_bytes()), None, "{case}");
        }
        let newer = format!("01{}-more", &EXAMPLE[2..]);
        assert!(TraceContext::parse(newer.as_bytes()).is_some());
    }
}
