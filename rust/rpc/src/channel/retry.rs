//! Which calls are made again after a failure, and when.
//!
//! The contract decides: unary methods with an `idempotency_level` are retried when the
//! server is UNAVAILABLE, or RESOURCE_EXHAUSTED or ABORTED with a `RetryInfo`. Other unary
//! methods are retried only if the server surely has not processed the call. Streams, and
//! the methods of health and reflection, are never retried.

use std::time::Duration;

use bytes::Bytes;
use contract::Idempotency;
use futures::{FutureExt, StreamExt, stream};
use http::Response;
use http_body_util::{BodyExt, BodyStream, StreamBody};
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt;

use crate::method::MethodInfo;

/// The first attempt and at most three retries.
const MAX_ATTEMPTS: u32 = 4;
/// The longest delay before the first retry; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// Larger requests are not retried, because a copy is kept until the response.
const MAX_BUFFERED_BYTES: usize = 64 * 1024;

/// Why an attempt has no response.
pub(super) enum Failed {
    /// The server has not processed the call: there was no connection, or it refused the
    /// stream before it looked at it.
    Unprocessed(Status),
    /// The server may have processed the call.
    Unknown(Status),
    /// The circuit breaker is open.
    BreakerOpen(Status),
}

impl Failed {
    pub(super) fn status(&self) -> &Status {
        match self {
            Self::Unprocessed(status) | Self::Unknown(status) | Self::BreakerOpen(status) => status,
        }
    }

    pub(super) fn into_status(self) -> Status {
        match self {
            Self::Unprocessed(status) | Self::Unknown(status) | Self::BreakerOpen(status) => status,
        }
    }
}

/// Whether calls of the method are ever retried.
pub(super) fn is_retried(method: &MethodInfo) -> bool {
    method.is_known() && method.is_unary() && !method.infrastructure
}

/// The delay before the next attempt; `None` if there must be none. `attempts` have been
/// made, and `outcome` is that of the last.
pub(super) fn delay(
    method: &MethodInfo,
    outcome: &Result<Response<Body>, Failed>,
    attempts: u32,
) -> Option<Duration> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let status = match outcome {
        Ok(response) => &failure_status(response)?,
        Err(Failed::Unprocessed(_)) => return Some(backoff(attempts)),
        Err(Failed::Unknown(status)) => status,
        Err(Failed::BreakerOpen(_)) => return None,
    };
    if method.idempotency == Idempotency::Unknown {
        return None;
    }
    let retry_info = status.get_details_retry_info();
    let server_delay = retry_info.and_then(|info| info.retry_delay);
    match status.code() {
        // The server sends the same delay to all, so they are spread.
        Code::Unavailable | Code::ResourceExhausted | Code::Aborted if server_delay.is_some() => {
            server_delay.map(|delay| delay.mul_f64(rand::random_range(1.0..1.25)))
        }
        Code::Unavailable => Some(backoff(attempts)),
        _ => None,
    }
}

/// The status of a response that consists of a failure only. After other headers the
/// response has begun, and the call can't be made again.
pub(super) fn failure_status(response: &Response<Body>) -> Option<Status> {
    Status::from_header_map(response.headers()).filter(|status| status.code() != Code::Ok)
}

/// Exponential backoff with full jitter: a random part of a limit that doubles.
fn backoff(attempts: u32) -> Duration {
    let limit = FIRST_BACKOFF * 2_u32.pow(attempts.saturating_sub(1));
    limit.mul_f64(rand::random_range(0.0..1.0))
}

/// The bytes of a body that is there as a whole, as generated unary clients send it, or
/// the unchanged body if it is larger than 64 KiB or still being made.
pub(super) fn buffer(mut body: Body) -> Result<Bytes, Body> {
    let mut frames = Vec::new();
    let mut complete = false;
    while frames.len() < 2
        && !complete
        && let Some(next) = body.frame().now_or_never()
    {
        complete = next.is_none();
        frames.extend(next);
    }
    match &*frames {
        [] if complete => return Ok(Bytes::new()),
        [Ok(frame)] if complete => match frame.data_ref() {
            Some(data) if data.len() <= MAX_BUFFERED_BYTES => return Ok(data.clone()),
            _ => {}
        },
        _ => {}
    }
    let rest = (!complete).then(|| BodyStream::new(body));
    let frames = stream::iter(frames).chain(stream::iter(rest).flatten());
    Err(Body::new(StreamBody::new(frames)))
}

#[cfg(test)]
mod tests {
    use http_body::Frame;

    use super::*;

    fn streamed(chunks: &[usize]) -> Body {
        let chunks = chunks.iter().map(|&length| vec![0; length].into());
        let frames = chunks.map(|chunk: Bytes| Ok::<_, Status>(Frame::data(chunk)));
        Body::new(StreamBody::new(stream::iter(frames.collect::<Vec<_>>())))
    }

    #[tokio::test]
    async fn only_small_complete_bodies_are_buffered() {
        let buffered = |chunks: &[usize]| buffer(streamed(chunks)).map(|bytes| bytes.len());
        assert_eq!(buffered(&[]).ok(), Some(0));
        assert_eq!(
            buffered(&[MAX_BUFFERED_BYTES]).ok(),
            Some(MAX_BUFFERED_BYTES)
        );
        for chunks in [&[MAX_BUFFERED_BYTES + 1][..], &[1, 2], &[1, 2, 3]] {
            let body = buffered(chunks).expect_err("it is sent as it is");
            let sent = body.collect().await.expect("unchanged").to_bytes();
            assert_eq!(sent.len(), chunks.iter().sum::<usize>(), "{chunks:?}");
        }
    }

    #[tokio::test]
    async fn body_that_is_still_being_made_is_not_waited_for() {
        let first = stream::iter([Ok::<_, Status>(Frame::data(Bytes::from_static(b"ab")))]);
        let unfinished = StreamBody::new(first.chain(stream::pending()));
        let mut body = buffer(Body::new(unfinished)).expect_err("it has no end");
        let frame = body.frame().await.expect("a frame").expect("no failure");
        assert_eq!(frame.into_data().ok().as_deref(), Some(&b"ab"[..]));
    }

    #[test]
    fn backoff_doubles_and_is_random() {
        for (attempts, limit) in [(1, 50), (2, 100), (3, 200)] {
            let delays = std::iter::repeat_with(|| backoff(attempts)).take(200);
            let longest = delays.max().expect("some");
            let limit = Duration::from_millis(limit);
            assert!(longest <= limit && longest > limit / 2, "{longest:?}");
        }
    }
}
