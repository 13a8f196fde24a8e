//! The HTTP side of the gRPC port: refuses requests that are no calls, and translates gRPC-Web
//! and Connect.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use pin_project_lite::pin_project;
use tonic::{Status, body::Body};
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{
    Layer, Service,
    util::{Either, option_layer},
};
use tower_http::cors::{Any, Cors, CorsLayer};

use crate::{
    CallContext, Options,
    accept::{Client, IncomingBody},
    allowed_hosts::AllowedHosts,
    connect::{Connect, ConnectService, Refusal},
    http_port::text_response,
    layers::Stack,
};

/// The CORS rules for pages of `Options::web_origins`; `None` if there are
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
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(Any)
            .expose_headers(EXPOSED)
            .max_age(Duration::from_secs(3600))
    })
}

type WebStack = ConnectService<GrpcWebService<Stack>>;

/// The hyper service of one connection. It passes requests to the translations of Connect and
/// gRPC-Web, which leave plain gRPC unchanged.
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
        connect: Connect,
        allowed_hosts: AllowedHosts,
        client: Client,
    ) -> Self {
        let stack = GrpcWebLayer::new().layer(stack.with_client(client));
        let stack = connect.layer(stack);
        Self {
            stack: Mutex::new(option_layer(cors).layer(stack)),
            allowed_hosts,
        }
    }
}

type StackFuture = <Either<Cors<WebStack>, WebStack> as Service<Request<Body>>>::Future;

impl hyper::service::Service<Request<IncomingBody>> for GrpcService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = GrpcServiceFuture;

    fn call(&self, request: Request<IncomingBody>) -> GrpcServiceFuture {
        // A call that panics leaves no state behind in the stack.
        let mut stack = self.stack.lock().unwrap_or_else(PoisonError::into_inner);
        let media_type = media_type(request.headers());
        // The CORS layer answers all preflight requests, so that none runs a method.
        let is_preflight = request.method() == Method::OPTIONS && matches!(*stack, Either::Left(_));
        // Without this, GET would run a method whose request may be empty.
        if media_type.is_some() && request.method() != Method::POST && !is_preflight {
            return GrpcServiceFuture::refused(Refusal::only_post().response(&request));
        }
        // Browsers speak HTTP/1 to a port without TLS, over which plain gRPC is refused, and its
        // clients often call by other names.
        if media_type != Some(MediaType::Grpc)
            && let Err(text) = self.allowed_hosts.allow(&request)
        {
            let response = text_response(StatusCode::MISDIRECTED_REQUEST, text);
            return GrpcServiceFuture::refused(response.map(|text| Body::new(Full::new(text))));
        }
        let request = request.map(|body| Body::new(body.map_err(client_gone)));
        let future = stack.call(request);
        GrpcServiceFuture::Call { future }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    Grpc,
    GrpcWeb,
}

/// Whether this is `application/grpc` or `application/grpc-web` (or its `-text`), with or without
/// `+proto`, the message format of the servers. Case and parameters do not matter.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<MediaType> {
    let value = headers.get(header::CONTENT_TYPE)?.as_bytes();
    let media_type = value.split(|&byte| byte == b';').next().unwrap_or_default();
    let mut parts = media_type.trim_ascii().splitn(2, |&byte| byte == b'+');
    let without_format = parts.next().unwrap_or_default();
    if parts
        .next()
        .is_some_and(|format| !format.eq_ignore_ascii_case(b"proto"))
    {
        return None;
    }
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

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
            ("application/grpc+json", None),
            ("application/grpc-web+thrift", None),
            ("application/grpc+", None),
            ("application/grpcx", None),
            ("application/grpc-webx", None),
            ("application/json", None),
            ("", None),
        ] {
            let content_type = HeaderValue::from_static(value);
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]);
            assert_eq!(media_type(&headers), expected, "{value:?}");
        }
    }
}
