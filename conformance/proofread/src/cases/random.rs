//! Random cases: requests that mostly keep the rules, and some with a few violations.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{Fixtures, multiple_violations};
use crate::{
    case::{Case, Expect, Payload, Phase, RuleTarget, Side, Violation},
    contract::{Contract, Message, Method},
    coverage,
    generator::{LARGE_VALUE_BYTES, MessageGenerator, hash, set_field},
    oracle::{Oracle, OracleViolation},
};

/// The nesting depth up to which messages are filled with random values.
const DEPTH: usize = 4;

/// The maximum size of a message in bytes. It is small because there are many cases.
const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// The number of attempts to generate a case.
const ATTEMPTS: usize = 100;

/// An endless iterator over random cases of a method.
pub struct RandomCases<'c> {
    generator: MessageGenerator<'c>,
    request: Option<&'c Message>,
    path: String,
    client_streaming: bool,
    seed: u64,
    count: u64,
    rng: StdRng,
}

impl<'c> RandomCases<'c> {
    /// Starts a sequence of cases; the same seed gives the same sequence.
    pub fn new(
        contract: &'c Contract,
        oracle: &Oracle,
        method: &Method,
        fixtures: &'c Fixtures,
        seed: u64,
    ) -> Self {
        Self {
            generator: MessageGenerator::new(contract, oracle.clone(), fixtures),
            request: contract.message(&method.request),
            path: method.path.clone(),
            client_streaming: method.client_streaming,
            seed,
            count: 0,
            // Methods get different requests for the same seed.
            rng: StdRng::seed_from_u64(seed ^ hash(&method.path)),
        }
    }

    fn attempt(&mut self, request: &'c Message, attempt: usize) -> Option<Case> {
        let count = if self.client_streaming {
            self.rng.random_range(1..=4)
        } else {
            1
        };
        // At most one message of a stream is invalid.
        let invalid = match self.rng.random_range(0..100) {
            0..55 => 0,
            55..85 => 1,
            _ => self.rng.random_range(2..=4),
        };
        let invalid_at = self.rng.random_range(0..count);
        let mut messages = Vec::new();
        let mut found = BTreeSet::new();
        for at in 0..count {
            let invalid = if at == invalid_at { invalid } else { 0 };
            let (message, violations) = self.message(request, invalid, attempt)?;
            messages.push(message);
            if !violations.is_empty() {
                // A server reports only the first invalid message.
                found = violations;
                break;
            }
        }
        let exercises = found.iter().filter_map(|violation| {
            Some(RuleTarget {
                field: coverage::declaring_element(
                    self.generator.contract,
                    request,
                    &violation.path,
                    &violation.qualified_rule,
                )?,
                rule: violation.qualified_rule.clone(),
                side: Side::Broken,
            })
        });
        let exercises: BTreeSet<RuleTarget> = exercises.collect();
        let intent = match found.len() {
            0 => "a random request that keeps every rule".to_owned(),
            count => format!("a random request that breaks {count} of its rules"),
        };
        let expected: BTreeSet<Violation> = found
            .into_iter()
            .map(OracleViolation::into_violation)
            .collect();
        Some(Case {
            id: format!("random/{:x}/{}", self.seed, self.count),
            method: self.path.clone(),
            phase: Phase::Random,
            intent,
            exercises: exercises.into_iter().collect(),
            send: Payload::Messages(messages),
            expect: if expected.is_empty() {
                Expect::Accepted
            } else {
                Expect::Refused(expected.into_iter().collect())
            },
        })
    }

    /// A random message in which the given number of fields are made invalid. `None` if it
    /// is too large, has too many violations, lacks a required field, or can't be evaluated.
    fn message(
        &mut self,
        request: &'c Message,
        invalid: usize,
        attempt: usize,
    ) -> Option<(DynamicMessage, BTreeSet<OracleViolation>)> {
        // Later attempts generate less: earlier ones were too large or too invalid.
        let depth = DEPTH.saturating_sub(attempt / 15);
        let mut message = match self.generator.smallest(request) {
            Ok(smallest) if attempt >= ATTEMPTS / 2 => smallest,
            _ => self.generator.random_message(request, &mut self.rng, depth),
        };
        for _ in 0..invalid {
            make_field_invalid(&mut self.generator, request, &mut message, &mut self.rng);
        }
        let incomplete = self.generator.oracle.missing_required_field(&message);
        if message.encoded_len() > MAX_MESSAGE_BYTES || incomplete.is_some() {
            return None;
        }
        let violations = self.generator.oracle.detailed_violations(&message).ok()?;
        (violations.len() <= multiple_violations::MAX_VIOLATIONS).then_some((message, violations))
    }
}

impl Iterator for RandomCases<'_> {
    type Item = Case;

    fn next(&mut self) -> Option<Case> {
        let request = self.request?;
        self.count += 1;
        (0..ATTEMPTS).find_map(|attempt| self.attempt(request, attempt))
    }
}

/// Makes one field invalid, at any depth.
pub(crate) fn make_field_invalid<'c>(
    generator: &mut MessageGenerator<'c>,
    declared: &'c Message,
    message: &mut DynamicMessage,
    rng: &mut StdRng,
) {
    if declared.fields.is_empty() {
        return;
    }
    let field = &declared.fields[rng.random_range(0..declared.fields.len())];
    if let Some(nested) = generator.contract.message_in(field)
        && message.has_field(&field.descriptor)
        && rng.random_bool(0.75)
    {
        let inner = match message.get_field_mut(&field.descriptor) {
            Value::Message(inner) => Some(inner),
            Value::List(items) => items.first_mut().and_then(Value::as_message_mut),
            // Take the smallest key: the order of a map is not the same in every run.
            Value::Map(pairs) => {
                let key = pairs.keys().min().cloned();
                key.and_then(|key| pairs.get_mut(&key)?.as_message_mut())
            }
            _ => None,
        };
        if let Some(inner) = inner {
            make_field_invalid(generator, nested, inner, rng);
        }
        return;
    }
    if rng.random_bool(0.5)
        && let Some(value) = generator.random_outside(declared, field, rng)
    {
        set_field(message, field, Some(value));
        return;
    }
    let pool = generator.pool(declared, field);
    let all = || pool.evaluated.iter().filter(|it| !it.broken.is_empty());
    let mut invalid: Vec<_> = all().filter(|it| it.size <= LARGE_VALUE_BYTES).collect();
    if invalid.is_empty() {
        invalid = all().filter(|it| it.size < MAX_MESSAGE_BYTES).collect();
    }
    if !invalid.is_empty() {
        let value = invalid[rng.random_range(0..invalid.len())].value.clone();
        set_field(message, field, value);
    }
}
