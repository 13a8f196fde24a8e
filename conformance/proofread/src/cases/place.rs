//! Where the messages within a request stand.

use std::collections::HashMap;

use prost_protovalidate_types::Ignore;
use prost_reflect::{DynamicMessage, MapKey, Value};

use crate::{
    contract::{Contract, Field, Message},
    synth::{Pin, Synth},
};

/// How deep messages within messages are entered.
const DEEPEST: usize = 8;

/// In how many places messages are looked at: those of some contracts hold each
/// other in more ways than there is time for.
pub(crate) const MOST: usize = 1_000;

/// A message within a request.
#[derive(Debug, Clone)]
pub(crate) struct Place<'c> {
    /// The fields that lead to it, with the messages that declare them.
    parents: Vec<(&'c Message, &'c Field)>,
    /// The message that stands there.
    pub(crate) message: &'c Message,
    /// The path of it, for people: `books[].book`; empty for the request itself.
    path: String,
}

/// A request with something at a place.
pub(crate) struct Placed {
    pub(crate) request: DynamicMessage,
    /// The path of the message as violations write it: `books[0].book`.
    pub(crate) path: String,
}

/// The messages within a request, outer ones first. A message within itself is not
/// entered again; beyond [`MOST`] of them none is entered.
pub(crate) fn places<'c>(contract: &'c Contract, request: &'c Message) -> Vec<Place<'c>> {
    let mut found = vec![Place {
        parents: Vec::new(),
        message: request,
        path: String::new(),
    }];
    let mut next = 0;
    while let Some(place) = found.get(next).cloned() {
        next += 1;
        for field in &place.message.fields {
            let nested = contract.message_in(field);
            let below = nested.and_then(|nested| place.below(field, nested));
            found.extend(below.filter(|_| next < MOST));
        }
    }
    found.truncate(MOST);
    found
}

/// All messages that a request can hold, itself among them.
pub(crate) fn reachable<'c>(contract: &'c Contract, request: &'c Message) -> Vec<&'c Message> {
    let mut found = vec![request];
    let mut next = 0;
    while let Some(message) = found.get(next).copied() {
        next += 1;
        for nested in message
            .fields
            .iter()
            .filter_map(|field| contract.message_in(field))
        {
            if !found.iter().any(|it| it.full_name == nested.full_name) {
                found.push(nested);
            }
        }
    }
    found
}

impl<'c> Place<'c> {
    /// The message that a field of this one holds.
    fn below(&self, field: &'c Field, nested: &'c Message) -> Option<Self> {
        let mut around = self.parents.iter().map(|(parent, _)| *parent);
        let is_within = around.any(|parent| parent.full_name == nested.full_name)
            || self.message.full_name == nested.full_name;
        if is_within || self.parents.len() >= DEEPEST {
            return None;
        }
        let brackets = match &field.descriptor {
            it if it.is_map() => "{}",
            it if it.is_list() => "[]",
            _ => "",
        };
        let mut parents = self.parents.clone();
        parents.push((self.message, field));
        Some(Self {
            parents,
            message: nested,
            path: format!("{}{brackets}", self.path_of(&field.name)),
        })
    }

    /// Whether a field around it is to be ignored, and so everything in it.
    pub(crate) fn is_ignored(&self) -> bool {
        let rules = self.parents.iter().map(|(_, field)| field.rules.as_ref());
        let mut rules = rules.flatten();
        rules.any(|rules| rules.ignore() == Ignore::Always)
    }

    /// The path of a field of the message, for people: `books[].book.title`.
    pub(crate) fn path_of(&self, field: &str) -> String {
        joined(&self.path, field)
    }

    /// How the message is called in words: its path, or "the request".
    pub(crate) fn in_words(&self) -> &str {
        if self.path.is_empty() {
            "the request"
        } else {
            &self.path
        }
    }

    /// The path as part of an id.
    pub(crate) fn in_id(&self) -> &str {
        if self.path.is_empty() {
            "request"
        } else {
            &self.path
        }
    }

    /// A request with this message here, and everything around it as small as it
    /// may be.
    pub(crate) fn put(&self, message: DynamicMessage, synth: &mut Synth<'c>) -> Placed {
        let mut inner = message;
        let mut path = String::new();
        for (parent, field) in self.parents.iter().rev() {
            let (value, subscript) = around(parent, field, inner, synth);
            path = match path.as_str() {
                "" => format!("{}{subscript}", field.name),
                below => format!("{}{subscript}.{below}", field.name),
            };
            let pin = Pin {
                field,
                value: Some(value),
            };
            inner = synth.compose(parent, &[pin]).message;
        }
        Placed {
            request: inner,
            path,
        }
    }
}

impl Placed {
    /// The path of a field of the message as violations write it.
    pub(crate) fn path_of(&self, field: &str) -> String {
        joined(&self.path, field)
    }
}

fn joined(path: &str, field: &str) -> String {
    match path {
        "" => field.to_owned(),
        path => format!("{path}.{field}"),
    }
}

/// The value of a field that holds a message: itself, or as the first one of as
/// many as there must be.
fn around<'c>(
    parent: &'c Message,
    field: &'c Field,
    message: DynamicMessage,
    synth: &mut Synth<'c>,
) -> (Value, String) {
    let message = Value::Message(message);
    let pool = synth.pool(parent, field);
    let usual = pool.smallest_set().and_then(|it| it.value.clone());
    if let Some(key_kind) = field.key_kind() {
        let mut pairs = match usual {
            Some(Value::Map(pairs)) => pairs,
            _ => HashMap::new(),
        };
        let key = pairs.keys().min().cloned();
        let key = key.unwrap_or_else(|| MapKey::default_value(&key_kind));
        let subscript = subscript(&key);
        pairs.insert(key, message);
        return (Value::Map(pairs), subscript);
    }
    if field.descriptor.is_list() {
        let mut items = match usual {
            Some(Value::List(items)) => items,
            _ => Vec::new(),
        };
        match items.first_mut() {
            Some(first) => *first = message,
            None => items.push(message),
        }
        return (Value::List(items), "[0]".to_owned());
    }
    (message, String::new())
}

fn subscript(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => format!("[{key}]"),
        MapKey::I32(key) => format!("[{key}]"),
        MapKey::I64(key) => format!("[{key}]"),
        MapKey::U32(key) => format!("[{key}]"),
        MapKey::U64(key) => format!("[{key}]"),
        MapKey::String(key) => format!("[{}]", serde_json::Value::from(key.as_str())),
    }
}
