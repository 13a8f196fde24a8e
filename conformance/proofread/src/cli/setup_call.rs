//! Makes the calls of the configuration whose responses provide a token or fixture
//! values before the first case is sent.

use std::{path::Path, time::Duration};

use anyhow::{Context, anyhow, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value as Field};
use serde_json::{Number, Value};

use super::config_location::WithConfigLocation;
use crate::{
    config::{Config, SetupCall, expand_in_call},
    contract::{Contract, Method},
    explain,
    judge::describe_outcome,
    outcome::Outcome,
    probe::{Probe, RawBody, ReadLimits},
    suggest::did_you_mean,
};

/// A setup call whose method and field were found in the contract.
pub(super) struct PreparedCall {
    pub(super) method: Method,
    call: SetupCall,
    /// The fields from the response message to the wanted value.
    path: Vec<FieldDescriptor>,
    config: Config,
    /// The key of its table in the configuration: `credentials.account`.
    key: String,
    /// What the value is for, for error messages: `the credential account`.
    purpose: String,
}

impl PreparedCall {
    /// Finds the method and the field; `key` is the table in the configuration.
    pub(super) fn new(
        contract: &Contract,
        call: SetupCall,
        config: &Config,
        (key, purpose): (&str, String),
    ) -> anyhow::Result<Self> {
        let method = explain::find_method(contract, &call.method);
        let method = method.with_config_location(config, &format!("{key}.call"))?;
        let path = resolve_field_path(method, &call.field)
            .with_config_location(config, &format!("{key}.field"))?;
        Ok(Self {
            method: method.clone(),
            call,
            path,
            config: config.clone(),
            key: key.to_owned(),
            purpose,
        })
    }

    /// Adds to an error what the call is for, and the location of the key of its table
    /// that causes the error.
    pub(super) fn with_context<T>(
        &self,
        result: anyhow::Result<T>,
        key: &str,
    ) -> anyhow::Result<T> {
        result
            .with_context(|| format!("can't get {}", self.purpose))
            .with_config_location(&self.config, &format!("{}.{key}", self.key))
    }

    /// Makes the call and returns the values of the field as JSON, at least one.
    pub(super) async fn fetch_values(
        &self,
        probe: &Probe,
        timeout: Duration,
    ) -> anyhow::Result<Vec<Value>> {
        let request = self.with_context(self.request(), "request")?;
        let response = self.send(probe, timeout, &request).await;
        let response = self.with_context(response, "call")?;
        let mut found = Vec::new();
        self.with_context(collect_values(&response, &self.path, &mut found), "field")?;
        if found.is_empty() {
            let (path, field) = (&self.method.path, &self.call.field);
            let missing = anyhow!("the response of {path} has no value in {field:?}");
            return self.with_context(Err(missing), "field");
        }
        Ok(found)
    }

    fn request(&self) -> anyhow::Result<DynamicMessage> {
        let request = expand_strings(&self.call.request, &self.config.folder())?;
        DynamicMessage::deserialize(self.method.descriptor.input(), &request)
            .with_context(|| format!("the request is not a valid {}", self.method.request))
    }

    async fn send(
        &self,
        probe: &Probe,
        timeout: Duration,
        request: &DynamicMessage,
    ) -> anyhow::Result<DynamicMessage> {
        let method = &self.method;
        let mut body = RawBody::messages([request]);
        if method.server_streaming {
            body = body.with_read_limits(ReadLimits {
                max_messages: 1,
                first_message_timeout: timeout,
                idle_timeout: Duration::ZERO,
            });
        }
        let outcome = probe.call(&method.path, &[], body, timeout).await;
        let message = match &outcome {
            // No status yet: a stream may continue after its first message.
            Outcome::Answered(answer) if matches!(answer.grpc_code(), None | Some(0)) => {
                answer.messages.first()
            }
            _ => None,
        };
        let Some(message) = message else {
            let answers = match outcome {
                Outcome::Answered(_) => " answers",
                _ => ":",
            };
            bail!("{}{answers} {}", method.path, describe_outcome(&outcome));
        };
        DynamicMessage::decode(method.descriptor.output(), message.clone()).with_context(|| {
            format!(
                "the response of {} is not a valid {}",
                method.path, method.response
            )
        })
    }
}

/// Finds the fields of a path such as `session.token`, which begins in the response of
/// the method.
fn resolve_field_path(method: &Method, path: &str) -> anyhow::Result<Vec<FieldDescriptor>> {
    let mut message = Some(method.descriptor.output());
    let mut fields: Vec<FieldDescriptor> = Vec::new();
    for name in path.split('.') {
        let Some(parent) = message else {
            let last = fields.last().map(FieldDescriptor::full_name);
            bail!("{} has no fields", last.unwrap_or_default());
        };
        let Some(field) = parent.get_field_by_name(name) else {
            let known: Vec<String> = parent.fields().map(|it| it.name().to_owned()).collect();
            let near = did_you_mean(name, &known);
            bail!("{} has no field {name:?}{near}", parent.full_name());
        };
        if field.is_map() {
            bail!(
                "{} is a map, and a path can't choose one of its entries",
                field.full_name()
            );
        }
        message = match field.kind() {
            Kind::Message(nested) => Some(nested),
            _ => None,
        };
        fields.push(field);
    }
    Ok(fields)
}

/// Collects the values at the end of a path as protobuf JSON; all items of a list.
fn collect_values(
    message: &DynamicMessage,
    path: &[FieldDescriptor],
    found: &mut Vec<Value>,
) -> anyhow::Result<()> {
    let Some((field, rest)) = path.split_first() else {
        return Ok(());
    };
    if !message.has_field(field) {
        return Ok(());
    }
    let values = match message.get_field(field).into_owned() {
        Field::List(items) => items,
        single => vec![single],
    };
    for value in values {
        match value {
            Field::Message(nested) if !rest.is_empty() => collect_values(&nested, rest, found)?,
            value => found.push(to_json(&value)?),
        }
    }
    Ok(())
}

/// A value in a JSON form that protobuf accepts: integers of 64 bits as numbers, enums by
/// number.
fn to_json(value: &Field) -> anyhow::Result<Value> {
    let float = |number: f64| match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => "NaN".into(),
        None if number > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    };
    Ok(match value {
        Field::Bool(value) => (*value).into(),
        Field::I32(value) => (*value).into(),
        Field::I64(value) => (*value).into(),
        Field::U32(value) => (*value).into(),
        Field::U64(value) => (*value).into(),
        Field::F32(value) => float((*value).into()),
        Field::F64(value) => float(*value),
        Field::String(value) => value.as_str().into(),
        Field::Bytes(value) => BASE64_STANDARD.encode(value).into(),
        Field::EnumNumber(value) => (*value).into(),
        Field::Message(value) => serde_json::to_value(value)?,
        Field::List(_) | Field::Map(_) => bail!("protobuf has no lists within lists"),
    })
}

/// Expands `@file`, `${NAME}` and `${uuid}` in all strings of a request.
pub(super) fn expand_strings(request: &Value, folder: &Path) -> anyhow::Result<Value> {
    Ok(match request {
        Value::String(text) => Value::String(expand_in_call(text, folder)?),
        Value::Array(items) => {
            let items = items.iter().map(|item| expand_strings(item, folder));
            Value::Array(items.collect::<anyhow::Result<_>>()?)
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| Ok((key.clone(), expand_strings(value, folder)?)));
            Value::Object(fields.collect::<anyhow::Result<_>>()?)
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::shop;

    const SHOP: &str = "
        service Shop { rpc Get(Book) returns (Book); }
        message Book {
            Id id = 1;
            repeated Id others = 2;
            repeated bytes codes = 3;
            int64 number = 4;
            double price = 5;
            Kind kind = 6;
            google.protobuf.Timestamp since = 7;
            google.protobuf.StringValue note = 8;
            repeated float ratings = 9;
            map<string, string> more = 10;
        }
        message Id { string value = 1; }
        enum Kind { KIND_UNSPECIFIED = 0; KIND_PAPER = 1; }
    ";

    fn method(contract: &Contract) -> &Method {
        contract
            .methods()
            .next()
            .expect("the contract has a method")
    }

    #[test]
    fn values_at_the_end_of_a_path_can_be_sent_again() {
        let contract = Contract::decode(&shop(SHOP)).expect("the contract is valid");
        let method = method(&contract);
        let answer = json!({
            "id": {"value": "a"},
            "others": [{"value": "b"}, {}, {"value": "c"}],
            "codes": ["AQ==", ""],
            "number": "-9007199254740993",
            "price": 1.5,
            "kind": "KIND_PAPER",
            "since": "2024-02-29T12:00:00Z",
            "note": "",
            "ratings": ["NaN", "-Infinity", 0],
        });
        let answer = DynamicMessage::deserialize(method.descriptor.output(), answer);
        let answer = answer.expect("the JSON fits the message");
        for (field, expected) in [
            ("id.value", json!(["a"])),
            ("others.value", json!(["b", "c"])),
            ("others", json!([{"value": "b"}, {}, {"value": "c"}])),
            ("codes", json!(["AQ==", ""])),
            ("number", json!([-9_007_199_254_740_993_i64])),
            ("price", json!([1.5])),
            ("kind", json!([1])),
            ("since", json!(["2024-02-29T12:00:00Z"])),
            ("since.seconds", json!([1_709_208_000])),
            ("note", json!([""])),
            ("note.value", json!([])),
            ("ratings", json!(["NaN", "-Infinity", 0.0])),
        ] {
            let mut found = Vec::new();
            let fields = resolve_field_path(method, field).expect("the field exists");
            collect_values(&answer, &fields, &mut found).expect("the value has a JSON form");
            assert_eq!(Value::Array(found.clone()), expected, "{field}");
            if let [last] = fields.as_slice() {
                let value = if last.is_list() {
                    Value::Array(found)
                } else {
                    found.remove(0)
                };
                let request = json!({last.name(): value});
                let request = DynamicMessage::deserialize(method.descriptor.input(), request);
                assert!(request.is_ok(), "{field}: {request:?}");
            }
        }
    }

    #[test]
    fn unknown_field_path_is_refused() {
        let contract = Contract::decode(&shop(SHOP)).expect("the contract is valid");
        for (field, expected) in [
            ("", r#"shop.v1.Book has no field """#),
            (
                "ids",
                r#"shop.v1.Book has no field "ids"; did you mean "id"?"#,
            ),
            (
                "id.valeu",
                r#"shop.v1.Id has no field "valeu"; did you mean "value"?"#,
            ),
            ("number.value", "shop.v1.Book.number has no fields"),
            (
                "more",
                "shop.v1.Book.more is a map, and a path can't choose one of its entries",
            ),
        ] {
            let error =
                resolve_field_path(method(&contract), field).expect_err("the field does not exist");
            assert_eq!(error.to_string(), expected);
        }
    }
}
