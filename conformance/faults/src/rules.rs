//! The generated Rust code of the test contract in `proto/rules/v1`.

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
    include!(concat!(env!("OUT_DIR"), "/other_validators.rs"));
}

pub use generated::{proofread::v1 as options, rules::v1};

/// The image of the test contract, without the bookstore's files.
pub(crate) const IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.binpb"));
