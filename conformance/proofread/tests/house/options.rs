//! The options keep their own rules, and ours use no CEL.

use prost_protovalidate::{Validator, ValidatorOption};
use prost_reflect::{DynamicMessage, Value};

use super::*;

/// Fields and messages with a rule in CEL. The validators that are compiled into
/// the servers know the standard rules only.
fn with_cel(held: &Held<'_>) -> Vec<String> {
    let mut offenders = Vec::new();
    for message in held.messages() {
        if !message.rules.cel.is_empty() || !message.rules.cel_expression.is_empty() {
            offenders.push(message.full_name.clone());
        }
        let fields = message.fields.iter();
        let with_cel = fields.filter(|field| field.rules.as_ref().is_some_and(|it| it.has_cel()));
        offenders.extend(with_cel.map(place));
    }
    offenders
}

/// Values of our options that break the rules of the messages that they are.
fn invalid(held: &Held<'_>) -> Vec<String> {
    let image = held.contract.image().to_vec();
    let validator =
        Validator::with_options(&[ValidatorOption::AdditionalDescriptorSetBytes(image)]);
    let services = held.services().flat_map(|service| {
        let descriptor = service
            .methods
            .first()
            .map(|it| it.descriptor.parent_service().options());
        descriptor.map(|options| (service.full_name.clone(), options))
    });
    let methods = held.methods();
    let methods = methods.map(|method| (place_of_method(method), method.descriptor.options()));
    let mut offenders = Vec::new();
    for (place, options) in services.chain(methods) {
        for message in messages_in(&options) {
            if let Err(error) = validator.validate(&message) {
                offenders.push(format!("{place}: {error}"));
            }
        }
    }
    offenders
}

fn messages_in(options: &DynamicMessage) -> Vec<DynamicMessage> {
    let ours = options.extensions();
    let ours = ours.filter(|(option, _)| option.full_name().starts_with("proofread.v1."));
    let mut messages = Vec::new();
    for (_, value) in ours {
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
        option (proofread.v1.access) = {credential: "operator"};
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
fn no_rule_is_written_in_cel() {
    let contract = ours();
    let offenders = with_cel(&Held::of(&contract));
    expect_none("the compiled validators know every rule", &offenders);
}

#[test]
fn options_keep_their_own_rules() {
    let contract = ours();
    expect_none(
        "the options of proofread are valid",
        &invalid(&Held::of(&contract)),
    );
}

#[test]
fn rules_in_cel_are_found() {
    let contract = bad(BAD);
    let expected = ["shop.v1.Request", "Request.number", "Request.numbers"];
    expect_found(&with_cel(&Held::of(&contract)), &expected);
}

#[test]
fn options_that_break_their_rules_are_found() {
    let contract = bad(BAD);
    let expected = [
        "shop.v1.Shop: validation error: reason",
        "metadata_key",
        "code",
    ];
    let mut offenders = invalid(&Held::of(&contract));
    // Extensions come in the order of their numbers.
    offenders.sort_by_key(|offender| !offender.starts_with("shop.v1.Shop"));
    assert_eq!(offenders.len(), expected.len(), "{offenders:#?}");
    for expected in expected {
        let found = offenders.iter().any(|offender| offender.contains(expected));
        assert!(found, "{expected:?} is not in {offenders:#?}");
    }
}
