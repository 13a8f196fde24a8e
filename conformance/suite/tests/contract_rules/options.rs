//! The values of proofread's options are valid, and no rule uses CEL.

use prost_protovalidate::{Validator, ValidatorOption};
use prost_reflect::{DynamicMessage, Value};

use super::*;

/// Fields and messages with a CEL rule. The validators that are compiled into the
/// servers support only the standard rules.
fn with_cel(checked: &CheckedContract<'_>) -> Vec<String> {
    let mut offenders = Vec::new();
    for message in checked.messages() {
        if !message.rules.cel.is_empty() || !message.rules.cel_expression.is_empty() {
            offenders.push(message.full_name.clone());
        }
        let fields = message.fields.iter();
        let with_cel = fields.filter(|field| field.rules.as_ref().is_some_and(|it| it.has_cel()));
        offenders.extend(with_cel.map(field_location));
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
    }
"#;

#[test]
fn no_rule_uses_cel() {
    let contract = bookstore_contract();
    let offenders = with_cel(&CheckedContract::new(&contract));
    assert_no_offenders(
        "no rule uses CEL, which the compiled validators do not support",
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
fn cel_rules_are_found() {
    let contract = invalid_contract(BAD);
    let expected = ["shop.v1.Request", "Request.number", "Request.numbers"];
    assert_offenders(&with_cel(&CheckedContract::new(&contract)), &expected);
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
