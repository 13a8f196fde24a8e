//! The answers to requests that are no call.

use http::{HeaderValue, Method as HttpMethod, Request, Response, StatusCode, header};
use http_body_util::Full;
use tonic::body::Body;

use super::messages::Method;
use crate::http_port::text_response;

/// Why a request is no call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No method has this path.
    NotFound,
    /// The path has other HTTP methods: the value of the header `Allow`.
    MethodNotAllowed(HeaderValue),
    /// The body is in a format that the method does not have.
    UnsupportedMediaType,
    /// A stream in both directions needs HTTP/2.
    VersionNotSupported,
}

impl Refusal {
    /// Another HTTP method than POST, for a path that may be that of a method.
    pub(super) fn of_http_method(method: Option<&Method>) -> Self {
        match method {
            None => Self::NotFound,
            Some(method) if method.is_read() => {
                Self::MethodNotAllowed(HeaderValue::from_static("GET, POST, OPTIONS"))
            }
            Some(_) => Self::only_post(),
        }
    }

    /// The path is that of a method that may be called by POST only.
    pub(crate) fn only_post() -> Self {
        Self::MethodNotAllowed(HeaderValue::from_static("POST, OPTIONS"))
    }

    /// The answer, in text for whoever tries.
    pub(crate) fn response<B>(self, request: &Request<B>) -> Response<Body> {
        let (status, text) = match &self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "nothing has this path; methods have /SERVICE/METHOD\n",
            ),
            Self::MethodNotAllowed(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "this path has other methods, which the header Allow names\n",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "this port speaks gRPC, gRPC-Web and Connect; try curl --json '{}' \
                 http://HOST:PORT/SERVICE/METHOD or grpcurl -plaintext HOST:PORT list\n",
            ),
            Self::VersionNotSupported => (
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                "a stream in both directions needs HTTP/2\n",
            ),
        };
        let mut response = text_response(status, text);
        let headers = response.headers_mut();
        match self {
            Self::MethodNotAllowed(allowed) => {
                headers.insert(header::ALLOW, allowed);
            }
            Self::UnsupportedMediaType if request.method() == HttpMethod::POST => {
                let accepted = "application/json, application/proto, application/connect+json, \
                                application/connect+proto, application/grpc, application/grpc-web";
                let name = header::HeaderName::from_static("accept-post");
                headers.insert(name, HeaderValue::from_static(accepted));
            }
            _ => {}
        }
        response.map(|text| Body::new(Full::new(text)))
    }
}
