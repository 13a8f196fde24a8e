//! The values of proofread's options are valid, and the rules in CEL are those that the compiled
//! validators support.

use prost_protovalidate::{Validator, ValidatorOption};
use prost_reflect::{DynamicMessage, Kind, Value};

use super::*;

/// Fields and messages with a rule in CEL that the compiled validators do not support: they support
/// rules with an id (`cel`) on strings, see `rust/contract/build/cel.rs`.
fn with_unsupported_cel(checked: &CheckedContract<'_>) -> Vec<String> {
    let mut offenders = Vec::new();
    for message in checked.messages() {
        if !message.rules.cel.is_empty() || !message.rules.cel_expression.is_empty() {
            offenders.push(message.full_name.clone());
        }
        let fields = message.fields.iter();
        let unsupported = fields.filter(|field| {
            let is_text = field.descriptor.kind() == Kind::String && !field.descriptor.is_list();
            field.rules.as_ref().is_some_and(|rules| {
                rules.has_cel() && !(is_text && rules.standard.cel_expression.is_empty())
            })
        });
        offenders.extend(unsupported.map(field_location));
    }
    offenders
}

/// Values of proofread's options that violate the rules of their messages.
fn invalid(checked: &CheckedContract<'_>) -> Vec<String> {
    let image = checked.contract.image().to_vec();
    let validator =
        Validator::with_options(&[ValidatorOption::AdditionalDescriptorSetBytes(image)]);
    let services = checked.services().flat_map(|service| {
        let descriptor = service
            .methods
            .first()
            .map(|it| it.descriptor.parent_service().options());
        descriptor.map(|options| (service.full_name.clone(), options))
    });
    let methods = checked.methods();
    let methods = methods.map(|method| (method_location(method), method.descriptor.options()));
    let mut offenders = Vec::new();
    for (location, options) in services.chain(methods) {
        for message in messages_in(&options) {
            if let Err(error) = validator.validate(&message) {
                offenders.push(format!("{location}: {error}"));
            }
        }
    }
    offenders
}

fn messages_in(options: &DynamicMessage) -> Vec<DynamicMessage> {
    let extensions = options.extensions();
    let extensions =
        extensions.filter(|(option, _)| option.full_name().starts_with("proofread.v1."));
    let mut messages = Vec::new();
    for (_, value) in extensions {
        match value {
            Value::Message(message) => messages.push(message.clone()),
            Value::List(values) => {
                messages.extend(values.iter().filter_map(Value::as_message).cloned());
            }
            _ => {}
        }
    }
    messages
}

const BAD: &str = r#"
    service Shop {
      option (proofread.v1.common_errors) = {code: CODE_UNAVAILABLE, reason: "x", when: "at night"};
      rpc Ask(Request) returns (Request) {
        option (proofread.v1.access) = {credential: "operator", services: ["cart"]};
        option (proofread.v1.errors) = {reason: "GONE"};
      }
    }
    message Request {
      option (buf.validate.message).cel_expression = "true";
      int32 number = 1 [(buf.validate.field).cel_expression = "this > 0"];
      repeated int32 numbers = 2 [(buf.validate.field).repeated.items.cel_expression = "this > 0"];
      string without_id = 3 [(buf.validate.field).cel_expression = "this != 'a'"];
      string text = 4 [(buf.validate.field).cel = {id: "text.b", expression: "this != 'b'"}];
    }
"#;

#[test]
fn every_rule_in_cel_is_supported() {
    let contract = bookstore_contract();
    let offenders = with_unsupported_cel(&CheckedContract::new(&contract));
    assert_no_offenders(
        "the compiled validators support every rule in CEL",
        &offenders,
    );
}

#[test]
fn option_values_are_valid() {
    let contract = bookstore_contract();
    assert_no_offenders(
        "the options of proofread are valid",
        &invalid(&CheckedContract::new(&contract)),
    );
}

#[test]
fn unsupported_cel_rules_are_found() {
    let contract = invalid_contract(BAD);
    let expected = [
        "shop.v1.Request",
        "Request.number",
        "Request.numbers",
        "Request.without_id",
    ];
    assert_offenders(
        &with_unsupported_cel(&CheckedContract::new(&contract)),
        &expected,
    );
}

#[test]
fn invalid_option_values_are_found() {
    let contract = invalid_contract(BAD);
    let expected = ["shop.v1.Shop: validation error: reason", "services", "code"];
    let mut offenders = invalid(&CheckedContract::new(&contract));
    // Extensions are in the order of their field numbers.
    offenders.sort_by_key(|offender| !offender.starts_with("shop.v1.Shop"));
    assert_eq!(offenders.len(), expected.len(), "{offenders:#?}");
    for expected in expected {
        let found = offenders.iter().any(|offender| offender.contains(expected));
        assert!(found, "{expected:?} is not in {offenders:#?}");
    }
}
