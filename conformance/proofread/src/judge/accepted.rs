//! The answer to a request that keeps every rule: OK with a response that keeps its
//! own, or an error that the method declares.

use prost_reflect::DynamicMessage;

use super::{Judge, Known, Wrong, details::Read, refused::list};
use crate::{case::Violation, contract::Code, finding::FindingKind, outcome::Answer};

const INVALID_ARGUMENT: Code = Code(3);

/// The codes that say "a defect of the server" wherever they come from.
const DEFECTS: [Code; 3] = [Code(2), Code(13), Code(15)];

impl Judge<'_> {
    pub(super) fn accepted(
        &self,
        known: &Known<'_>,
        code: Code,
        answer: &Answer,
        read: Option<&Read>,
    ) -> Vec<Wrong> {
        match code {
            Code(0) => self.response(known, answer),
            _ => error(known, code, answer, read).into_iter().collect(),
        }
    }

    /// One message, where the method answers one, that decodes and keeps its rules.
    fn response(&self, known: &Known<'_>, answer: &Answer) -> Vec<Wrong> {
        let count = answer.messages.len();
        if !known.method.server_streaming && count != 1 {
            return vec![(
                FindingKind::BadResponse,
                "OK with one message".to_owned(),
                format!("OK with {count} messages"),
            )];
        }
        let messages = answer.messages.iter();
        messages
            .filter_map(|message| self.response_message(known, message))
            .collect()
    }

    fn response_message(&self, known: &Known<'_>, bytes: &[u8]) -> Option<Wrong> {
        if self.is_known_good(known, bytes) {
            return None;
        }
        let name = known.response.full_name();
        let decoded = match DynamicMessage::decode(known.response.clone(), bytes) {
            Ok(decoded) => decoded,
            Err(error) => {
                return Some((
                    FindingKind::BadResponse,
                    format!("a {name}"),
                    format!("{} bytes that are none: {error}", bytes.len()),
                ));
            }
        };
        // Rules that can't be evaluated are a defect of the contract, which the
        // reading of it reports; the server is not to blame.
        let broken: Vec<Violation> = self.oracle.violations(&decoded).ok()?.into_iter().collect();
        if broken.is_empty() {
            self.remember_good(known, bytes);
            return None;
        }
        Some((
            FindingKind::BadResponse,
            format!("a {name} that keeps its rules"),
            format!("it breaks {}", list(&broken)),
        ))
    }
}

/// Whether an error may come back for a valid request.
fn error(known: &Known<'_>, code: Code, answer: &Answer, read: Option<&Read>) -> Option<Wrong> {
    let reason = read.and_then(|read| read.reason.as_deref());
    if known.may_return(code, reason) {
        return None;
    }
    let observed = super::describe_answer(answer);
    let validation = read.is_some_and(|read| {
        let listed = read.violations.is_some();
        listed || read.bad_request.is_some()
    });
    if code == INVALID_ARGUMENT && (validation || (known.ruled && reason.is_none())) {
        let expected = "acceptance: the request keeps every rule of the contract".to_owned();
        return Some((FindingKind::ValidRefused, expected, observed));
    }
    if !known.declares {
        // A contract that says nothing of errors allows all that are not defects.
        return DEFECTS.contains(&code).then(|| {
            let expected = "no error that means a defect of the server".to_owned();
            (FindingKind::UndeclaredError, expected, observed)
        });
    }
    let expected = format!("OK, or a declared error: {}", known.declared());
    Some((FindingKind::UndeclaredError, expected, observed))
}
