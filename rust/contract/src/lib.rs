//! The contract in Rust: messages, clients, servers and validators, generated from
//! `gen/contract.binpb`. Written by hand are only the table type of the methods, the codec
//! with which every server validates its requests, and the status of an invalid request.

pub mod codec;
mod methods;
mod violation_status;

#[expect(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    reason = "generated code; its comments are those of the protos"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
    include!(concat!(env!("OUT_DIR"), "/validate_impl.rs"));
    include!(concat!(env!("OUT_DIR"), "/empty_validators.rs"));
}

pub use generated::*;
pub use methods::{Idempotency, METHODS, Method, method};
pub use violation_status::violation_status;

/// The buf image of the contract: an encoded `FileDescriptorSet` with all imports, for
/// reflection and for tools.
pub const IMAGE: &[u8] = include_bytes!("../../../gen/contract.binpb");
