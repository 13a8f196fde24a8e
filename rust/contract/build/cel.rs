//! Rules in CEL. The generator of validators knows only the standard rules, so the rules in CEL are
//! taken out of the image that it reads, and a call of a function of `src/cel_rules.rs` is added
//! for each: it is a thousand times as fast as an interpreter, and a test compares both.

use std::error::Error;

use heck::ToSnakeCase;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use crate::{options::text, rust_path};

/// A rule in CEL on a string field.
pub struct CelRule {
    /// `.bookstore.inventory.v1.Book`.
    message: String,
    field: String,
    /// The position among the rules of the field.
    index: usize,
    id: String,
    /// The message of a violation.
    violation: String,
}

/// Takes the rules in CEL out of an image. Those that cannot be taken stay there, so that the
/// generator fails.
///
/// # Errors
/// If the image does not have the messages of a descriptor, or a rule has no id.
pub fn take(
    pool: &DescriptorPool,
    image: &[u8],
) -> Result<(Vec<u8>, Vec<CelRule>), Box<dyn Error>> {
    let set = pool.get_message_by_name("google.protobuf.FileDescriptorSet");
    let mut set = DynamicMessage::decode(set.ok_or("no FileDescriptorSet")?, image)?;
    let mut rules = Vec::new();
    for file in messages(&mut set, "file") {
        let package = text(file, "package");
        for message in messages(file, "message_type") {
            let name = format!(".{package}.{}", text(message, "name"));
            for field in messages(message, "field") {
                rules.extend(take_from_field(pool, &name, field)?);
            }
        }
    }
    Ok((set.encode_to_vec(), rules))
}

/// The messages of a repeated field.
fn messages<'m>(
    message: &'m mut DynamicMessage,
    field: &str,
) -> impl Iterator<Item = &'m mut DynamicMessage> {
    let list = message.get_field_by_name_mut(field);
    let list = list.and_then(Value::as_list_mut);
    list.into_iter().flatten().filter_map(Value::as_message_mut)
}

fn take_from_field(
    pool: &DescriptorPool,
    message: &str,
    field: &mut DynamicMessage,
) -> Result<Vec<CelRule>, Box<dyn Error>> {
    let name = text(field, "name");
    let extension = pool.get_extension_by_name("buf.validate.field");
    let extension = extension.ok_or("no buf.validate.field")?;
    let number = |field: &DynamicMessage, name: &str| {
        let value = field.get_field_by_name(name);
        value.and_then(|value| value.as_enum_number())
    };
    let has_presence = field.has_field_by_name("proto3_optional");
    let is_string = number(field, "type") == Some(9) && number(field, "label") == Some(1);
    let Some(Value::Message(options)) = field.get_field_by_name_mut("options") else {
        return Ok(Vec::new());
    };
    if !is_string || has_presence || !options.has_extension(&extension) {
        return Ok(Vec::new());
    }
    let Value::Message(field_rules) = options.get_extension_mut(&extension) else {
        return Ok(Vec::new());
    };
    if field_rules.has_field_by_name("ignore") {
        return Ok(Vec::new());
    }
    let taken = messages(field_rules, "cel")
        .enumerate()
        .map(|(index, rule)| {
            let id = text(rule, "id");
            if id.is_empty() {
                return Err(format!("a rule in CEL of {message}.{name} has no id").into());
            }
            Ok(CelRule {
                message: message.to_owned(),
                field: name.clone(),
                index,
                id,
                violation: text(rule, "message"),
            })
        });
    let taken = taken.collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    field_rules.clear_field_by_name("cel");
    Ok(taken)
}

/// Adds the calls of the functions to the generated validators.
///
/// # Errors
/// If there is no validator of the message of a rule.
pub fn add_checks(mut validators: String, rules: &[CelRule]) -> Result<String, Box<dyn Error>> {
    for rule in rules {
        let begin = format!("for {} {{", rust_path(&rule.message));
        let end = "if violations.is_empty()";
        let position = validators.find(&begin).and_then(|begin| {
            let end = validators[begin..].find(end)?;
            Some(begin + end)
        });
        let position = position.ok_or_else(|| format!("no validator of {}", rule.message))?;
        let CelRule {
            field,
            index,
            id,
            violation,
            ..
        } = rule;
        let function = id.to_snake_case();
        let check = format!(
            "if !crate::cel_rules::{function}(&self.{field}) {{ \
             violations.push(crate::cel_rules::violation({field:?}, {index}, {id:?}, {violation:?})); }}\n"
        );
        validators.insert_str(position, &check);
    }
    Ok(validators)
}
