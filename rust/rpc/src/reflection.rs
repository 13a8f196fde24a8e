//! gRPC server reflection (v1), from which `grpcurl` and `proofread` can read the
//! contract. It lists exactly the services of this process, and serves every file of
//! the contract, including comments and options.

use tonic_reflection::server::{Builder, Error, v1};

pub(crate) fn reflection(
    services: impl IntoIterator<Item = &'static str>,
) -> Result<v1::ServerReflectionServer<impl v1::ServerReflection>, Error> {
    let builder = Builder::configure()
        .register_encoded_file_descriptor_set(contract::IMAGE)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        // With these, tools can decode the details of an error.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET);
    services
        .into_iter()
        .fold(builder, Builder::with_service_name)
        .build_v1()
}
