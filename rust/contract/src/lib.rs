//! The contract in Rust: messages, clients, servers and validators, generated from
//! `gen/contract.binpb`, with the table of its methods and a constant for each declared
//! error. Written by hand are only the types of that table and of those constants, the
//! codec with which every server validates its requests, the conditions of access, and the
//! status of an invalid request.

pub mod cel_rules;
pub mod codec;
mod condition;
pub mod errors;
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

pub use condition::Condition;
pub use errors::DeclaredError;
pub use generated::*;
pub use methods::{Access, Idempotency, METHODS, Method, method};
pub use violation_status::{pack_any, violation_status};

/// The buf image of the contract: an encoded `FileDescriptorSet` with all imports, for
/// reflection and for tools.
pub const IMAGE: &[u8] = include_bytes!("../../../gen/contract.binpb");

/// The OpenAPI 3.1 document of the unary methods, as JSON.
pub const OPENAPI: &str = include_str!("../../../gen/openapi.json");
