//! Validation by the runtime engine, of the messages whose rules can't be compiled.

use std::sync::LazyLock;

use prost::Message;
use prost_protovalidate::{
    ValidationError,
    bridge::{RuntimeBridge, error_to_validation_error},
};

use crate::rules::IMAGE;

static ENGINE: LazyLock<RuntimeBridge> = LazyLock::new(|| RuntimeBridge::from_fds(IMAGE));

/// Holds a message to the rules of the type with this full name.
pub(crate) fn validate(full_name: &str, message: &impl Message) -> Result<(), ValidationError> {
    ENGINE
        .validate_wire(full_name, &message.encode_to_vec())
        .map_err(error_to_validation_error)
}
