//! gRPC server reflection, from which `grpcurl` and `proofread` can read the contract.
//! It lists exactly the services of this process, and serves every file of the contract,
//! including comments and options.
//!
//! The version `v1alpha` has the same messages as `v1`. The reflection client of grpcio,
//! Postman and older versions of grpcurl know only that one.

use tonic_reflection::server::{Builder, Error, v1, v1alpha};

/// The servers of both versions.
pub(crate) fn reflection(
    services: &[&'static str],
) -> Result<
    (
        v1::ServerReflectionServer<impl v1::ServerReflection>,
        v1alpha::ServerReflectionServer<impl v1alpha::ServerReflection>,
    ),
    Error,
> {
    Ok((
        builder(services).build_v1()?,
        builder(services).build_v1alpha()?,
    ))
}

fn builder(services: &[&'static str]) -> Builder<'static> {
    let builder = Builder::configure()
        .register_encoded_file_descriptor_set(contract::IMAGE)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        // With these, tools can decode the details of an error.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET);
    services
        .iter()
        .copied()
        .fold(builder, Builder::with_service_name)
}
