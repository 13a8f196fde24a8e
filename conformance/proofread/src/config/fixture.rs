//! Values that name something that exists: written down, or what a call answers.

use std::{collections::BTreeMap, num::NonZeroUsize};

use serde_json::{Map, Value};

use super::SetupCall;
use crate::suggest::did_you_mean;

/// Where the values for a field come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Fixture {
    /// They are written down.
    Values(Vec<Value>),
    /// A call answers them.
    Call {
        /// The call.
        call: SetupCall,
        /// How often it is made for each field that gets the values. More than once is
        /// for what is used up: each time something new is made.
        count: NonZeroUsize,
    },
}

/// What is wrong, and the key that says it, below `fixtures`.
pub(super) type FixtureError = (String, String);

/// The keys of a call.
const KEYS: [&str; 4] = ["call", "request", "field", "count"];

/// Fixtures by names. A name without quotes is a table of tables in TOML: those are
/// joined by dots again, so that both ways of writing mean the same.
pub(super) fn parse_fixtures(
    table: &Map<String, Value>,
) -> Result<BTreeMap<String, Fixture>, FixtureError> {
    let mut found = BTreeMap::new();
    collect("", table, &mut found)?;
    Ok(found)
}

fn collect(
    prefix: &str,
    table: &Map<String, Value>,
    found: &mut BTreeMap<String, Fixture>,
) -> Result<(), FixtureError> {
    for (key, value) in table {
        let name = match prefix {
            "" => key.clone(),
            prefix => format!("{prefix}.{key}"),
        };
        match value {
            Value::Array(values) if values.is_empty() => {
                let message = format!("the fixture {name:?} lists no value");
                return Err((name, message));
            }
            Value::Array(values) => {
                found.insert(name, Fixture::Values(values.clone()));
            }
            Value::Object(keys) if is_call(keys) => {
                let call = parse_call(&name, keys)?;
                found.insert(name, call);
            }
            Value::Object(table) => collect(&name, table, found)?,
            other => {
                let message = format!(
                    "the fixture {name:?} is {other}; expected a list, such as [{other}], or call and field"
                );
                return Err((name, message));
            }
        }
    }
    Ok(())
}

/// A field or a package of the name "call" has a list or a table there.
fn is_call(keys: &Map<String, Value>) -> bool {
    let call = keys.get("call");
    call.is_some_and(|call| !call.is_array() && !call.is_object())
}

fn parse_call(name: &str, keys: &Map<String, Value>) -> Result<Fixture, FixtureError> {
    let slip = |key: &str, message: &str| -> FixtureError {
        let message = format!("the fixture {name:?}: {message}");
        (format!("{name}.{key}"), message)
    };
    if let Some(key) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let near = did_you_mean(key, &KEYS);
        return Err((
            format!("{name}.{key}"),
            format!("unknown key {key:?}{near}"),
        ));
    }
    let text = |key: &str| match keys.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(slip(key, &format!("{key} is {other}; expected a string"))),
        None => Err(slip(
            key,
            "call needs field, the place of the value in the response",
        )),
    };
    let (method, field) = (text("call")?, text("field")?);
    let request = match keys.get("request") {
        None => Value::Object(Map::new()),
        Some(request @ Value::Object(_)) => request.clone(),
        Some(other) => {
            let message = format!("request is {other}; expected a table");
            return Err(slip("request", &message));
        }
    };
    let count = match keys.get("count") {
        None => NonZeroUsize::MIN,
        Some(count) => serde_json::from_value(count.clone())
            .map_err(|_| slip("count", &format!("count is {count}; expected 1 or more")))?,
    };
    Ok(Fixture::Call {
        call: SetupCall {
            method,
            request,
            field,
        },
        count,
    })
}
