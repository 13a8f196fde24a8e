//! Reads `(proofread.v1.access)`: who may call a method.

use std::error::Error;

use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MethodDescriptor, Value};

use crate::options::{option, text};

/// An alternative of who may call a method.
pub struct Access {
    /// Empty if the alternative asks for none.
    pub credential: String,
    pub services: Vec<String>,
    pub condition: Option<Condition>,
}

/// The condition on the request under which an alternative applies.
pub struct Condition {
    pub field: String,
    pub number: u32,
    pub explicit_presence: bool,
    /// Whether the field has to be set, or else unset.
    pub set: bool,
}

impl Access {
    /// The name under which the contract defines the errors of the credential.
    pub fn credential_name(&self) -> Option<&str> {
        if self.services.is_empty() {
            Some(self.credential.as_str()).filter(|name| !name.is_empty())
        } else {
            Some("service")
        }
    }
}

/// The alternatives of a method. Fails if one has a condition that the servers cannot
/// evaluate.
pub fn read(
    pool: &DescriptorPool,
    method: &MethodDescriptor,
) -> Result<Vec<Access>, Box<dyn Error>> {
    let alternatives = option(pool, &method.options(), "access");
    let alternatives = alternatives.as_ref().and_then(Value::as_list);
    let alternatives = alternatives.unwrap_or_default().iter();
    let alternatives = alternatives.filter_map(Value::as_message).map(|access| {
        let services = access.get_field_by_name("services");
        let services = services.as_deref().and_then(Value::as_list);
        let services = services.unwrap_or_default().iter();
        Ok(Access {
            credential: text(access, "credential"),
            services: services
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect(),
            condition: condition(method, access)
                .map_err(|cause| format!("{}: access: {cause}", method.full_name()))?,
        })
    });
    alternatives.collect()
}

fn condition(
    method: &MethodDescriptor,
    access: &DynamicMessage,
) -> Result<Option<Condition>, String> {
    let (if_set, if_unset) = (text(access, "if_set"), text(access, "if_unset"));
    let (name, set) = match (if_set.as_str(), if_unset.as_str()) {
        ("", "") => return Ok(None),
        (name, "") => (name, true),
        ("", name) => (name, false),
        _ => return Err("if_set and if_unset in one alternative".to_owned()),
    };
    if method.is_client_streaming() {
        return Err("a stream of requests can have no condition".to_owned());
    }
    let field = method.input().get_field_by_name(name);
    let field = field.ok_or_else(|| format!("the request has no field {name:?}"))?;
    let in_oneof = field
        .containing_oneof()
        .is_some_and(|oneof| !oneof.is_synthetic());
    if field.is_list() || field.is_map() || in_oneof {
        return Err(format!("{name} is repeated or in a oneof"));
    }
    // A number that does not fit its type is truncated when it is decoded, maybe to zero.
    let explicit_presence = field.supports_presence();
    if !explicit_presence && !matches!(field.kind(), Kind::String | Kind::Bytes) {
        return Err(format!("{name} is neither a text nor `optional`"));
    }
    Ok(Some(Condition {
        field: name.to_owned(),
        number: field.number(),
        explicit_presence,
        set,
    }))
}
