//! Shrinking: reduces a failing request to a small one that still fails.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, MapKey, Value};

use crate::{
    case::{Case, Expect, Payload},
    oracle::Oracle,
};

/// The maximum number of requests that are sent.
const MAX_REQUESTS: usize = 400;

/// The smallest request found that still fails. The oracle evaluates each smaller request,
/// and its expected answer must be of the same kind as the original one: a valid request
/// stays valid, an invalid one invalid. Raw bytes are not shrunk.
pub async fn shrink(
    oracle: &Oracle,
    case: &Case,
    mut fails: impl AsyncFnMut(&Case) -> bool,
) -> Case {
    let mut best = case.clone();
    let mut sent = 0;
    'smaller: loop {
        let Payload::Messages(messages) = &best.send else {
            return best;
        };
        for messages in simpler_streams(messages) {
            let Some(expect) = expectation(oracle, &messages, &best.expect) else {
                continue;
            };
            if sent >= MAX_REQUESTS {
                return best;
            }
            sent += 1;
            let smaller = Case {
                send: Payload::Messages(messages),
                expect,
                ..best.clone()
            };
            if fails(&smaller).await {
                best = smaller;
                continue 'smaller;
            }
        }
        return best;
    }
}

/// The answer expected for these messages; `None` if it is not of the same kind as `like`.
fn expectation(oracle: &Oracle, messages: &[DynamicMessage], like: &Expect) -> Option<Expect> {
    let expect = oracle.expectation(messages).ok()?;
    match (like, &expect) {
        (Expect::Accepted, Expect::Accepted) | (Expect::Refused(_), Expect::Refused(_)) => {
            Some(expect)
        }
        _ => None,
    }
}

fn simpler_streams(messages: &[DynamicMessage]) -> Vec<Vec<DynamicMessage>> {
    let mut simpler = Vec::new();
    if messages.len() > 1 {
        for at in 0..messages.len() {
            let mut fewer = messages.to_vec();
            fewer.remove(at);
            simpler.push(fewer);
        }
    }
    for (at, message) in messages.iter().enumerate() {
        for smaller in simpler_messages(message) {
            let mut changed = messages.to_vec();
            changed[at] = smaller;
            simpler.push(changed);
        }
    }
    simpler
}

/// Copies of a message with one field cleared or simplified, the largest steps first.
fn simpler_messages(message: &DynamicMessage) -> Vec<DynamicMessage> {
    let mut simpler = Vec::new();
    for (field, _) in message.fields() {
        let mut without = message.clone();
        without.clear_field(&field);
        simpler.push(without);
    }
    for (field, value) in message.fields() {
        for smaller in simpler_values(value) {
            let mut changed = message.clone();
            if changed.try_set_field(&field, smaller).is_ok() && changed != *message {
                simpler.push(changed);
            }
        }
    }
    simpler
}

fn simpler_values(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(true) => vec![Value::Bool(false)],
        Value::Bool(false) => Vec::new(),
        Value::I32(number) => {
            simpler_integers((*number).into(), |it| it.try_into().ok().map(Value::I32))
        }
        Value::I64(number) => {
            simpler_integers((*number).into(), |it| it.try_into().ok().map(Value::I64))
        }
        Value::U32(number) => {
            simpler_integers((*number).into(), |it| it.try_into().ok().map(Value::U32))
        }
        Value::U64(number) => {
            simpler_integers((*number).into(), |it| it.try_into().ok().map(Value::U64))
        }
        Value::EnumNumber(number) => simpler_integers((*number).into(), |it| {
            it.try_into().ok().map(Value::EnumNumber)
        }),
        Value::F32(number) => simpler_floats((*number).into(), |it| Value::F32(it as f32)),
        Value::F64(number) => simpler_floats(*number, Value::F64),
        Value::String(text) => simpler_strings(text)
            .into_iter()
            .map(Value::String)
            .collect(),
        Value::Bytes(bytes) => {
            let halves = [0, bytes.len() / 2, bytes.len().saturating_sub(1)];
            let shorter = halves.iter().filter(|length| **length < bytes.len());
            shorter
                .map(|length| Value::Bytes(bytes.slice(..*length)))
                .collect()
        }
        Value::Message(message) => {
            let simpler = simpler_messages(message).into_iter();
            simpler.map(Value::Message).collect()
        }
        Value::List(items) => simpler_lists(items),
        Value::Map(pairs) => simpler_maps(pairs),
    }
}

/// Numbers between zero and this one, in ever smaller steps towards it: repeated shrinking
/// ends at the boundary where the failure begins.
fn simpler_integers(number: i128, value: impl Fn(i128) -> Option<Value>) -> Vec<Value> {
    let toward = number.signum();
    let steps = [
        0,
        toward,
        number / 2,
        number - number / 4,
        number - number / 16,
        number - toward,
    ];
    let mut steps: Vec<i128> = steps
        .into_iter()
        .filter(|it| it.abs() < number.abs())
        .collect();
    steps.dedup();
    steps.into_iter().filter_map(value).collect()
}

fn simpler_floats(number: f64, value: impl Fn(f64) -> Value) -> Vec<Value> {
    let steps = [0.0, number.signum(), number.trunc(), (number / 2.0).trunc()];
    let smaller = |it: &f64| it.abs() < number.abs() || (!number.is_finite() && *it == 0.0);
    steps.into_iter().filter(smaller).map(value).collect()
}

fn simpler_strings(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let count = characters.len();
    let mut simpler: Vec<String> = [0, count / 2, count - count / 8, count.saturating_sub(1)]
        .iter()
        .filter(|length| **length < count)
        .map(|length| characters[..*length].iter().collect())
        .collect();
    simpler.extend((count > 1).then(|| characters[1..].iter().collect()));
    let plain: String = characters
        .iter()
        .map(|it| if it.is_ascii_alphanumeric() { *it } else { 'a' })
        .collect();
    let same = "a".repeat(count);
    simpler.extend([same, plain].into_iter().filter(|it| is_plainer(it, text)));
    simpler
}

/// Whether a string with replaced characters is plainer than the old one. Without this
/// check two strings could alternate for ever.
fn is_plainer(new: &str, old: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|it| *it == 'a').count();
    plain(new) > plain(old)
}

fn simpler_lists(items: &[Value]) -> Vec<Value> {
    let count = items.len();
    let mut simpler: Vec<Vec<Value>> = [count / 2, count - count / 4]
        .iter()
        .filter(|length| **length < count && **length > 0)
        .map(|length| items[..*length].to_vec())
        .collect();
    for at in 0..count.min(20) {
        let mut fewer = items.to_vec();
        fewer.remove(count - 1 - at);
        simpler.push(fewer);
    }
    for at in 0..count.min(20) {
        for smaller in simpler_values(&items[at]) {
            let mut changed = items.to_vec();
            changed[at] = smaller;
            simpler.push(changed);
        }
    }
    simpler.into_iter().map(Value::List).collect()
}

fn simpler_maps(pairs: &HashMap<MapKey, Value>) -> Vec<Value> {
    let mut keys: Vec<&MapKey> = pairs.keys().collect();
    keys.sort();
    let mut simpler = Vec::new();
    for key in &keys {
        let mut fewer = pairs.clone();
        fewer.remove(key);
        simpler.push(fewer);
    }
    for key in &keys {
        for smaller in simpler_values(&pairs[key]) {
            let mut changed = pairs.clone();
            changed.insert((*key).clone(), smaller);
            simpler.push(changed);
        }
    }
    simpler.into_iter().map(Value::Map).collect()
}
