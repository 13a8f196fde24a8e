//! Routes a request to the service that its path names. The innermost service of the
//! stack.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tonic::{Status, body::Body, codegen::BoxFuture, server::NamedService};
use tower::Service;

use crate::layers::LimitedBody;

/// A server that tonic generated from the contract, such as `InventoryServiceServer`.
/// It is implemented for all of them; do not implement it by hand.
pub trait GeneratedServer:
    Service<
        Request<LimitedBody>,
        Response = Response<Body>,
        Error = Infallible,
        Future = BoxFuture<Response<Body>, Infallible>,
    > + NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> GeneratedServer for S where
    S: Service<
            Request<LimitedBody>,
            Response = Response<Body>,
            Error = Infallible,
            Future = BoxFuture<Response<Body>, Infallible>,
        > + NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A generated server with its type erased.
pub(crate) trait Handler: Send + Sync {
    fn handle(&self, request: Request<LimitedBody>) -> BoxFuture<Response<Body>, Infallible>;
}

impl<S: GeneratedServer> Handler for S {
    fn handle(&self, request: Request<LimitedBody>) -> BoxFuture<Response<Body>, Infallible> {
        // Generated servers are always ready, and cloning one only clones an `Arc`.
        self.clone().call(request)
    }
}

/// The services of a process by full name. Not tonic's own `Routes`, which is an axum
/// router: only the first segment of the path must be matched, and this way each body
/// is not boxed twice.
#[derive(Clone)]
pub struct Routes(Arc<HashMap<&'static str, Arc<dyn Handler>>>);

impl Routes {
    pub(crate) fn new(services: HashMap<&'static str, Arc<dyn Handler>>) -> Self {
        Self(Arc::new(services))
    }
}

impl Service<Request<LimitedBody>> for Routes {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<LimitedBody>) -> Self::Future {
        let service = service_name(request.uri().path());
        if let Some(handler) = self.0.get(service) {
            return handler.handle(request);
        }
        let name: String = service.chars().take(100).collect();
        let status = Status::unimplemented(format!("this server has no service {name:?}"));
        Box::pin(std::future::ready(Ok(status.into_http())))
    }
}

/// The full service name of a path: `a.b.Service` for `/a.b.Service/Method`.
pub(crate) fn service_name(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').map_or(path, |(service, _)| service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_name_is_the_first_path_segment() {
        assert_eq!(service_name("/a.b.Service/Method"), "a.b.Service");
        assert_eq!(service_name("/a.b.Service/Method/more"), "a.b.Service");
        assert_eq!(service_name("/a.b.Service"), "a.b.Service");
        assert_eq!(service_name("/"), "");
        assert_eq!(service_name("*"), "*");
    }
}
