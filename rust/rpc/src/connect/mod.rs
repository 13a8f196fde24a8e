//! The Connect protocol: translates requests with JSON or binary messages to gRPC, and the
//! answers back, before the first layer. So all layers, limits, credentials and validations are
//! those of gRPC, and each call is in the log and in the metrics.
//!
//! A unary call is a POST to `/SERVICE/METHOD` with one message as its body, or, for methods
//! without side effects, a GET with the message in the query. Streams have the media types
//! `application/connect+json` and `application/connect+proto`.
//!
//! ```sh
//! curl http://127.0.0.1:50051/bookstore.inventory.v1.InventoryService/GetBook \
//!   --json '{"bookId": 1}'
//! ```
//!
//! The annotations `google.api.http` of the contract give most methods a path of their own, such
//! as `GET /v1/books/1` (`rest`).
//!
//! It translates and does not call a handler of its own, unlike the crates that serve Connect
//! with generated code: validation, declared errors and access would exist twice.

mod api;
mod caching;
mod call;
mod compression;
mod description;
mod description_page;
mod envelope;
mod error;
mod json;
mod large_messages;
mod media_type;
mod messages;
mod query;
mod refusal;
mod request_headers;
mod rest;
mod stream_request;
mod stream_response;
mod unary_request;
mod unary_response;

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use futures::future::{BoxFuture, FutureExt as _};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tower::Service;

use self::{call::Call, description::Description, large_messages::LargeMessages};
use crate::grpc_service::media_type;

pub use self::api::HttpApi;
pub(crate) use self::{messages::Messages, refusal::Refusal};

/// What all connections of a port share.
#[derive(Clone)]
pub(crate) struct Connect {
    messages: Messages,
    large: LargeMessages,
    /// The largest message of a request, in bytes.
    max_message_bytes: usize,
    description: Description,
}

impl Connect {
    /// `base` is the path under which the API is served: empty, or `/api`.
    pub(crate) fn new(messages: Messages, max_message_bytes: usize, base: &'static str) -> Self {
        Self {
            description: Description::new(base),
            messages,
            large: LargeMessages::new(),
            max_message_bytes,
        }
    }

    /// Translates for a service that speaks gRPC, and whose other requests are refused.
    pub(crate) fn layer<S>(self, inner: S) -> ConnectService<S> {
        ConnectService {
            inner,
            shared: self,
        }
    }
}

/// The service around `S`; see the [module](self).
#[derive(Clone)]
pub(crate) struct ConnectService<S> {
    inner: S,
    shared: Connect,
}

impl<S> Service<Request<Body>> for ConnectService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ConnectFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if media_type(request.headers()).is_some() {
            let future = self.inner.call(request);
            return ConnectFuture::Passed { future };
        }
        if let Some(described) = self.shared.description.answer(&request) {
            let future = std::future::ready(described).boxed();
            return ConnectFuture::Translated { future };
        }
        let shared = self.shared.clone();
        let future = match Call::of(&request, &shared.messages) {
            Ok(call) => call.make(&mut self.inner, request, &shared),
            Err(refused) => std::future::ready(refused.response(&request)).boxed(),
        };
        ConnectFuture::Translated { future }
    }
}

pin_project! {
    /// The future of [`ConnectService`].
    #[project = ConnectProjection]
    pub enum ConnectFuture<F> {
        Passed { #[pin] future: F },
        Translated { future: BoxFuture<'static, Response<Body>> },
    }
}

impl<F> Future for ConnectFuture<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            ConnectProjection::Passed { future } => future.poll(context),
            ConnectProjection::Translated { future } => future.as_mut().poll(context).map(Ok),
        }
    }
}
