//! The HTTP side of the gRPC port: refuses requests that are not gRPC, and translates
//! gRPC-Web.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tonic::{Status, body::Body};
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{
    Layer, Service,
    util::{Either, option_layer},
};
use tower_http::cors::{Any, Cors, CorsLayer};

use crate::{
    CallContext, Options, accept::Client, allowed_hosts::AllowedHosts, http_port::text_response,
    layers::Stack,
};

/// The CORS rules for gRPC-Web pages of `Options::web_origins`; `None` if there are
/// none.
pub(crate) fn cors_layer(options: &Options) -> Option<CorsLayer> {
    const EXPOSED: [HeaderName; 4] = [
        HeaderName::from_static("grpc-status"),
        HeaderName::from_static("grpc-message"),
        HeaderName::from_static("grpc-status-details-bin"),
        HeaderName::from_static("x-request-id"),
    ];
    (!options.web_origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(options.web_origins.clone())
            .allow_methods([Method::POST])
            .allow_headers(Any)
            .expose_headers(EXPOSED)
            .max_age(Duration::from_secs(3600))
    })
}

type WebStack = GrpcWebService<Stack>;

/// The hyper service of one connection. It refuses requests that are not gRPC with an
/// HTTP status and passes the others to the gRPC-Web translation, which leaves plain
/// gRPC unchanged.
pub(crate) struct GrpcService {
    /// hyper calls the service by a shared reference, but only on the task of the
    /// connection, so nobody waits for the mutex. A clone of the stack for each call would
    /// write to the reference counts that all connections share.
    stack: Mutex<Either<Cors<WebStack>, WebStack>>,
    allowed_hosts: AllowedHosts,
}

impl GrpcService {
    pub(crate) fn new(
        cors: Option<CorsLayer>,
        stack: Stack,
        allowed_hosts: AllowedHosts,
        client: Client,
    ) -> Self {
        let stack = GrpcWebLayer::new().layer(stack.with_client(client));
        Self {
            stack: Mutex::new(option_layer(cors).layer(stack)),
            allowed_hosts,
        }
    }
}

type StackFuture = <Either<Cors<WebStack>, WebStack> as Service<Request<Body>>>::Future;

impl hyper::service::Service<Request<Incoming>> for GrpcService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = GrpcServiceFuture;

    fn call(&self, request: Request<Incoming>) -> GrpcServiceFuture {
        // A call that panics leaves no state behind in the stack.
        let mut stack = self.stack.lock().unwrap_or_else(PoisonError::into_inner);
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let media_type = content_type.and_then(media_type);
        let refused = match (request.method(), media_type) {
            // A CORS preflight request, which has no body and so no content type. The
            // CORS layer answers all of them, so that none runs a method.
            (&Method::OPTIONS, _) if matches!(*stack, Either::Left(_)) => None,
            (_, None) => Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            (&Method::POST, Some(_)) => None,
            // Without this case, GET would run a method whose request may be empty.
            _ => Some(StatusCode::METHOD_NOT_ALLOWED),
        };
        if let Some(status) = refused {
            return GrpcServiceFuture::refused(not_grpc_response(status));
        }
        // Browsers speak HTTP/1 to a port without TLS, over which plain gRPC is refused, and
        // its clients often call by other names.
        if media_type != Some(MediaType::Grpc)
            && let Err(text) = self.allowed_hosts.allow(&request)
        {
            let response = text_response(StatusCode::MISDIRECTED_REQUEST, text);
            return GrpcServiceFuture::refused(response.map(Body::new));
        }
        let request = request.map(|body| Body::new(body.map_err(client_gone)));
        let future = stack.call(request);
        GrpcServiceFuture::Call { future }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MediaType {
    Grpc,
    GrpcWeb,
}

/// Whether this is `application/grpc` or `application/grpc-web` (or its `-text`), with
/// or without a message format such as `+proto`. Case and parameters do not matter.
fn media_type(content_type: &HeaderValue) -> Option<MediaType> {
    let value = content_type.as_bytes();
    let media_type = value.split(|&byte| byte == b';').next().unwrap_or_default();
    let without_format = media_type.split(|&byte| byte == b'+').next();
    let without_format = without_format.unwrap_or_default().trim_ascii();
    let is = |known: &str| without_format.eq_ignore_ascii_case(known.as_bytes());
    if is("application/grpc") {
        Some(MediaType::Grpc)
    } else if is("application/grpc-web") || is("application/grpc-web-text") {
        Some(MediaType::GrpcWeb)
    } else {
        None
    }
}

/// The status of a request that its client has reset, or whose connection was lost. The
/// body is polled within the context of its call, which then ends as CANCELLED,
/// whatever the layers and the handler make of the broken request.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that `map_err` requires"
)]
fn client_gone(error: hyper::Error) -> Status {
    if let Some(call) = CallContext::current() {
        call.set_cancelled();
    }
    tracing::debug!(%error, "a request did not arrive completely");
    Status::cancelled("the client cancelled the request")
}

pin_project! {
    #[project = GrpcServiceProjection]
    pub(crate) enum GrpcServiceFuture {
        Call { #[pin] future: StackFuture },
        Refused { response: Option<Response<Body>> },
    }
}

impl GrpcServiceFuture {
    fn refused(response: Response<Body>) -> Self {
        let response = Some(response);
        Self::Refused { response }
    }
}

impl Future for GrpcServiceFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            GrpcServiceProjection::Call { future } => future.poll(context),
            // A future is not polled again after it has completed.
            GrpcServiceProjection::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => Poll::Pending,
            },
        }
    }
}

fn not_grpc_response(status: StatusCode) -> Response<Body> {
    let text = "this port speaks gRPC and gRPC-Web; try grpcurl -plaintext HOST:PORT list\n";
    let mut response = text_response(status, text);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = HeaderValue::from_static("POST, OPTIONS");
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response.map(Body::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_grpc_media_types_are_accepted() {
        for (value, expected) in [
            ("application/grpc", Some(MediaType::Grpc)),
            ("application/grpc+proto", Some(MediaType::Grpc)),
            ("Application/gRPC; charset=utf-8", Some(MediaType::Grpc)),
            ("application/grpc-web", Some(MediaType::GrpcWeb)),
            ("application/grpc-web+proto", Some(MediaType::GrpcWeb)),
            ("application/grpc-web-text", Some(MediaType::GrpcWeb)),
            (
                "application/grpc-web-text+proto;x=y",
                Some(MediaType::GrpcWeb),
            ),
            ("application/grpcx", None),
            ("application/grpc-webx", None),
            ("application/json", None),
            ("", None),
        ] {
            let content_type = HeaderValue::from_static(value);
            assert_eq!(media_type(&content_type), expected, "{value:?}");
        }
    }
}
