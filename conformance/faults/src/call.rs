//! Calls and replies at the level of HTTP and gRPC frames, so that faults can change any
//! part of them.

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use prost_protovalidate_types::Violations;
use prost_reflect::DynamicMessage;
use tonic::{Code, Status, body::Body};

use crate::{client_certificate::ClientCertificate, image, refusal::Refusal};

/// The connection of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    /// The number of the connection, from 0.
    pub connection: u64,
    /// The number of calls before this one on the connection.
    pub calls_before: u64,
    /// The client certificate; `None` without TLS.
    pub certificate: Option<ClientCertificate>,
}

/// A call whose body has been read completely.
#[derive(Debug, Clone)]
pub struct Call {
    /// The path, such as `/rules.v1.NumberService/CheckInt32`.
    pub path: String,
    /// The HTTP method.
    pub http: Method,
    /// The header fields.
    pub headers: HeaderMap,
    /// The encoded messages, without the five-byte frame prefix.
    pub messages: Vec<Bytes>,
    /// The number of DATA frames of the body.
    pub data_frames: usize,
    /// The connection, and how many calls it had before.
    pub origin: Origin,
    /// The compressed flag of each frame; zero for messages that were added later.
    pub flags: Vec<u8>,
    /// The bytes after the last complete frame.
    rest: Bytes,
}

impl Call {
    /// A POST request with these messages, not compressed.
    pub fn new(path: &str, headers: HeaderMap, messages: Vec<Bytes>) -> Self {
        Self {
            path: path.to_owned(),
            http: Method::POST,
            headers,
            messages,
            data_frames: 1,
            origin: Origin::default(),
            flags: Vec::new(),
            rest: Bytes::new(),
        }
    }

    /// Reads a call completely.
    ///
    /// # Errors
    /// When the client cancels the call before the end of the body.
    pub async fn read(request: Request<Body>) -> Result<Self, Status> {
        let (parts, mut body) = request.into_parts();
        let (mut bytes, mut data_frames) = (BytesMut::new(), 0);
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                bytes.put(data);
                data_frames += 1;
            }
        }
        let mut call = Self::new(parts.uri.path(), parts.headers, Vec::new());
        call.http = parts.method;
        call.data_frames = data_frames;
        call.origin = parts.extensions.get().copied().unwrap_or_default();
        Ok(call.with_body(&bytes.freeze()))
    }

    /// The same call with other messages. Compressed flags and an incomplete frame at the
    /// end are kept.
    #[must_use]
    pub fn with_messages(mut self, messages: Vec<Bytes>) -> Self {
        self.messages = messages;
        self
    }

    /// The HTTP body, with frame prefixes.
    pub fn body(&self) -> Bytes {
        let mut body = BytesMut::new();
        let flags = self.flags.iter().copied().chain(std::iter::repeat(0));
        for (message, flag) in self.messages.iter().zip(flags) {
            put_frame(&mut body, flag, message);
        }
        body.put_slice(&self.rest);
        body.freeze()
    }

    /// The same call with another HTTP body, with frame prefixes.
    #[must_use]
    pub fn with_body(mut self, body: &Bytes) -> Self {
        (self.flags, self.messages, self.rest) = unframe(body);
        self
    }

    /// The HTTP request for the correct server.
    pub fn into_request(self) -> Request<Body> {
        let body = self.body();
        let mut request = Request::new(Body::new(http_body_util::Full::new(body)));
        *request.method_mut() = self.http;
        *request.uri_mut() = Uri::try_from(self.path).unwrap_or_default();
        *request.headers_mut() = self.headers;
        request.headers_mut().remove(header::CONTENT_LENGTH);
        request
    }

    /// The decoded messages. Messages that can't be decoded are omitted.
    pub fn decode(&self) -> Vec<DynamicMessage> {
        let Some(method) = image::method(&self.path) else {
            return Vec::new();
        };
        let messages = self.messages.iter();
        messages
            .filter_map(|it| DynamicMessage::decode(method.input(), it.clone()).ok())
            .collect()
    }

    /// Whether the body ends with an incomplete frame.
    pub fn ends_in_incomplete_frame(&self) -> bool {
        !self.rest.is_empty()
    }
}

/// A response whose body has been read completely.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub http: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The messages.
    pub messages: Vec<Bytes>,
    /// The bytes after the last complete frame.
    pub rest: Bytes,
    /// The trailers; `None` in a response that consists only of headers.
    pub trailers: Option<HeaderMap>,
}

impl Reply {
    /// Reads a response completely.
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

    /// A response with status OK and one message.
    pub fn ok(message: &impl prost::Message) -> Self {
        let mut reply = Self {
            messages: vec![message.encode_to_vec().into()],
            trailers: Some(HeaderMap::new()),
            ..Self::default()
        };
        reply.headers.insert(header::CONTENT_TYPE, GRPC);
        reply
            .status_fields_mut()
            .insert("grpc-status", HeaderValue::from_static("0"));
        reply
    }

    /// A response without messages, with this status in the headers.
    pub fn status(status: Status) -> Self {
        let (parts, ()) = status.into_http::<()>().into_parts();
        Self {
            headers: parts.headers,
            ..Self::default()
        }
    }

    /// The HTTP response for the client.
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
        let body = if frames.is_empty() {
            Body::empty()
        } else {
            Body::new(StreamBody::new(futures::stream::iter(frames)))
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.http;
        *response.headers_mut() = self.headers;
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response
    }

    /// The fields that contain the gRPC status: the trailers, or the headers if there are no
    /// trailers.
    pub fn status_fields_mut(&mut self) -> &mut HeaderMap {
        self.trailers.as_mut().unwrap_or(&mut self.headers)
    }

    fn status_fields(&self) -> &HeaderMap {
        self.trailers.as_ref().unwrap_or(&self.headers)
    }

    /// The status code; UNKNOWN if there is no status.
    pub fn code(&self) -> Code {
        let code = self.status_fields().get("grpc-status");
        code.map_or(Code::Unknown, |code| Code::from_bytes(code.as_bytes()))
    }

    /// The status with its details; `None` if there is no status.
    pub fn read_status(&self) -> Option<Status> {
        Status::from_header_map(self.status_fields())
    }

    /// Replaces the status.
    pub fn set_status(&mut self, status: &Status) {
        let fields = self.status_fields_mut();
        for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
            fields.remove(name);
        }
        // Fails only if the status can't be represented in headers.
        let _ = status.add_header(fields);
    }

    /// The refusal, if the response refuses the request because of violated rules.
    pub fn refusal(&self) -> Option<Refusal> {
        let status = self.read_status()?;
        let refusal = Refusal::read(&status)?;
        (refusal.violations != Violations::default()).then_some(refusal)
    }
}

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// Concatenates messages, each with the five-byte frame prefix.
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

/// Splits a body into compressed flags, messages, and the bytes after the last complete
/// frame.
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
