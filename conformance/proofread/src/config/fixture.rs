//! Fixtures: values that refer to existing data, as literals or from the response of a
//! call.

use std::{collections::BTreeMap, num::NonZeroUsize};

use serde_json::{Map, Value};

use super::SetupCall;
use crate::suggest::did_you_mean;

/// The source of the values for a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Fixture {
    /// Literal values.
    Values(Vec<Value>),
    /// The values in the response of a call.
    Call {
        /// The call.
        call: SetupCall,
        /// How often the call is made for each field. A count above 1 provides several
        /// values, for data that a request uses up.
        count: NonZeroUsize,
    },
}

/// The key below `fixtures` and the error message.
pub(super) type FixtureError = (String, String);

/// The keys of a fixture that is a call.
const CALL_KEYS: [&str; 4] = ["call", "request", "field", "count"];

/// Parses the `fixtures` table. In TOML `shop.v1.Id.value = [1]` without quotes makes nested
/// tables; their names are joined by dots again, so that quotes are optional.
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

/// Whether a table is a call. If `call` holds a list or a table, it is instead the name of
/// a field or a package.
fn is_call(keys: &Map<String, Value>) -> bool {
    let call = keys.get("call");
    call.is_some_and(|call| !call.is_array() && !call.is_object())
}

fn parse_call(name: &str, keys: &Map<String, Value>) -> Result<Fixture, FixtureError> {
    let error = |key: &str, message: &str| -> FixtureError {
        let message = format!("the fixture {name:?}: {message}");
        (format!("{name}.{key}"), message)
    };
    if let Some(key) = keys.keys().find(|key| !CALL_KEYS.contains(&key.as_str())) {
        let suggestion = did_you_mean(key, &CALL_KEYS);
        return Err((
            format!("{name}.{key}"),
            format!("unknown key {key:?}{suggestion}"),
        ));
    }
    let text = |key: &str| match keys.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(error(key, &format!("{key} is {other}; expected a string"))),
        None => Err(error(
            key,
            "call needs field, the path of the value in the response",
        )),
    };
    let (method, field) = (text("call")?, text("field")?);
    let request = match keys.get("request") {
        None => Value::Object(Map::new()),
        Some(request @ Value::Object(_)) => request.clone(),
        Some(other) => {
            let message = format!("request is {other}; expected a table");
            return Err(error("request", &message));
        }
    };
    let count = match keys.get("count") {
        None => NonZeroUsize::MIN,
        Some(count) => serde_json::from_value(count.clone())
            .map_err(|_| error("count", &format!("count is {count}; expected 1 or more")))?,
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
