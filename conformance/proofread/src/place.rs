//! Where in the protos something stands: `bookstore/cart/v1/cart.proto:34`.

use prost_protovalidate_types::DESCRIPTOR_POOL;
use prost_reflect::{FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};

use crate::{
    case::{Due, Exercise},
    contract::{Contract, Method},
};

/// Field number of the options in the descriptor of a field, and of a message.
const FIELD_OPTIONS: i32 = 8;
const MESSAGE_OPTIONS: i32 = 7;
/// The number of `buf.validate.field` and `buf.validate.message`.
const RULES: i32 = 1159;

/// Where a method is declared. None where the image has no source info, as that of
/// server reflection.
pub fn of_method(method: &Method) -> Option<String> {
    let file = method.descriptor.parent_file();
    line(&file, method.descriptor.path())
}

/// Where a rule is declared, or where it can't be told, its field.
pub fn of_exercise(contract: &Contract, exercise: &Exercise) -> Option<String> {
    let pool = contract.pool();
    if let Some(message) = pool.get_message_by_name(&exercise.field) {
        return of_message_rule(&message);
    }
    let (message, name) = exercise.field.rsplit_once('.')?;
    let message = pool.get_message_by_name(message)?;
    of_rule(&message.get_field_by_name(name)?, &exercise.rule)
}

/// Where the rule is declared that a violation in a message of this name is about.
pub fn of_due(contract: &Contract, message: &str, due: &Due) -> Option<String> {
    let message = contract.pool().get_message_by_name(message)?;
    if due.path.is_empty() {
        return of_message_rule(&message);
    }
    let (field, level) = field_at(&message, &due.path)?;
    of_rule(&field, &format!("{level}{}", due.rule))
}

fn of_message_rule(message: &MessageDescriptor) -> Option<String> {
    let mut path = message.path().to_vec();
    path.extend([MESSAGE_OPTIONS, RULES]);
    line(&message.parent_file(), &path)
}

fn of_rule(field: &FieldDescriptor, rule: &str) -> Option<String> {
    let mut path = field.path().to_vec();
    path.extend([FIELD_OPTIONS, RULES]);
    path.extend(rule_path(rule));
    line(&field.parent_message().parent_file(), &path)
}

/// The field numbers that lead to a rule: `repeated.items.int32.gte_lte`. As far as
/// they can be told: the rules of CEL have names of their own.
fn rule_path(rule: &str) -> Vec<i32> {
    let mut path = Vec::new();
    let mut message = DESCRIPTOR_POOL.get_message_by_name("buf.validate.FieldRules");
    for name in rule.split('.') {
        let Some(rules) = message.take() else { break };
        // `gte_lte` is the id of two rules in one; the first leads to the place.
        let first = name.split('_').next().unwrap_or(name);
        let field = rules
            .get_field_by_name(name)
            .or_else(|| rules.get_field_by_name(first));
        let Some(field) = field else { break };
        path.extend(i32::try_from(field.number()));
        message = field.kind().as_message().cloned();
    }
    path
}

/// The field at the end of a path such as `books[0].prices["a"].amount`, and the
/// level of its rules where the path ends within it.
fn field_at(message: &MessageDescriptor, path: &str) -> Option<(FieldDescriptor, &'static str)> {
    let mut message = Some(message.clone());
    let mut found = None;
    for (name, has_key) in segments(path) {
        let field = message.take()?.get_field_by_name(&name)?;
        let value = match field.kind() {
            Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
            kind => kind,
        };
        message = value.as_message().cloned();
        let level = match has_key {
            true if field.is_map() => "map.values.",
            true => "repeated.items.",
            false => "",
        };
        found = Some((field, level));
    }
    found
}

/// The names in a path, each with whether a key or an index follows it. Keys of
/// maps may hold dots and brackets in quotes.
fn segments(path: &str) -> Vec<(String, bool)> {
    let mut segments = Vec::new();
    let (mut name, mut has_key) = (String::new(), false);
    let (mut within, mut quoted, mut escaped) = (false, false, false);
    for character in path.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if within => quoted = !quoted,
            _ if quoted => {}
            '[' => (within, has_key) = (true, true),
            ']' => within = false,
            '.' if !within => {
                segments.push((std::mem::take(&mut name), has_key));
                has_key = false;
            }
            _ if within => {}
            character => name.push(character),
        }
    }
    segments.push((name, has_key));
    segments
}

/// The line of the element with this path, or of the nearest one around it that has
/// a place of its own.
fn line(file: &FileDescriptor, path: &[i32]) -> Option<String> {
    let info = file.file_descriptor_proto().source_code_info.as_ref()?;
    let locations = info
        .location
        .iter()
        .filter(|location| !location.path.is_empty() && path.starts_with(&location.path));
    let nearest = locations.max_by_key(|location| location.path.len())?;
    let line = nearest.span.first()? + 1;
    Some(format!("{}:{line}", file.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::image;

    const PROTO: &str = r#"syntax = "proto3";
package shop.v1;
import "buf/validate/validate.proto";
service Shop {
  rpc Get(M) returns (M);
}
message M {
  option (buf.validate.message).cel = {id: "m", expression: "true"};
  int32 id = 1 [
    (buf.validate.field).required = true,
    (buf.validate.field).int32 = {gte: 1, lte: 5}
  ];
  repeated string names = 2 [
    (buf.validate.field).repeated.max_items = 3,
    (buf.validate.field).repeated.items.string.min_len = 1
  ];
  map<string, M> more = 3;
}
"#;

    fn contract() -> Contract {
        Contract::decode(&image(&[("shop.proto", PROTO)])).expect("it is sound")
    }

    #[test]
    fn rules_are_found_where_they_are_written() {
        let contract = contract();
        let place = |path: &str, rule: &str| {
            let due = Due {
                path: path.to_owned(),
                rule: rule.to_owned(),
            };
            of_due(&contract, "shop.v1.M", &due).expect("it has a place")
        };
        assert_eq!(place("", "m"), "shop.proto:8");
        assert_eq!(place("id", "required"), "shop.proto:10");
        assert_eq!(place("id", "int32.gte_lte"), "shop.proto:11");
        assert_eq!(place("names", "repeated.max_items"), "shop.proto:14");
        assert_eq!(place("names[2]", "string.min_len"), "shop.proto:15");
        assert_eq!(place("more[\"a.b]\\\"[\"].id", "required"), "shop.proto:10");
        assert_eq!(place("more", "no.such_rule"), "shop.proto:17");
    }

    #[test]
    fn exercises_and_methods_have_a_place() {
        let contract = contract();
        let exercise = Exercise {
            field: "shop.v1.M.names".to_owned(),
            rule: "repeated.items.string.min_len".to_owned(),
            side: crate::case::Side::Kept,
        };
        let place = of_exercise(&contract, &exercise);
        assert_eq!(place.as_deref(), Some("shop.proto:15"));
        let method = contract.methods().next().expect("there is one");
        assert_eq!(of_method(method).as_deref(), Some("shop.proto:5"));
    }
}
