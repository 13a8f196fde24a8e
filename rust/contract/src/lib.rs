//! The contract in Rust: messages, clients, servers and validators, generated
//! from `gen/contract.binpb`. Nothing is written by hand but the codec, by which
//! every server validates what it is sent, and the status that a refusal makes.

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

/// The image of the contract: a `FileDescriptorSet` with all imports, for
/// reflection and for tools.
pub const IMAGE: &[u8] = include_bytes!("../../../gen/contract.binpb");
