//! What it means to leave a request field unset.
//!
//! In proto3 every field may be left out, and a server then sees the zero value or
//! nothing at all. A field that refuses that value by a rule is safe; one that
//! declares a meaning by `(proofread.v1.unset)` is understood; one that does
//! neither is silent, and silence is the defect that this tool exists to find.
//!
//! Whether a rule refuses is not worked out from the rules but tried: the empty
//! message is validated by protovalidate's runtime, one field at a time.

use std::{collections::BTreeMap, sync::Arc};

use prost_protovalidate::{Error, Filter, ValidationOption, Validator, ValidatorOption};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

use crate::contract::{Contract, Field, Message, Method};

#[cfg(test)]
mod tests;

/// What happens to a request in which a field is unset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unset {
    /// It is refused by these rules, named by their ids: `int32.gte_lte`.
    Refused {
        /// The ids of the broken rules.
        rules: Vec<String>,
    },
    /// It is refused unless another one of these fields is set.
    RefusedAlone {
        /// The other fields of the required oneof.
        others: Vec<String>,
        /// The id of the rule.
        rule: String,
    },
    /// It is understood, as these words say.
    Means(String),
    /// The contract does not say: a defect.
    Silent,
    /// The rules of the field can't be evaluated: a defect too.
    Broken {
        /// What protovalidate says of them.
        cause: String,
    },
}

/// A field of a request, at any depth.
#[derive(Debug, Clone)]
pub struct RequestField<'c> {
    /// Where it stands: `books[].book.title`; the values of a map are `prices{}`.
    pub path: String,
    /// The message that declares it.
    pub message: &'c Message,
    /// The field.
    pub field: &'c Field,
    /// What it means that it is unset.
    pub unset: Unset,
}

/// What unset means for every field that can be part of a request.
#[derive(Debug, Clone)]
pub struct UnsetFields<'c> {
    contract: &'c Contract,
    by_field: BTreeMap<&'c str, Unset>,
}

impl<'c> UnsetFields<'c> {
    /// Decides for all fields of all messages that are reachable from a request.
    pub fn decide(contract: &'c Contract) -> Self {
        let validator = Validator::with_options(&[ValidatorOption::AdditionalDescriptorSetBytes(
            contract.image().to_vec(),
        )]);
        let requests = contract.request_messages();
        let messages = requests
            .into_iter()
            .filter_map(|name| contract.message(name));
        let by_field = messages.flat_map(|message| {
            let decided = message
                .fields
                .iter()
                .map(|field| (field.full_name.as_str(), decide(&validator, message, field)));
            decided.collect::<Vec<_>>()
        });
        Self {
            contract,
            by_field: by_field.collect(),
        }
    }

    /// What unset means for this field; none where it is part of no request.
    pub fn of(&self, field: &Field) -> Option<&Unset> {
        self.by_field.get(field.full_name.as_str())
    }

    /// All fields of the request of a method, those of nested messages after the
    /// field that holds them. A message within itself is not entered again.
    pub fn of_method(&self, method: &Method) -> Vec<RequestField<'c>> {
        let mut fields = Vec::new();
        if let Some(request) = self.contract.message(&method.request) {
            self.collect(request, "", &mut Vec::new(), &mut |_| true, &mut fields);
        }
        fields
    }

    /// The fields of a message, as [`UnsetFields::of_method`], entering only those
    /// nested messages for which `enter` says so.
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
        within: &mut Vec<&'c str>,
        enter: &mut dyn FnMut(&'c Message) -> bool,
        fields: &mut Vec<RequestField<'c>>,
    ) {
        within.push(&message.full_name);
        for field in &message.fields {
            let path = format!("{prefix}{}", field.name);
            fields.push(RequestField {
                path: path.clone(),
                message,
                field,
                unset: self.of(field).cloned().unwrap_or(Unset::Silent),
            });
            let Some(nested) = self.contract.message_in(field) else {
                continue;
            };
            if !within.contains(&nested.full_name.as_str()) && enter(nested) {
                let prefix = format!("{path}{}.", brackets(field));
                self.collect(nested, &prefix, within, enter, fields);
            }
        }
        within.pop();
    }
}

fn brackets(field: &Field) -> &'static str {
    match field {
        field if field.descriptor.is_map() => "{}",
        field if field.descriptor.is_list() => "[]",
        _ => "",
    }
}

/// What a server sees of an unset field: `0`, `""`, `empty list`, `absent`.
pub fn seen_by_the_server(field: &Field) -> String {
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

fn decide(validator: &Validator, message: &Message, field: &Field) -> Unset {
    let rules = match refusals(validator, message, Only::Field(field.full_name.clone())) {
        Ok(rules) => rules,
        Err(cause) => return Unset::Broken { cause },
    };
    if !rules.is_empty() {
        return Unset::Refused { rules };
    }
    if let Some(meaning) = &field.unset {
        return Unset::Means(meaning.clone());
    }
    required_oneof(validator, message, field).unwrap_or(Unset::Silent)
}

/// A member of a oneof that must be set may be unset where another one is set.
fn required_oneof(validator: &Validator, message: &Message, field: &Field) -> Option<Unset> {
    let others = |names: &[String]| -> Vec<String> {
        let others = names.iter().filter(|name| **name != field.name);
        others.cloned().collect()
    };
    let real = message
        .oneofs
        .iter()
        .find(|oneof| Some(&oneof.name) == field.oneof.as_ref());
    if let Some(oneof) = real {
        let full_name = format!("{}.{}", message.full_name, oneof.name);
        match refusals(validator, message, Only::Oneof(full_name)) {
            Ok(rules) => {
                if let Some(rule) = rules.into_iter().next() {
                    let others = others(&oneof.fields);
                    return Some(Unset::RefusedAlone { others, rule });
                }
            }
            Err(cause) => return Some(Unset::Broken { cause }),
        }
    }
    let virtual_oneofs = message.rules.oneof.iter().filter(|rule| rule.required());
    let rule = virtual_oneofs
        .into_iter()
        .find(|rule| rule.fields.contains(&field.name))?;
    Some(Unset::RefusedAlone {
        others: others(&rule.fields),
        rule: "message.oneof".to_owned(),
    })
}

/// The ids of the rules that refuse the empty message, of those that `only` lets
/// be checked.
fn refusals(validator: &Validator, message: &Message, only: Only) -> Result<Vec<String>, String> {
    let empty = DynamicMessage::new(message.descriptor.clone());
    let filter = ValidationOption::Filter(Arc::new(only));
    match validator.validate_with(&empty, &[filter]) {
        Ok(()) => Ok(Vec::new()),
        Err(Error::Validation(error)) => {
            let violations = error.violations().iter();
            Ok(violations.map(|it| it.rule_id().to_owned()).collect())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Checks nothing but one field or one oneof, given by its full name.
enum Only {
    Field(String),
    Oneof(String),
}

impl Filter for Only {
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
