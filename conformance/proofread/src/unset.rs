//! Determines what happens when a request field is left unset.
//!
//! In proto3 every field may be left out, and the server then sees the zero value or
//! an absent field. The contract should say what happens: a rule refuses the unset
//! value, or `(proofread.v1.unset)` declares what it means. A field with neither is
//! undeclared, which is the defect that this tool exists to find.
//!
//! Whether a rule refuses the unset value is not derived from the rules, but tried:
//! protovalidate's runtime validates the empty message, one field at a time.

use std::{collections::BTreeMap, sync::Arc};

use prost_protovalidate::{Error, Filter, ValidationOption, Validator};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

use crate::{
    contract::{Contract, Field, Message, Method},
    oracle,
};

#[cfg(test)]
mod tests;

/// What happens to a request in which a certain field is unset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnsetBehaviour {
    /// The request is refused by these rules.
    Refused {
        /// The ids of the violated rules, such as `int32.gte_lte`.
        rules: Vec<String>,
    },
    /// The request lacks a field that proto2 or an edition requires: parsers of many languages
    /// refuse it, and others read the default value.
    RequiredByType,
    /// The request is refused unless another member of the required oneof is set.
    RefusedUnlessOther {
        /// The other members of the oneof.
        others: Vec<String>,
        /// The id of the rule: `required` or `message.oneof`.
        rule: String,
    },
    /// The request is accepted, and unset has this declared meaning.
    Means(String),
    /// The contract neither refuses the unset value nor declares a meaning: a defect.
    Undeclared,
    /// The rules of the field can't be evaluated, which is a defect too.
    InvalidRules {
        /// The error of protovalidate.
        cause: String,
    },
}

/// A field of a request, at any depth.
#[derive(Debug, Clone)]
pub struct RequestField<'c> {
    /// Its path: `books[].book.title`; map values are written as `prices{}.amount`.
    pub path: String,
    /// The message that declares it.
    pub message: &'c Message,
    /// The field.
    pub field: &'c Field,
    /// What happens when it is unset.
    pub unset: UnsetBehaviour,
}

/// What happens when a field is unset, for every field that can be part of a request.
#[derive(Debug, Clone)]
pub struct UnsetAnalysis<'c> {
    contract: &'c Contract,
    by_field: BTreeMap<&'c str, UnsetBehaviour>,
}

impl<'c> UnsetAnalysis<'c> {
    /// Analyses all fields of all messages that are reachable from a request.
    pub fn new(contract: &'c Contract) -> Self {
        let validator = oracle::validator(contract);
        let requests = contract.request_messages();
        let messages = requests
            .into_iter()
            .filter_map(|name| contract.message(name));
        let by_field = messages.flat_map(|message| {
            let analysed = message.fields.iter().map(|field| {
                (
                    field.full_name.as_str(),
                    analyse_field(&validator, message, field),
                )
            });
            analysed.collect::<Vec<_>>()
        });
        Self {
            contract,
            by_field: by_field.collect(),
        }
    }

    /// What happens when this field is unset; `None` if no request contains the field.
    pub fn of(&self, field: &Field) -> Option<&UnsetBehaviour> {
        self.by_field.get(field.full_name.as_str())
    }

    /// All fields of the request of a method. The fields of a nested message follow the
    /// field that contains it. Recursive messages are expanded once.
    pub fn of_method(&self, method: &Method) -> Vec<RequestField<'c>> {
        let mut fields = Vec::new();
        if let Some(request) = self.contract.message(&method.request) {
            self.collect(request, "", &mut Vec::new(), &mut |_| true, &mut fields);
        }
        fields
    }

    /// The fields of a message, as in [`UnsetAnalysis::of_method`]. Nested messages are
    /// expanded only if `enter` returns true for them.
    pub fn of_message(
        &self,
        message: &'c Message,
        mut enter: impl FnMut(&'c Message) -> bool,
    ) -> Vec<RequestField<'c>> {
        let mut fields = Vec::new();
        self.collect(message, "", &mut Vec::new(), &mut enter, &mut fields);
        fields
    }

    fn collect(
        &self,
        message: &'c Message,
        prefix: &str,
        ancestors: &mut Vec<&'c str>,
        enter: &mut dyn FnMut(&'c Message) -> bool,
        fields: &mut Vec<RequestField<'c>>,
    ) {
        ancestors.push(&message.full_name);
        for field in &message.fields {
            let path = format!("{prefix}{}", field.name);
            fields.push(RequestField {
                path: path.clone(),
                message,
                field,
                unset: self
                    .of(field)
                    .cloned()
                    .unwrap_or(UnsetBehaviour::Undeclared),
            });
            let Some(nested) = self.contract.message_in(field) else {
                continue;
            };
            if !ancestors.contains(&nested.full_name.as_str()) && enter(nested) {
                let prefix = format!("{path}{}.", path_suffix(field));
                self.collect(nested, &prefix, ancestors, enter, fields);
            }
        }
        ancestors.pop();
    }
}

fn path_suffix(field: &Field) -> &'static str {
    match field {
        field if field.descriptor.is_map() => "{}",
        field if field.descriptor.is_list() => "[]",
        _ => "",
    }
}

/// What a server sees when a field is unset: `0`, `""`, `empty list`, `absent`.
pub fn value_seen_by_server(field: &Field) -> String {
    let descriptor = &field.descriptor;
    if descriptor.is_map() {
        return "empty map".to_owned();
    }
    if descriptor.is_list() {
        return "empty list".to_owned();
    }
    if descriptor.supports_presence() {
        return "absent".to_owned();
    }
    match descriptor.kind() {
        Kind::Bool => "`false`".to_owned(),
        Kind::String => "`\"\"`".to_owned(),
        Kind::Bytes => "no bytes".to_owned(),
        Kind::Enum(enumeration) => format!("`{}` (0)", enumeration.default_value().name()),
        _ => "`0`".to_owned(),
    }
}

fn analyse_field(validator: &Validator, message: &Message, field: &Field) -> UnsetBehaviour {
    if field.descriptor.is_required() {
        return UnsetBehaviour::RequiredByType;
    }
    let rules = match violated_rules(
        validator,
        message,
        SingleElementFilter::Field(field.full_name.clone()),
    ) {
        Ok(rules) => rules,
        Err(cause) => return UnsetBehaviour::InvalidRules { cause },
    };
    if !rules.is_empty() {
        return UnsetBehaviour::Refused { rules };
    }
    if let Some(meaning) = &field.unset {
        return UnsetBehaviour::Means(meaning.clone());
    }
    required_oneof(validator, message, field).unwrap_or(UnsetBehaviour::Undeclared)
}

/// A member of a required oneof may be unset if another member is set.
fn required_oneof(
    validator: &Validator,
    message: &Message,
    field: &Field,
) -> Option<UnsetBehaviour> {
    let others = |names: &[String]| -> Vec<String> {
        let others = names.iter().filter(|name| **name != field.name);
        others.cloned().collect()
    };
    let declared_oneof = message
        .oneofs
        .iter()
        .find(|oneof| Some(&oneof.name) == field.oneof.as_ref());
    if let Some(oneof) = declared_oneof {
        let full_name = format!("{}.{}", message.full_name, oneof.name);
        match violated_rules(validator, message, SingleElementFilter::Oneof(full_name)) {
            Ok(rules) => {
                if let Some(rule) = rules.into_iter().next() {
                    let others = others(&oneof.fields);
                    return Some(UnsetBehaviour::RefusedUnlessOther { others, rule });
                }
            }
            Err(cause) => return Some(UnsetBehaviour::InvalidRules { cause }),
        }
    }
    let virtual_oneofs = message.rules.oneof.iter().filter(|rule| rule.required());
    let rule = virtual_oneofs
        .into_iter()
        .find(|rule| rule.fields.contains(&field.name))?;
    Some(UnsetBehaviour::RefusedUnlessOther {
        others: others(&rule.fields),
        rule: "message.oneof".to_owned(),
    })
}

/// The ids of the rules that the empty message violates, considering only the element
/// that `filter` selects.
fn violated_rules(
    validator: &Validator,
    message: &Message,
    filter: SingleElementFilter,
) -> Result<Vec<String>, String> {
    let empty = DynamicMessage::new(message.descriptor.clone());
    let option = ValidationOption::Filter(Arc::new(filter));
    match validator.validate_with(&empty, &[option]) {
        Ok(()) => Ok(Vec::new()),
        Err(Error::Validation(error)) => {
            let violations = error.violations().iter();
            Ok(violations.map(|it| it.rule_id().to_owned()).collect())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Restricts validation to one field or one oneof, given by its full name.
enum SingleElementFilter {
    Field(String),
    Oneof(String),
}

impl Filter for SingleElementFilter {
    fn should_validate(&self, _: &DynamicMessage, _: &MessageDescriptor) -> bool {
        false
    }

    fn should_validate_field(&self, _: &DynamicMessage, field: &FieldDescriptor) -> bool {
        matches!(self, Self::Field(name) if name == field.full_name())
    }

    fn should_validate_oneof(&self, _: &DynamicMessage, oneof: &OneofDescriptor) -> bool {
        matches!(self, Self::Oneof(name) if name == oneof.full_name())
    }
}
