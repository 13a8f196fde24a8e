//! The response to a streaming call: each message of gRPC becomes one of Connect, and the
//! status and the trailers become a last message in JSON.

use std::{
    collections::BTreeMap,
    pin::Pin,
    task::{Context, Poll, ready},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Response, header};
use http_body::Frame;
use prost_reflect::MessageDescriptor;
use serde_json::{Map, Value};
use tonic::{Code, Status, body::Body};

use super::{
    envelope::{self, END_OF_STREAM, Envelope, EnvelopeParser},
    error, json,
    media_type::Codec,
    messages::Messages,
    unary_response::keep_metadata,
};

/// How the messages of a response are written.
pub(super) struct StreamFormat {
    pub codec: Codec,
    /// `None` for a method that does not exist.
    pub message: Option<MessageDescriptor>,
    pub messages: Messages,
}

/// Writes the response of gRPC as one of Connect, whose HTTP status is always 200.
pub(super) fn translate(response: Response<Body>, format: StreamFormat) -> Response<Body> {
    let (mut parts, inner) = response.into_parts();
    // A call that fails without a message has its status in the headers.
    let status = Status::from_header_map(&parts.headers);
    keep_metadata(&mut parts.headers);
    let content_type = format.codec.stream();
    parts.headers.insert(header::CONTENT_TYPE, content_type);
    let body = StreamResponseBody {
        inner,
        parser: EnvelopeParser::default(),
        format,
        early_status: status,
        ended: false,
    };
    Response::from_parts(parts, Body::new(body))
}

struct StreamResponseBody {
    inner: Body,
    parser: EnvelopeParser,
    format: StreamFormat,
    early_status: Option<Status>,
    ended: bool,
}

impl StreamResponseBody {
    fn next_message(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(Envelope { message, .. }) = self.parser.next() else {
            return Ok(None);
        };
        let message = match (self.format.codec, &self.format.message) {
            (Codec::Json, Some(descriptor)) => json::from_proto(descriptor, message)?,
            _ => message,
        };
        Ok(Some(envelope::write(0, &message)))
    }

    /// The last message.
    fn end(&mut self, status: &Status, mut trailers: HeaderMap) -> Bytes {
        self.ended = true;
        keep_metadata(&mut trailers);
        let mut end = Map::new();
        if status.code() != Code::Ok {
            let error = error::to_json(status, &self.format.messages);
            end.insert("error".to_owned(), error);
        }
        if !trailers.is_empty() {
            end.insert("metadata".to_owned(), metadata(&trailers));
        }
        envelope::write(END_OF_STREAM, Value::from(end).to_string().as_bytes())
    }

    fn end_by_trailers(&mut self, trailers: HeaderMap) -> Bytes {
        let status = Status::from_header_map(&trailers).or_else(|| self.early_status.take());
        let status = status.unwrap_or_else(|| Status::unknown("the answer has no status"));
        self.end(&status, trailers)
    }
}

/// The trailers: an object with a list of values for each name.
fn metadata(trailers: &HeaderMap) -> Value {
    let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in trailers {
        let text = match value.to_str() {
            Ok(text) => text.to_owned(),
            // Not allowed in gRPC, whose binary values are base64 already.
            Err(_) => STANDARD_NO_PAD.encode(value),
        };
        values.entry(name.as_str()).or_default().push(text);
    }
    let values = values
        .into_iter()
        .map(|(name, values)| (name.to_owned(), values.into()));
    Value::Object(values.collect())
}

impl http_body::Body for StreamResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        while !this.ended {
            let data = match this.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(data) => {
                            this.parser.extend(&data);
                            continue;
                        }
                        Err(frame) => {
                            this.end_by_trailers(frame.into_trailers().unwrap_or_default())
                        }
                    },
                    Some(Err(status)) => this.end(&status, HeaderMap::new()),
                    None => this.end_by_trailers(HeaderMap::new()),
                },
                Err(status) => this.end(&status, HeaderMap::new()),
            };
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
