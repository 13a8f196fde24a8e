//! Server reflection for both contracts. The reflection of `rpc`'s router has only the
//! bookstore's contract.

use std::convert::Infallible;

use http::{Request, Response};
use tonic::body::Body;
use tonic_reflection::server::{Builder, v1};
use tower::ServiceExt;

use crate::image;

/// The path prefix of reflection calls.
pub(super) const PATHS: &str = "/grpc.reflection.v1.ServerReflection/";

type ReflectionService =
    tower::util::BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

#[derive(Clone)]
pub(super) struct Reflection(ReflectionService);

impl Reflection {
    pub(super) fn new() -> Self {
        Self(tower::util::BoxCloneSyncService::new(service()))
    }

    pub(super) async fn respond(self, request: Request<Body>) -> Response<Body> {
        unwrap_infallible(self.0.oneshot(request).await)
    }
}

fn service() -> v1::ServerReflectionServer<impl v1::ServerReflection> {
    let builder = Builder::configure()
        .register_encoded_file_descriptor_set(image::contract())
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let names = image::SERVICES.iter().copied().chain([
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    ]);
    names
        .fold(builder, Builder::with_service_name)
        .build_v1()
        .expect("the image of the contract is well formed")
}

/// Unwraps a result that can't be an error.
fn unwrap_infallible<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}
