//! Receives the first message of a request before the call is admitted.
//!
//! A unary or server-streaming call has exactly one message, and its handler runs only
//! at the end of the body, so the whole body is received. Of a client stream the first
//! message is received. A bidirectional stream is passed on at once, because its client
//! may wait for the server's first message.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;
use tonic::{Status, body::Body};

use crate::{authentication::FirstMessage, layers::frame_parser::FrameParser, method::MethodInfo};

/// How much of a request is held in memory before the call has a permit, in bytes. A
/// request with a longer first message takes its permit at this size. Nearly all
/// messages are shorter; 1,024 calls of one connection hold at most 64 MiB.
const MAX_RECEIVED_BYTES: usize = 64 * 1024;

/// What has been received of a request.
pub(super) struct Received {
    /// The body, with everything that was received.
    pub(super) body: Body,
    /// The first message, if the method needs it for the decision who may call.
    pub(super) message: Option<FirstMessage>,
    /// Whether the handler need not wait for the client any more.
    pub(super) is_complete: bool,
}

/// Waits for the first message.
///
/// Fails with DEADLINE_EXCEEDED after the timeout, and with the error of the body. A body
/// that ends too early is for the decoder to refuse.
pub(super) async fn receive(
    body: Body,
    method: &MethodInfo,
    timeout: Duration,
) -> Result<Received, Status> {
    if method.is_bidirectional() {
        return Ok(Received {
            body,
            message: None,
            is_complete: false,
        });
    }
    let receiving = receive_frames(body, method.is_client_stream());
    match tokio::time::timeout(timeout, receiving).await {
        Ok(received) => {
            let received = received?;
            let message = method.has_conditions().then(|| received.first_message());
            Ok(Received {
                message: message.flatten(),
                is_complete: received.rest.is_none(),
                body: Body::new(received),
            })
        }
        Err(_) => Err(Status::deadline_exceeded(format!(
            "the request message did not arrive within {timeout:?}"
        ))),
    }
}

async fn receive_frames(mut rest: Body, client_stream: bool) -> Result<ReceivedBody, Status> {
    let mut parser = FrameParser::new(usize::MAX);
    let mut frames = VecDeque::with_capacity(1);
    let mut received_bytes = 0;
    let mut ended = rest.is_end_stream();
    while !ended
        && received_bytes < MAX_RECEIVED_BYTES
        && !(client_stream && parser.complete_messages() > 0)
    {
        let Some(frame) = rest.frame().await.transpose()? else {
            ended = true;
            break;
        };
        ended = rest.is_end_stream();
        if let Some(data) = frame.data_ref() {
            received_bytes += data.len();
            // The limit of this parser is the largest number, so it never fails.
            let _ = parser.advance(data);
        }
        frames.push_back(frame);
    }
    Ok(ReceivedBody {
        frames,
        rest: (!ended).then_some(rest),
    })
}

/// The frames that were received, and then the rest of the body; `None` if it has ended.
struct ReceivedBody {
    frames: VecDeque<Frame<Bytes>>,
    rest: Option<Body>,
}

impl ReceivedBody {
    /// The first message; `None` if it is longer than what is received beforehand.
    fn first_message(&self) -> Option<FirstMessage> {
        let mut data = self.frames.iter().filter_map(Frame::data_ref);
        let first = data.next().cloned().unwrap_or_default();
        let mut bytes = match data.next() {
            None => first,
            Some(second) => {
                let mut joined = BytesMut::from(first);
                joined.extend_from_slice(second);
                data.for_each(|more| joined.extend_from_slice(more));
                joined.freeze()
            }
        };
        let compressed = bytes.try_get_u8().is_ok_and(|flag| flag != 0);
        let length = bytes.try_get_u32().ok().map(|length| length as usize);
        match length {
            Some(length) if !compressed && length <= bytes.len() => {
                let within_limit = length < MAX_RECEIVED_BYTES;
                within_limit.then(|| FirstMessage::Encoded(bytes.split_to(length)))
            }
            Some(_) if !compressed && self.rest.is_some() => None,
            _ => Some(FirstMessage::Undecodable),
        }
    }
}

impl http_body::Body for ReceivedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(frame) = self.frames.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{Full, StreamBody};

    use super::*;

    async fn first_message(body: Body) -> Option<FirstMessage> {
        let received = receive_frames(body, false).await.expect("no error");
        received.first_message()
    }

    fn body(bytes: &[u8]) -> Body {
        Body::new(Full::new(Bytes::copy_from_slice(bytes)))
    }

    #[tokio::test]
    async fn message_is_joined_from_its_frames() {
        let frames = [&b"\0\0\0"[..], b"\0\x02a", b"b"];
        let frames = frames.map(|data| Ok::<_, Status>(Frame::data(Bytes::from_static(data))));
        let body = Body::new(StreamBody::new(futures::stream::iter(frames)));
        let message = first_message(body).await;
        assert!(matches!(message, Some(FirstMessage::Encoded(bytes)) if bytes == "ab"));
    }

    #[tokio::test]
    async fn what_no_handler_sees_is_undecodable() {
        let cases: [&[u8]; 6] = [
            b"",
            b"\0\0\0",
            b"\0\0\0\0\x03ab",
            b"\x01\0\0\0\x02ab",
            b"\x02\0\0\0\x02ab",
            b"\0\xff\xff\xff\xffab",
        ];
        for case in cases {
            let message = first_message(body(case)).await;
            assert!(
                matches!(message, Some(FirstMessage::Undecodable)),
                "{case:?}"
            );
        }
    }

    #[tokio::test]
    async fn longer_message_is_unknown() {
        let mut long = vec![0, 0, 1, 0, 0];
        long.resize(5 + 65_536, b'x');
        for bytes in [&long[..], &[&long[..5], &[b'x'; 65_536]].concat()] {
            assert!(first_message(body(bytes)).await.is_none());
        }
    }
}
