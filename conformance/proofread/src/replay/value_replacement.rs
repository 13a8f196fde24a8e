//! Replaces fixture values in recorded requests. Values that calls returned before the
//! run may be used up, or unknown to a restarted server; a request with such a value
//! would fail for another reason than the recorded one.

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use crate::{
    cases::Fixtures,
    contract::{Contract, Method},
    probe::frame,
};

/// New values for recorded ones.
#[derive(Debug, Default)]
pub struct ValueReplacements {
    /// The full name of a field, the recorded value, and the new one.
    values: Vec<(String, Value, Value)>,
}

impl ValueReplacements {
    /// Pairs the old values of each field with the new ones in their order. If there are
    /// fewer new values, they are used several times.
    pub fn new(contract: &Contract, old: &Fixtures, new: &Fixtures) -> Self {
        let mut values = Vec::new();
        for field in contract.messages().flat_map(|message| &message.fields) {
            if !old.fields.contains_key(&field.full_name) {
                continue;
            }
            let flat = |fixtures: &Fixtures| -> Vec<Value> {
                let values = fixtures.values(field).into_iter();
                values.flat_map(items).collect()
            };
            let (olds, news) = (flat(old), flat(new));
            let pairs = olds.into_iter().zip(news.iter().cycle());
            values.extend(pairs.map(|(old, new)| (field.full_name.clone(), old, new.clone())));
        }
        Self { values }
    }

    /// The body of a call with the new values. Where the body is not a sequence of valid
    /// messages, only strings of the same length are replaced, so that the invalid bytes
    /// around them stay the same.
    pub fn apply(&self, method: &Method, body: &[u8]) -> Vec<u8> {
        if self.values.is_empty() {
            return body.to_vec();
        }
        match messages(&method.descriptor.input(), body) {
            Some(messages) => messages
                .into_iter()
                .flat_map(|mut message| {
                    self.replace(&mut message);
                    frame(0, &message.encode_to_vec())
                })
                .collect(),
            None => self.replace_in_bytes(body),
        }
    }

    fn replace(&self, message: &mut DynamicMessage) {
        let set: Vec<_> = message.fields().map(|(field, _)| field).collect();
        for field in set {
            let here = self.values.iter();
            let here: Vec<_> = here
                .filter(|(name, ..)| name == field.full_name())
                .collect();
            self.replace_value(message.get_field_mut(&field), &here);
        }
    }

    fn replace_value(&self, value: &mut Value, here: &[&(String, Value, Value)]) {
        if let Some((.., new)) = here.iter().find(|(_, old, _)| old == value) {
            *value = new.clone();
            return;
        }
        match value {
            Value::Message(nested) => self.replace(nested),
            Value::List(items) => items.iter_mut().for_each(|it| self.replace_value(it, here)),
            Value::Map(pairs) => pairs
                .values_mut()
                .for_each(|it| self.replace_value(it, here)),
            _ => {}
        }
    }

    fn replace_in_bytes(&self, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        let texts = self.values.iter().filter_map(|(_, old, new)| {
            let (old, new) = (old.as_str()?.as_bytes(), new.as_str()?.as_bytes());
            (old.len() == new.len() && !old.is_empty()).then_some((old, new))
        });
        for (old, new) in texts {
            let mut at = 0;
            while let Some(window) = body.get_mut(at..at + old.len()) {
                if window == old {
                    window.copy_from_slice(new);
                    at += old.len();
                } else {
                    at += 1;
                }
            }
        }
        body
    }
}

fn items(value: Value) -> Vec<Value> {
    match value {
        Value::List(items) => items,
        single => vec![single],
    }
}

/// The messages of a body; `None` where encoding them again does not give the same bytes.
fn messages(kind: &MessageDescriptor, body: &[u8]) -> Option<Vec<DynamicMessage>> {
    let mut found = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (head, after) = rest.split_at_checked(5)?;
        let length = u32::from_be_bytes(head[1..].try_into().ok()?);
        let (bytes, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
        let message = DynamicMessage::decode(kind.clone(), bytes).ok()?;
        if head[0] != 0 || message.encode_to_vec() != bytes {
            return None;
        }
        found.push(message);
        rest = after;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::testing::shop;

    const SHOP: &str = "
        service Shop { rpc Put(PutRequest) returns (PutRequest); }
        message PutRequest { string id = 1; repeated int32 books = 2; repeated Line lines = 3; string note = 4; }
        message Line { string id = 1; }
    ";

    fn fixtures(fields: &[(&str, Json)]) -> Fixtures {
        let fields = fields.iter().map(|(name, values)| {
            let values = values.as_array().expect("a list").clone();
            (format!("shop.v1.{name}"), values)
        });
        Fixtures {
            fields: fields.collect(),
        }
    }

    fn replaced(contract: &Contract, body: &[u8]) -> Vec<u8> {
        let old = fixtures(&[
            ("PutRequest.id", json!(["old-1", "old-2"])),
            ("PutRequest.books", json!([1, [2, 3]])),
            ("Line.id", json!(["old-3"])),
        ]);
        let new = fixtures(&[
            ("PutRequest.id", json!(["new-1"])),
            ("PutRequest.books", json!([11, 12, 13])),
            ("Line.id", json!(["a longer one"])),
        ]);
        let method = contract.methods().next().expect("a method");
        ValueReplacements::new(contract, &old, &new).apply(method, body)
    }

    fn framed(contract: &Contract, json: &Json) -> Vec<u8> {
        let method = contract.methods().next().expect("a method");
        let message = DynamicMessage::deserialize(method.descriptor.input(), json);
        frame(0, &message.expect("it is one").encode_to_vec())
    }

    #[test]
    fn recorded_values_are_replaced_in_every_field_that_has_them() {
        let contract = Contract::decode(&shop(SHOP)).expect("a contract");
        let sent = |json: Json| framed(&contract, &json);
        let old = sent(
            json!({"id": "old-2", "books": [3, 4, 1], "lines": [{"id": "old-3"}], "note": "old-1"}),
        );
        let new = sent(
            json!({"id": "new-1", "books": [13, 4, 11], "lines": [{"id": "a longer one"}], "note": "old-1"}),
        );
        assert_eq!(replaced(&contract, &old), new);
        // All messages of a stream.
        assert_eq!(
            replaced(&contract, &[old.clone(), old].concat()),
            [new.clone(), new].concat()
        );
        let other = sent(json!({"id": "made up", "lines": [{"id": "old-1"}]}));
        assert_eq!(replaced(&contract, &other), other);
    }

    #[test]
    fn body_that_is_no_message_keeps_its_length() {
        let contract = Contract::decode(&shop(SHOP)).expect("a contract");
        let invalid = |id: &str| {
            let mut bytes = framed(&contract, &json!({"id": id, "note": "old-3"}));
            bytes[0] = 1;
            bytes.extend([0xff, 0xff]);
            bytes
        };
        assert_eq!(replaced(&contract, &invalid("old-1")), invalid("new-1"));
    }
}
