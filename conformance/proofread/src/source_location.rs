//! The source locations of methods and rules: `bookstore/cart/v1/cart.proto:34`.

use prost_protovalidate_types::DESCRIPTOR_POOL;
use prost_reflect::{FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};

use crate::{
    case::{RuleTarget, Violation},
    contract::{Contract, Method},
};

/// The number of the field `options` in `FieldDescriptorProto`, and in `DescriptorProto`.
const FIELD_OPTIONS: i32 = 8;
const MESSAGE_OPTIONS: i32 = 7;
/// The field number of the extensions `buf.validate.field` and `buf.validate.message`.
const RULES: i32 = 1159;

/// The file and line of a method. `None` if the image has no source info, like one from
/// server reflection.
pub fn of_method(method: &Method) -> Option<String> {
    let file = method.descriptor.parent_file();
    line(&file, method.descriptor.path())
}

/// The file and line of a rule, or of its field if that of the rule is not known.
pub fn of_target(contract: &Contract, target: &RuleTarget) -> Option<String> {
    let pool = contract.pool();
    if let Some(message) = pool.get_message_by_name(&target.field) {
        return of_message_rule(&message);
    }
    let (message, name) = target.field.rsplit_once('.')?;
    let message = pool.get_message_by_name(message)?;
    of_rule(&message.get_field_by_name(name)?, &target.rule)
}

/// The file and line of the rule that is violated in a message of this full name.
pub fn of_violation(contract: &Contract, message: &str, violation: &Violation) -> Option<String> {
    let message = contract.pool().get_message_by_name(message)?;
    if violation.path.is_empty() {
        return of_message_rule(&message);
    }
    let (field, level) = field_at(&message, &violation.path)?;
    of_rule(&field, &format!("{level}{}", violation.rule))
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

/// The field numbers within `buf.validate.FieldRules` that lead to a rule such as
/// `repeated.items.int32.gte_lte`. The path is incomplete for a rule in CEL, whose id is
/// not a field name.
fn rule_path(rule: &str) -> Vec<i32> {
    let mut path = Vec::new();
    let mut message = DESCRIPTOR_POOL.get_message_by_name("buf.validate.FieldRules");
    for name in rule.split('.') {
        let Some(rules) = message.take() else { break };
        // `gte_lte` stands for two rules, `gte` and `lte`; take the first.
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

/// The field at the end of a path such as `books[0].prices["a"].amount`. If the path ends
/// with an index or key, the second result is the level of its rules.
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
        let level = if !has_key {
            ""
        } else if field.is_map() {
            "map.values."
        } else {
            "repeated.items."
        };
        found = Some((field, level));
    }
    found
}

/// The field names in a path, each with whether a key or an index follows. A quoted map
/// key may contain dots and brackets.
pub(crate) fn segments(path: &str) -> Vec<(String, bool)> {
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

/// The file and line of the element with this descriptor path, or of the closest
/// enclosing element that has a location.
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
    fn each_rule_is_located_at_its_own_line() {
        let contract = contract();
        let location = |path: &str, rule: &str| {
            let violation = Violation {
                path: path.to_owned(),
                rule: rule.to_owned(),
            };
            of_violation(&contract, "shop.v1.M", &violation).expect("it has a location")
        };
        assert_eq!(location("", "m"), "shop.proto:8");
        assert_eq!(location("id", "required"), "shop.proto:10");
        assert_eq!(location("id", "int32.gte_lte"), "shop.proto:11");
        assert_eq!(location("names", "repeated.max_items"), "shop.proto:14");
        assert_eq!(location("names[2]", "string.min_len"), "shop.proto:15");
        assert_eq!(
            location("more[\"a.b]\\\"[\"].id", "required"),
            "shop.proto:10"
        );
        assert_eq!(location("more", "no.such_rule"), "shop.proto:17");
    }

    #[test]
    fn targets_and_methods_are_located() {
        let contract = contract();
        let target = RuleTarget {
            field: "shop.v1.M.names".to_owned(),
            rule: "repeated.items.string.min_len".to_owned(),
            side: crate::case::Side::Kept,
        };
        let location = of_target(&contract, &target);
        assert_eq!(location.as_deref(), Some("shop.proto:15"));
        let method = contract.methods().next().expect("there is one");
        assert_eq!(of_method(method).as_deref(), Some("shop.proto:5"));
    }
}
