//! Validates messages with protovalidate's runtime engine, for rules that the validator
//! generator does not support.

use std::sync::LazyLock;

use prost::Message;
use prost_protovalidate::{
    ValidationError,
    bridge::{RuntimeBridge, error_to_validation_error},
};

use crate::rules::IMAGE;

static ENGINE: LazyLock<RuntimeBridge> = LazyLock::new(|| RuntimeBridge::from_fds(IMAGE));

/// A violation that the engine reports although the standard does not define it: the
/// empty string is a valid URI reference.
pub(crate) const NONSTANDARD_RULE: &str = "string.uri_ref_empty";

/// Validates a message by the rules of the type with this full name.
pub(crate) fn validate(full_name: &str, message: &impl Message) -> Result<(), ValidationError> {
    let result = ENGINE.validate_wire(full_name, &message.encode_to_vec());
    let Err(error) = result.map_err(error_to_validation_error) else {
        return Ok(());
    };
    let mut violations = error.into_violations();
    violations.retain(|violation| violation.rule_id() != NONSTANDARD_RULE);
    if violations.is_empty() {
        Ok(())
    } else {
        Err(ValidationError::new(violations))
    }
}
