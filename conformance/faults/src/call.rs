//! Calls and answers as bytes: what a fault changes.

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use prost_protovalidate_types::Violations;
use prost_reflect::DynamicMessage;
use tonic::{Code, Status, body::Body};

use crate::{image, refusal::Refusal};

/// A call that has been read to its end.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method on the wire.
    pub path: String,
    /// The method of HTTP.
    pub http: Method,
    /// The header fields.
    pub headers: HeaderMap,
    /// The messages, each as it is on the wire, without the five bytes in front.
    pub messages: Vec<Bytes>,
    /// The first of the five bytes of each message; zero where there is none.
    flags: Vec<u8>,
    /// What follows the last whole message.
    rest: Bytes,
}

impl Call {
    /// A call of these messages.
    pub fn new(path: &str, headers: HeaderMap, messages: Vec<Bytes>) -> Self {
        Self {
            path: path.to_owned(),
            http: Method::POST,
            headers,
            messages,
            flags: Vec::new(),
            rest: Bytes::new(),
        }
    }

    /// Reads a call.
    ///
    /// # Errors
    /// When the caller goes away in the middle.
    pub async fn read(request: Request<Body>) -> Result<Self, Status> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let mut call = Self::new(parts.uri.path(), parts.headers, Vec::new());
        call.http = parts.method;
        Ok(call.with_body(&body))
    }

    /// The same call with other messages. What is odd about the frames stays.
    #[must_use]
    pub fn with_messages(mut self, messages: Vec<Bytes>) -> Self {
        self.messages = messages;
        self
    }

    /// The body, frames and all.
    pub fn body(&self) -> Bytes {
        let mut body = BytesMut::new();
        let flags = self.flags.iter().copied().chain(std::iter::repeat(0));
        for (message, flag) in self.messages.iter().zip(flags) {
            put_frame(&mut body, flag, message);
        }
        body.put_slice(&self.rest);
        body.freeze()
    }

    /// The same call with another body, frames and all.
    #[must_use]
    pub fn with_body(mut self, body: &Bytes) -> Self {
        (self.flags, self.messages, self.rest) = unframe(body);
        self
    }

    /// The call as it goes to the correct server.
    pub fn into_request(self) -> Request<Body> {
        let body = self.body();
        let mut request = Request::new(Body::new(http_body_util::Full::new(body)));
        *request.method_mut() = self.http;
        *request.uri_mut() = Uri::try_from(self.path).unwrap_or_default();
        *request.headers_mut() = self.headers;
        request.headers_mut().remove(header::CONTENT_LENGTH);
        request
    }

    /// The messages, as the contract has them; those that do not decode are left
    /// out.
    pub fn decode(&self) -> Vec<DynamicMessage> {
        let Some(method) = image::method(&self.path) else {
            return Vec::new();
        };
        let messages = self.messages.iter();
        messages
            .filter_map(|it| DynamicMessage::decode(method.input(), it.clone()).ok())
            .collect()
    }

    /// Whether the body ends in the middle of a message.
    pub fn is_torn(&self) -> bool {
        !self.rest.is_empty()
    }
}

/// An answer that has been read to its end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub http: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The messages.
    pub messages: Vec<Bytes>,
    /// What follows the messages and is none.
    pub rest: Bytes,
    /// The trailer fields; none in an answer of headers only.
    pub trailers: Option<HeaderMap>,
}

impl Reply {
    /// Reads an answer.
    pub async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let mut reply = Self {
            http: parts.status,
            headers: parts.headers,
            ..Self::default()
        };
        match body.collect().await {
            Ok(collected) => {
                reply.trailers = collected.trailers().cloned();
                (_, reply.messages, reply.rest) = unframe(&collected.to_bytes());
            }
            Err(status) => reply.set_status(&status),
        }
        reply
    }

    /// The answer OK with one message.
    pub fn ok(message: &impl prost::Message) -> Self {
        let mut reply = Self {
            messages: vec![message.encode_to_vec().into()],
            trailers: Some(HeaderMap::new()),
            ..Self::default()
        };
        reply.headers.insert(header::CONTENT_TYPE, GRPC);
        reply
            .end()
            .insert("grpc-status", HeaderValue::from_static("0"));
        reply
    }

    /// The answer of headers only that refuses.
    pub fn status(status: Status) -> Self {
        let (parts, ()) = status.into_http::<()>().into_parts();
        Self {
            headers: parts.headers,
            ..Self::default()
        }
    }

    /// The answer as it goes to the caller.
    pub fn into_response(self) -> Response<Body> {
        let mut data = BytesMut::from(&frame(&self.messages)[..]);
        data.put(self.rest);
        let mut frames: Vec<Result<Frame<Bytes>, Status>> = Vec::new();
        if !data.is_empty() {
            frames.push(Ok(Frame::data(data.freeze())));
        }
        if let Some(trailers) = self.trailers {
            frames.push(Ok(Frame::trailers(trailers)));
        }
        let body = match frames.is_empty() {
            true => Body::empty(),
            false => Body::new(StreamBody::new(futures::stream::iter(frames))),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.http;
        *response.headers_mut() = self.headers;
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response
    }

    /// Where the status stands: the trailers, or the headers if there are none.
    pub fn end(&mut self) -> &mut HeaderMap {
        self.trailers.as_mut().unwrap_or(&mut self.headers)
    }

    fn end_as_it_is(&self) -> &HeaderMap {
        self.trailers.as_ref().unwrap_or(&self.headers)
    }

    /// The code; UNKNOWN where there is none.
    pub fn code(&self) -> Code {
        let code = self.end_as_it_is().get("grpc-status");
        code.map_or(Code::Unknown, |code| Code::from_bytes(code.as_bytes()))
    }

    /// The status, with its details.
    pub fn read_status(&self) -> Option<Status> {
        Status::from_header_map(self.end_as_it_is())
    }

    /// Replaces the status.
    pub fn set_status(&mut self, status: &Status) {
        let end = self.end();
        for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
            end.remove(name);
        }
        // A status that no header can carry would be INTERNAL of tonic's own.
        let _ = status.add_header(end);
    }

    /// The refusal by rules that the answer is, if it is one.
    pub fn refusal(&self) -> Option<Refusal> {
        let status = self.read_status()?;
        let refusal = Refusal::read(&status)?;
        (refusal.violations != Violations::default()).then_some(refusal)
    }
}

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// Messages with their five bytes in front.
pub fn frame(messages: &[Bytes]) -> Bytes {
    let mut framed = BytesMut::new();
    for message in messages {
        put_frame(&mut framed, 0, message);
    }
    framed.freeze()
}

fn put_frame(framed: &mut BytesMut, flag: u8, message: &Bytes) {
    framed.put_u8(flag);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);
}

/// The flags and the messages at the beginning of a body, and what follows the last
/// whole one.
fn unframe(body: &Bytes) -> (Vec<u8>, Vec<Bytes>, Bytes) {
    let (mut flags, mut messages) = (Vec::new(), Vec::new());
    let mut rest = body.clone();
    while let Some((&[flag, a, b, c, d], _)) = rest.split_first_chunk::<5>() {
        let end = 5 + u32::from_be_bytes([a, b, c, d]) as usize;
        if rest.len() < end {
            break;
        }
        flags.push(flag);
        messages.push(rest.slice(5..end));
        rest = rest.slice(end..);
    }
    (flags, messages, rest)
}
