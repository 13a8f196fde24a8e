//! Checks the answer to a request that keeps every rule: it must be OK with a valid
//! response, or an error that the method declares.

use prost_reflect::DynamicMessage;

use super::{
    Judge, MethodContract, Mismatch, details::StatusDetails, lenient_decoding::Leniency,
    refused::format_violations,
};
use crate::{
    case::{Case, Payload, Phase, Violation},
    contract::Code,
    finding::FindingKind,
    outcome::Answer,
};

const INVALID_ARGUMENT: Code = Code(3);

/// The greatest size in bytes of a message that clients of gRPC accept by default.
const CLIENT_LIMIT: usize = 4 << 20;

/// The codes that mean a defect of the server, where they are not declared: UNKNOWN,
/// UNIMPLEMENTED, INTERNAL and DATA_LOSS.
const SERVER_DEFECTS: [Code; 4] = [Code(2), Code(12), Code(13), Code(15)];

impl Judge<'_> {
    pub(super) fn check_accepted(
        &self,
        case: &Case,
        contract: &MethodContract<'_>,
        code: Code,
        answer: &Answer,
        status_details: Option<&StatusDetails>,
    ) -> Vec<Mismatch> {
        match code {
            Code(0) => self.check_response(case, contract, answer),
            _ => check_error(contract, code, answer, status_details)
                .into_iter()
                .collect(),
        }
    }

    /// Checks that a unary method answers one message, and that every message decodes and
    /// keeps its rules.
    fn check_response(
        &self,
        case: &Case,
        contract: &MethodContract<'_>,
        answer: &Answer,
    ) -> Vec<Mismatch> {
        let count = answer.messages.len();
        if !contract.method.server_streaming && count != 1 {
            return vec![(
                FindingKind::BadResponse,
                "OK with one message".to_owned(),
                format!("OK with {count} messages"),
            )];
        }
        let leniency = Leniency {
            unverified_texts: &self.features.unvalidated_texts,
            keeps_unknown_fields: case.phase == Phase::Wire && matches!(case.send, Payload::Raw(_)),
        };
        let messages = answer.messages.iter();
        messages
            .filter_map(|message| self.check_message(contract, message, leniency))
            .collect()
    }

    fn check_message(
        &self,
        contract: &MethodContract<'_>,
        bytes: &[u8],
        leniency: Leniency<'_>,
    ) -> Option<Mismatch> {
        if self.is_known_valid(contract, bytes) {
            return None;
        }
        let name = contract.response.full_name();
        if bytes.len() > CLIENT_LIMIT {
            return Some((
                FindingKind::BadResponse,
                format!("a {name} of 4 MiB at most: clients refuse longer messages by default"),
                format!("a message of {} bytes", bytes.len()),
            ));
        }
        let strictly_decoded = DynamicMessage::decode(contract.response.clone(), bytes);
        let is_strictly_valid = strictly_decoded.is_ok();
        let decoded = match strictly_decoded
            .or_else(|error| leniency.decode(bytes, &contract.response).ok_or(error))
        {
            Ok(decoded) => decoded,
            Err(error) => {
                return Some((
                    FindingKind::BadResponse,
                    format!("a {name}"),
                    format!("{} bytes that do not decode: {error}", bytes.len()),
                ));
            }
        };
        // Rules that can't be evaluated are a defect of the contract and are reported
        // when it is loaded. They are no finding about the server.
        if let Some(field) = self.oracle.missing_required_field(&decoded) {
            let expected = format!("a {name} with its required fields");
            let observed = format!("it lacks {field}");
            return Some((FindingKind::BadResponse, expected, observed));
        }
        let broken: Vec<Violation> = self.oracle.violations(&decoded).ok()?.into_iter().collect();
        if broken.is_empty() {
            if is_strictly_valid {
                self.remember_valid(contract, bytes);
            }
            return None;
        }
        Some((
            FindingKind::BadResponse,
            format!("a {name} that keeps its rules"),
            format!("it breaks {}", format_violations(&broken)),
        ))
    }
}

/// Checks whether an error is allowed for a valid request.
fn check_error(
    contract: &MethodContract<'_>,
    code: Code,
    answer: &Answer,
    status_details: Option<&StatusDetails>,
) -> Option<Mismatch> {
    let reason = status_details.and_then(|status_details| status_details.reason.as_deref());
    if contract.may_return(code, reason) {
        return None;
    }
    let observed = super::describe_answer(answer);
    let validation = status_details.is_some_and(|status_details| {
        let listed = status_details.violations.is_some();
        listed || status_details.bad_request.is_some()
    });
    if code == INVALID_ARGUMENT && (validation || (contract.has_rules && reason.is_none())) {
        let expected = "acceptance: the request keeps every rule of the contract".to_owned();
        return Some((FindingKind::ValidRefused, expected, observed));
    }
    if !contract.declares_errors {
        // Where a service declares no errors, all codes but those of defects are allowed.
        return SERVER_DEFECTS.contains(&code).then(|| {
            let expected = "no error code that means a defect of the server".to_owned();
            (FindingKind::UndeclaredError, expected, observed)
        });
    }
    let expected = format!("OK, or a declared error: {}", contract.declared_errors());
    Some((FindingKind::UndeclaredError, expected, observed))
}
