//! The executor of protovalidate's conformance harness: validates the cases of a suite with
//! the oracle of proofread. The harness starts it once for each suite.

use std::io::{Read, Write};

use anyhow::Context;
use proofread::{contract::Contract, oracle::Oracle};
use prost::Message;
use prost_protovalidate_types::Violations;
use prost_reflect::DynamicMessage;
use prost_types::Any;

use super::harness::{Outcome, Request, Response, TestResult};

/// Executes the cases of one suite.
///
/// # Errors
/// When the request can't be read, or the response can't be written.
pub fn run(mut input: impl Read, mut output: impl Write) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let request = Request::decode(bytes.as_slice())
        .context("standard input is no request of protovalidate-conformance")?;
    let contract = Contract::decode(&request.image);
    let contract = contract.map(|contract| (Oracle::new(&contract), contract));
    let results = request.cases.into_iter().map(|(name, case)| {
        let outcome = match &contract {
            Ok((oracle, contract)) => validate_case(contract, oracle, &case),
            Err(error) => Outcome::UnexpectedError(error.to_string()),
        };
        let outcome = Some(outcome);
        (name, TestResult { outcome })
    });
    let results = results.collect();
    output.write_all(&Response { results }.encode_to_vec())?;
    Ok(())
}

fn validate_case(contract: &Contract, oracle: &Oracle, case: &Any) -> Outcome {
    let name = case.type_url.rsplit('/').next().unwrap_or_default();
    let Some(descriptor) = contract.pool().get_message_by_name(name) else {
        return Outcome::UnexpectedError(format!("the contract has no message {name}"));
    };
    match DynamicMessage::decode(descriptor, case.value.as_slice()) {
        Ok(message) => validate(oracle, &message),
        Err(error) => Outcome::UnexpectedError(error.to_string()),
    }
}

/// What the oracle says about a message.
pub fn validate(oracle: &Oracle, message: &DynamicMessage) -> Outcome {
    match oracle.violation_messages(message) {
        Ok(violations) if violations.is_empty() => Outcome::Success(true),
        Ok(violations) => {
            let violations = violations.into_iter().map(|(_, message)| message).collect();
            Outcome::ValidationError(Violations { violations })
        }
        Err(error) if error.starts_with("compilation error") => Outcome::CompilationError(error),
        Err(error) if error.starts_with("runtime error") => Outcome::RuntimeError(error),
        Err(error) => Outcome::UnexpectedError(error),
    }
}
