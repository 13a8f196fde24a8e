//! Values that name something that exists: written down, or what a call answers.

use std::{collections::BTreeMap, num::NonZeroUsize};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Call;

/// Where the values for a field come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Fixture {
    /// They are written down.
    Values(Vec<Value>),
    /// A call answers them.
    Call {
        /// The call.
        call: Call,
        /// How often it is made for each field that gets the values. More than once is
        /// for what is used up: each time something new is made.
        count: NonZeroUsize,
    },
}

/// What is wrong, and the key that says it, below `fixtures`.
pub(super) type Slip = (String, String);

/// The keys of a call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    call: String,
    request: Option<Value>,
    field: Option<String>,
    count: Option<NonZeroUsize>,
}

/// Fixtures by names. A name without quotes is a table of tables in TOML: those are
/// joined by dots again, so that both ways of writing mean the same.
pub(super) fn read(table: &Map<String, Value>) -> Result<BTreeMap<String, Fixture>, Slip> {
    let mut found = BTreeMap::new();
    collect("", table, &mut found)?;
    Ok(found)
}

fn collect(
    prefix: &str,
    table: &Map<String, Value>,
    found: &mut BTreeMap<String, Fixture>,
) -> Result<(), Slip> {
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
            // The values of a field of the name "call" are a list.
            Value::Object(keys) if keys.get("call").is_some_and(Value::is_string) => {
                let call = called(&name, value)?;
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

fn called(name: &str, value: &Value) -> Result<Fixture, Slip> {
    let keys = Keys::deserialize(value).map_err(|error| {
        let message = error.to_string();
        // What serde says of an unknown key begins with it.
        let key = message.strip_prefix("unknown field `");
        let key = key.and_then(|rest| rest.split('`').next());
        let key = key.map_or(name.to_owned(), |key| format!("{name}.{key}"));
        (key, message)
    })?;
    let Some(field) = keys.field else {
        let message = format!(
            "the fixture {name:?}: call needs field, the place of the value in the response"
        );
        return Err((name.to_owned(), message));
    };
    Ok(Fixture::Call {
        call: Call {
            method: keys.call,
            request: keys.request.unwrap_or(Value::Object(Map::new())),
            field,
        },
        count: keys.count.unwrap_or(NonZeroUsize::MIN),
    })
}
