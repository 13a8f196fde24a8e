//! Reflection over both contracts. The router of `rpc` serves that of the
//! bookstore alone.

use http::{Request, Response};
use tonic::body::Body;
use tonic_reflection::server::{Builder, v1};
use tower::ServiceExt;

use super::front::certainly;
use crate::image;

/// Where the paths of reflection begin.
pub(super) const PATHS: &str = "/grpc.reflection.v1.ServerReflection/";

type Answering =
    tower::util::BoxCloneSyncService<Request<Body>, Response<Body>, std::convert::Infallible>;

#[derive(Clone)]
pub(super) struct Reflection(Answering);

impl Reflection {
    pub(super) fn new() -> Self {
        Self(tower::util::BoxCloneSyncService::new(serving()))
    }

    pub(super) async fn answer(self, request: Request<Body>) -> Response<Body> {
        certainly(self.0.oneshot(request).await)
    }
}

fn serving() -> v1::ServerReflectionServer<impl v1::ServerReflection> {
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
