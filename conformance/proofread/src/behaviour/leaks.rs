//! Leaks: what one call contains must not appear in the answers to others, and no answer
//! repeats the credential of the call.
//!
//! The text that is looked for is in a request that the server refuses, or in one that only
//! reads, so that it can't be stored and returned rightly.

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage, Value};
use rand::random;

use super::{Claim, Context, ScenarioResults, ServedMethod};
use crate::{case::Expect, outcome::Outcome};

/// The metadata that carries the text too.
const HEADER: &str = "x-proofread-text";

/// Shorter credentials may be part of an answer by chance.
const MIN_CREDENTIAL: usize = 8;

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    if method.client_streaming {
        return;
    }
    let text = format!("pr{:012x}", random::<u64>() >> 16);
    let marked = marked_request(context, served, &text);
    let request = marked.as_ref().unwrap_or(&served.valid[0]);
    let is_marked = marked.is_some() || served.is_read();
    let others = served
        .valid
        .iter()
        .take(2)
        .chain(served.refused.iter().take(2));
    let mut leaked = None;
    let mut repeated = None;
    for other in others {
        if is_marked {
            let header = [(HEADER, text.as_bytes())];
            let _ = context.call_with(method, request, &header).await;
        }
        let outcome = context.call(method, other).await;
        let parts = readable_parts(&outcome);
        if is_marked && leaked.is_none() {
            leaked = part_with(&parts, text.as_bytes()).map(|part| (other, part));
        }
        if repeated.is_none() {
            let credentials = context.probe.secrets_of(&method.path).into_iter();
            let mut credentials = credentials.filter(|it| it.len() >= MIN_CREDENTIAL);
            let part = credentials.find_map(|credential| part_with(&parts, &credential));
            repeated = part.map(|part| (other, part));
        }
    }
    if is_marked {
        let sent = leaked.as_ref().map_or(request, |(other, _)| other);
        let claim = Claim::of(
            method,
            "leaks/request",
            "a request after another one with a text that occurs nowhere else",
            sent,
        );
        let mismatch = leaked.as_ref().map(|(_, part)| {
            let expected = "answers without the text of the other call".to_owned();
            (expected, format!("the text {text:?} in {part}"))
        });
        results.claim(claim, mismatch);
    }
    let sent = repeated.as_ref().map_or(request, |(other, _)| other);
    let claim = Claim::of(
        method,
        "leaks/credential",
        "a request with a credential",
        sent,
    );
    let mismatch = repeated.as_ref().map(|(_, part)| {
        let expected = "an answer that does not repeat the credential of the call".to_owned();
        (expected, format!("the credential in {part}"))
    });
    results.claim(claim, mismatch);
}

/// A request with the text in one of its fields. If the method may store it, the request is
/// one that breaks rules.
fn marked_request(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    text: &str,
) -> Option<DynamicMessage> {
    let requests = served.refused.iter().chain(&served.valid);
    let mut marked = requests.flat_map(|request| {
        let is_text = |field: &FieldDescriptor| {
            matches!(field.kind(), Kind::String) && !field.is_list() && !field.is_map()
        };
        let fields: Vec<FieldDescriptor> = request.descriptor().fields().filter(is_text).collect();
        fields.into_iter().map(move |field| {
            let mut request = request.clone();
            request.set_field(&field, Value::String(text.to_owned()));
            request
        })
    });
    marked.find(|request| match context.oracle.expectation([request]) {
        Ok(Expect::Refused(_)) => true,
        Ok(Expect::Accepted) => served.is_read(),
        _ => false,
    })
}

/// The parts of an answer in which text can be found, each with its name.
fn readable_parts(outcome: &Outcome) -> Vec<(String, Vec<u8>)> {
    let Outcome::Answered(answer) = outcome else {
        return Vec::new();
    };
    let fields = answer.headers.iter().chain(&answer.trailers);
    let fields = fields.map(|(name, value)| {
        let binary = name.ends_with("-bin").then(|| {
            let padded = String::from_utf8_lossy(value);
            let unpadded = padded.trim_end_matches('=');
            let missing = (4 - unpadded.len() % 4) % 4;
            BASE64_STANDARD.decode(format!("{unpadded}{}", "=".repeat(missing)))
        });
        let value = match binary {
            Some(decoded) => decoded.unwrap_or_default(),
            None => percent_decode(value).collect(),
        };
        (format!("the metadata {name}"), value)
    });
    let messages = answer.messages.iter();
    let messages = messages.map(|message| ("a message".to_owned(), message.to_vec()));
    fields.chain(messages).collect()
}

fn part_with(parts: &[(String, Vec<u8>)], text: &[u8]) -> Option<String> {
    let mut found = parts.iter().filter(|(_, value)| {
        let mut windows = value.windows(text.len());
        windows.any(|window| window == text)
    });
    found.next().map(|(name, _)| name.clone())
}
