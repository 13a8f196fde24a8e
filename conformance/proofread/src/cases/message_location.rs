//! The locations of the messages within a request.

use std::collections::HashMap;

use prost_protovalidate_types::Ignore;
use prost_reflect::{DynamicMessage, MapKey, Value};

use crate::{
    contract::{Contract, Field, Message},
    generator::{MessageGenerator, Pin},
};

/// The maximum nesting depth of a location.
const MAX_DEPTH: usize = 8;

/// The maximum number of locations in a request: the messages of some contracts contain
/// each other in more ways than there is time to test.
pub(crate) const MAX_LOCATIONS: usize = 1_000;

/// The location of a message within a request.
#[derive(Debug, Clone)]
pub(crate) struct MessageLocation<'c> {
    /// The fields that lead to the message, outermost first, each with the message that
    /// declares it.
    parents: Vec<(&'c Message, &'c Field)>,
    /// The message at this location.
    pub(crate) message: &'c Message,
    /// The path for people: `books[].book`; empty for the request itself.
    path: String,
}

/// A request that contains a given message.
pub(crate) struct EmbeddedRequest {
    pub(crate) request: DynamicMessage,
    /// The path of that message in the form of violations: `books[0].book`.
    pub(crate) path: String,
}

/// The locations of all messages within a request, outer ones first. Recursion stops at a
/// message that contains itself, and after [`MAX_LOCATIONS`] locations.
pub(crate) fn locations<'c>(
    contract: &'c Contract,
    request: &'c Message,
) -> Vec<MessageLocation<'c>> {
    let mut found = vec![MessageLocation {
        parents: Vec::new(),
        message: request,
        path: String::new(),
    }];
    let mut next = 0;
    while let Some(location) = found.get(next).cloned() {
        next += 1;
        for field in &location.message.fields {
            let nested = contract.message_in(field);
            let below = nested.and_then(|nested| location.below(field, nested));
            found.extend(below.filter(|_| next < MAX_LOCATIONS));
        }
    }
    found.truncate(MAX_LOCATIONS);
    found
}

/// All message types that a request can contain, including its own.
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

impl<'c> MessageLocation<'c> {
    /// The location of the message in a field of this one; `None` for recursion and beyond
    /// [`MAX_DEPTH`].
    fn below(&self, field: &'c Field, nested: &'c Message) -> Option<Self> {
        let mut enclosing = self.parents.iter().map(|(parent, _)| *parent);
        let is_within = enclosing.any(|parent| parent.full_name == nested.full_name)
            || self.message.full_name == nested.full_name;
        if is_within || self.parents.len() >= MAX_DEPTH {
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

    /// Whether an enclosing field, or the items or values in it, have IGNORE_ALWAYS, so that
    /// no rule applies here.
    pub(crate) fn is_ignored(&self) -> bool {
        let rules = self.parents.iter().map(|(_, field)| field.rules.as_ref());
        let mut levels = rules.flatten().flat_map(|rules| {
            let inside = [&rules.items, &rules.values].into_iter().flatten();
            inside.map(|it| &**it).chain([rules])
        });
        levels.any(|rules| rules.ignore() == Ignore::Always)
    }

    /// The path of a field of the message, for people: `books[].book.title`.
    pub(crate) fn path_of(&self, field: &str) -> String {
        joined(&self.path, field)
    }

    /// The message in words: its path, or "the request".
    pub(crate) fn in_words(&self) -> &str {
        if self.path.is_empty() {
            "the request"
        } else {
            &self.path
        }
    }

    /// The path as part of a case id; `request` for the request itself.
    pub(crate) fn in_id(&self) -> &str {
        if self.path.is_empty() {
            "request"
        } else {
            &self.path
        }
    }

    /// The smallest request with the given message at this location.
    pub(crate) fn embed(
        &self,
        message: DynamicMessage,
        generator: &mut MessageGenerator<'c>,
    ) -> EmbeddedRequest {
        let mut inner = message;
        let mut path = String::new();
        for (parent, field) in self.parents.iter().rev() {
            let (value, subscript) = value_containing(parent, field, inner, generator);
            path = match path.as_str() {
                "" => format!("{}{subscript}", field.name),
                below => format!("{}{subscript}.{below}", field.name),
            };
            let pin = Pin {
                field,
                value: Some(value),
            };
            inner = generator.compose(parent, &[pin]).message;
        }
        EmbeddedRequest {
            request: inner,
            path,
        }
    }
}

impl EmbeddedRequest {
    /// The path of a field of the message in the form of violations: `books[0].book.title`.
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

/// The value of a field that contains a message: the message itself, or the smallest valid
/// list or map with the message as one of its elements. The second result is the index or
/// key: `[0]`.
fn value_containing<'c>(
    parent: &'c Message,
    field: &'c Field,
    message: DynamicMessage,
    generator: &mut MessageGenerator<'c>,
) -> (Value, String) {
    let message = Value::Message(message);
    let pool = generator.pool(parent, field);
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
