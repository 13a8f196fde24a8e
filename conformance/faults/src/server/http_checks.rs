//! Refuses requests that are not gRPC.

use http::{Method, Request, Response, StatusCode, header};
use tonic::body::Body;

/// The response to a request that is not gRPC; `None` for gRPC. The servers of `rpc` also
/// check this before their layers.
pub(super) fn non_grpc_response(request: &Request<Body>) -> Option<Response<Body>> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let grpc = content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    if grpc && request.method() == Method::POST {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = if grpc {
        StatusCode::METHOD_NOT_ALLOWED
    } else {
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    };
    Some(response)
}
