//! Validation by the runtime engine, of the messages whose rules can't be compiled.

use std::sync::LazyLock;

use prost::Message;
use prost_protovalidate::{
    ValidationError,
    bridge::{RuntimeBridge, error_to_validation_error},
};

use crate::rules::IMAGE;

static ENGINE: LazyLock<RuntimeBridge> = LazyLock::new(|| RuntimeBridge::from_fds(IMAGE));

/// A rule that the engine reports and the standard does not have: the empty text is
/// a reference.
pub(crate) const NOT_STANDARD: &str = "string.uri_ref_empty";

/// Holds a message to the rules of the type with this full name.
pub(crate) fn validate(full_name: &str, message: &impl Message) -> Result<(), ValidationError> {
    let judged = ENGINE.validate_wire(full_name, &message.encode_to_vec());
    let Err(error) = judged.map_err(error_to_validation_error) else {
        return Ok(());
    };
    let mut violations = error.into_violations();
    violations.retain(|violation| violation.rule_id() != NOT_STANDARD);
    match violations.is_empty() {
        true => Ok(()),
        false => Err(ValidationError::new(violations)),
    }
}
