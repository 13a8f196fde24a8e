//! Makes one JSON message of the path, the query and the body of a request.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};
use tonic::Status;

use super::{
    rule::{Rule, RuleBody},
    template::Captured,
};
use crate::connect::query;

/// A request that a rule has matched.
#[derive(Debug, Clone)]
pub(in crate::connect) struct RestRequest {
    pub(super) body: RuleBody,
    pub(super) captured: Vec<Captured>,
    pub(super) query: String,
}

impl RestRequest {
    pub(super) fn new(rule: &Rule, captured: Vec<Captured>, query: &str) -> Self {
        Self {
            body: rule.body.clone(),
            captured,
            query: query.to_owned(),
        }
    }

    /// The message of the call, in its JSON form. Values of the path win over those of the body.
    pub(in crate::connect) fn to_json(
        &self,
        message: &MessageDescriptor,
        body: &[u8],
    ) -> Result<Value, Status> {
        let mut fields = match &self.body {
            RuleBody::Empty if body.is_empty() => Map::new(),
            RuleBody::Empty => {
                return Err(Status::invalid_argument(
                    "this request has no body: send the fields in the query",
                ));
            }
            // As people call a method without fields.
            RuleBody::All if body.is_empty() => Map::new(),
            RuleBody::All => match parse(message, body)? {
                Value::Object(fields) => fields,
                _ => return Err(Status::invalid_argument("the body is not a JSON object")),
            },
            RuleBody::Field(field) => {
                let value = parse(message, body)?;
                Map::from_iter([(field.clone(), value)])
            }
        };
        for (name, value) in self.query_parameters()? {
            if self.body == RuleBody::All {
                return Err(Status::invalid_argument(format!(
                    "the query has the field {name:?}: send it in the body"
                )));
            }
            insert(message, &mut fields, &name, value)?;
        }
        for (name, value) in &self.captured {
            remove_other_spelling(message, &mut fields, name);
            insert(message, &mut fields, name, value.clone())?;
        }
        Ok(Value::Object(fields))
    }

    fn query_parameters(&self) -> Result<Vec<(String, String)>, Status> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let text = |text| String::from_utf8(query::decode(text));
                match (text(name), text(value)) {
                    (Ok(name), Ok(value)) => Ok((name, value)),
                    _ => Err(Status::invalid_argument("the query is not UTF-8")),
                }
            })
            .collect()
    }
}

fn parse(message: &MessageDescriptor, body: &[u8]) -> Result<Value, Status> {
    serde_json::from_slice(body).map_err(|error| {
        let name = message.name();
        Status::invalid_argument(format!("the JSON of {name} cannot be read: {error}"))
    })
}

/// Sets the field with a path such as `profile.name` to the value that a text stands for.
fn insert(
    message: &MessageDescriptor,
    fields: &mut Map<String, Value>,
    path: &str,
    text: String,
) -> Result<(), Status> {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let field = field(message, name).ok_or_else(|| unknown(message, name))?;
    let (key, kind) = (field.json_name(), field.kind());
    if field.is_map() {
        return Err(unknown(message, path));
    }
    if !rest.is_empty() {
        let (Kind::Message(inner), false) = (kind, field.is_list()) else {
            return Err(unknown(message, path));
        };
        let entry = fields.entry(key).or_insert_with(|| Map::new().into());
        let Value::Object(inner_fields) = entry else {
            return Err(unknown(message, path));
        };
        return insert(&inner, inner_fields, rest, text);
    }
    let value = value(&kind, text);
    if !field.is_list() {
        if fields.insert(key.to_owned(), value).is_some() {
            return Err(Status::invalid_argument(format!(
                "the field {name:?} has more than one value"
            )));
        }
        return Ok(());
    }
    match fields
        .entry(key)
        .or_insert_with(|| Value::Array(Vec::new()))
    {
        Value::Array(values) => values.push(value),
        _ => return Err(unknown(message, path)),
    }
    Ok(())
}

/// The JSON value that a text stands for; the JSON mapping reads numbers, durations and times
/// from strings.
fn value(kind: &Kind, text: String) -> Value {
    match (kind, text.as_str()) {
        (Kind::Bool, "true") => true.into(),
        (Kind::Bool, "false") => false.into(),
        (Kind::Enum(_), number) => match number.parse::<i32>() {
            Ok(number) => number.into(),
            Err(_) => text.into(),
        },
        _ => text.into(),
    }
}

/// A field may be spelled in two ways, and the path has one of them.
fn remove_other_spelling(message: &MessageDescriptor, fields: &mut Map<String, Value>, name: &str) {
    if let Some(field) = field(message, name) {
        fields.remove(field.name());
        fields.remove(field.json_name());
    }
}

fn field(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    let by_json_name = message.get_field_by_json_name(name);
    by_json_name.or_else(|| message.get_field_by_name(name))
}

fn unknown(message: &MessageDescriptor, name: &str) -> Status {
    let name: String = name.chars().take(100).collect();
    Status::invalid_argument(format!(
        "{} has no field {name:?} that a query can set",
        message.name()
    ))
}
