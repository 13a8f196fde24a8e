//! The response to a unary call: HTTP has one status, so the whole answer of gRPC is received
//! first.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use prost_reflect::MessageDescriptor;
use tonic::{Code, Status, body::Body};

use super::{
    caching::Caching,
    compression::{GZIP, compress},
    error, json,
    media_type::Codec,
    messages::Messages,
};

/// How a response is written.
pub(super) struct ResponseFormat {
    pub codec: Codec,
    /// `None` for a method that does not exist.
    pub message: Option<MessageDescriptor>,
    /// The field of the message that is the whole answer.
    pub field: Option<String>,
    pub accepts_gzip: bool,
    pub caching: Caching,
    pub messages: Messages,
}

/// What of a response of gRPC is no metadata of the call.
static NOT_METADATA: [HeaderName; 8] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::TRAILER,
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
];

/// Removes from the headers or trailers of gRPC what is no metadata.
pub(super) fn keep_metadata(headers: &mut HeaderMap) {
    for name in &NOT_METADATA {
        headers.remove(name);
    }
}

/// Receives the response of gRPC and writes it as one of Connect.
pub(super) async fn translate(response: Response<Body>, format: &ResponseFormat) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let answer = receive(&parts.headers, body, format).await;
    keep_metadata(&mut parts.headers);
    match answer {
        Ok((message, trailers)) => {
            let mut headers = parts.headers;
            headers.insert(header::CONTENT_TYPE, format.codec.unary());
            add_trailers(&mut headers, &trailers);
            success(headers, message, format)
        }
        Err((status, trailers)) => {
            let mut headers = parts.headers;
            add_trailers(&mut headers, &trailers);
            let mut response = failure(headers, &status, &format.messages);
            // The protocol separates a path without a method from a method that is not implemented.
            if format.message.is_none() && status.code() == Code::Unimplemented {
                *response.status_mut() = StatusCode::NOT_FOUND;
            }
            response
        }
    }
}

/// The message in the codec of the client, and the trailers.
async fn receive(
    headers: &HeaderMap,
    body: Body,
    format: &ResponseFormat,
) -> Result<(Bytes, HeaderMap), (Status, HeaderMap)> {
    let collected = body.collect().await;
    let collected = collected.map_err(|status| (status, HeaderMap::new()))?;
    let mut trailers = collected.trailers().cloned().unwrap_or_default();
    // A call that fails without a message has its status in the headers.
    let status = Status::from_header_map(&trailers).or_else(|| Status::from_header_map(headers));
    keep_metadata(&mut trailers);
    match status {
        Some(status) if status.code() != Code::Ok => return Err((status, trailers)),
        Some(_) => {}
        None => return Err((Status::unknown("the answer has no status"), trailers)),
    }
    let message =
        message(collected.to_bytes()).and_then(|message| match (format.codec, &format.message) {
            (Codec::Json, Some(descriptor)) => match &format.field {
                Some(field) => json::field_from_proto(descriptor, message, field),
                None => json::from_proto(descriptor, message),
            },
            _ => Ok(message),
        });
    match message {
        Ok(message) => Ok((message, trailers)),
        Err(status) => Err((status, trailers)),
    }
}

/// The one message in the frames of a response.
fn message(mut frames: Bytes) -> Result<Bytes, Status> {
    let malformed = || Status::internal("the answer is not one message");
    let (prefix, rest) = frames.split_first_chunk::<5>().ok_or_else(malformed)?;
    let [compressed, length @ ..] = *prefix;
    if compressed != 0 || u32::from_be_bytes(length) as usize != rest.len() {
        return Err(malformed());
    }
    Ok(frames.split_off(5))
}

/// HTTP/1 clients do not see trailers, so Connect sends them as headers.
fn add_trailers(headers: &mut HeaderMap, trailers: &HeaderMap) {
    for (name, value) in trailers {
        if let Ok(name) = HeaderName::try_from(format!("trailer-{name}")) {
            headers.append(name, value.clone());
        }
    }
}

fn success(mut headers: HeaderMap, message: Bytes, format: &ResponseFormat) -> Response<Body> {
    if let Some(not_modified) = format.caching.apply(&mut headers, &message) {
        return not_modified;
    }
    let compressed = format.accepts_gzip.then(|| compress(&message)).flatten();
    if compressed.is_some() {
        headers.insert(header::CONTENT_ENCODING, GZIP);
    }
    let body = Full::new(compressed.unwrap_or(message));
    let mut response = Response::new(Body::new(body));
    *response.headers_mut() = headers;
    response
}

/// The response to a failed call.
pub(super) fn failure(
    mut headers: HeaderMap,
    status: &Status,
    messages: &Messages,
) -> Response<Body> {
    let json = error::to_json(status, messages).to_string();
    headers.insert(header::CONTENT_TYPE, Codec::Json.unary());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    error::add_headers(status, &mut headers);
    let mut response = Response::new(Body::new(Full::new(Bytes::from(json))));
    *response.status_mut() = error::http_status(status.code());
    *response.headers_mut() = headers;
    response
}
