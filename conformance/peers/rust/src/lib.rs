//! The peer in Rust: what a caller of the contract needs besides `contract` and `rpc`, and the
//! generated code of the test contract.

#![forbid(unsafe_code)]

pub mod client;

/// The messages, the client and the server of the test contract.
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

pub use generated::interop;

/// The test contract: an encoded `FileDescriptorSet` with all imports.
pub const IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/interop.binpb"));
