//! Derives the cases of a method: the parts that all phases share.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use super::{
    CoverageGap, Fixtures, GeneratedCases, GeneratorDefect, baseline, boundary,
    message_location::{self, MessageLocation, locations},
    message_rules, multiple_violations, unset,
};
use crate::{
    case::{Case, Expect, Payload, Phase, RuleTarget, Side, Violation},
    contract::{Contract, Message, Method},
    coverage,
    generator::{MessageGenerator, rng_of},
    oracle::{Oracle, OracleViolation},
};

/// Derives the cases of the methods of one contract. The values found for a message are
/// reused for all methods.
pub struct Deriver<'c> {
    pub(super) generator: MessageGenerator<'c>,
}

/// Collects the cases of one method.
pub(super) struct CaseBuilder<'m, 'c> {
    pub(super) generator: &'m mut MessageGenerator<'c>,
    pub(super) method: &'m Method,
    pub(super) baseline: DynamicMessage,
    pub(super) generated: GeneratedCases,
    ids: HashSet<String>,
    /// The oracle's errors so far.
    oracle_errors: HashSet<String>,
    /// Why a rule side has no case, by declaring element, rule and side.
    reasons: BTreeMap<(String, String, Side), String>,
}

/// A case without its expected answer.
pub(super) struct CaseDraft {
    pub(super) id: String,
    pub(super) phase: Phase,
    pub(super) intent: String,
    pub(super) request: DynamicMessage,
    /// The rule sides that the case shall exercise; the oracle decides whether it does.
    pub(super) targets: Vec<LocatedTarget>,
}

/// A rule side that a case shall exercise, with its location in the request.
pub(super) struct LocatedTarget {
    pub(super) target: RuleTarget,
    /// The path of the field or message in this request, in the form of violations:
    /// `books[0].title`.
    pub(super) path: String,
}

impl<'c> Deriver<'c> {
    /// Creates a deriver for a contract.
    pub fn new(contract: &'c Contract, oracle: &Oracle, fixtures: &'c Fixtures) -> Self {
        Self {
            generator: MessageGenerator::new(contract, oracle.clone(), fixtures),
        }
    }

    /// The cases of a method that are the same in every run.
    pub fn derive(&mut self, method: &Method) -> GeneratedCases {
        let contract = self.generator.contract;
        let Some(request) = contract.message(&method.request) else {
            return baseline::for_well_known_type(method);
        };
        let found = self.generator.smallest(request);
        let baseline = found.clone();
        let baseline = baseline.unwrap_or_else(|_| DynamicMessage::new(request.descriptor.clone()));
        let mut builder = CaseBuilder {
            generator: &mut self.generator,
            method,
            baseline,
            generated: GeneratedCases::default(),
            ids: HashSet::new(),
            oracle_errors: HashSet::new(),
            reasons: BTreeMap::new(),
        };
        match found {
            Ok(_) => baseline::add(&mut builder),
            Err(reason) => builder.add_uncovered(&method.path, "", None, reason),
        }
        let locations = locations(contract, request);
        if locations.len() == message_location::MAX_LOCATIONS {
            let reason = format!(
                "only the first {} nested messages are tried",
                message_location::MAX_LOCATIONS
            );
            builder.add_uncovered(&method.path, "", None, reason);
        }
        for location in &locations {
            unset::add(&mut builder, location);
        }
        unset::add_everything_unset(&mut builder);
        for location in &locations {
            boundary::add(&mut builder, location);
            message_rules::add(&mut builder, location);
            multiple_violations::add(&mut builder, location);
        }
        builder.finish(request)
    }
}

impl CaseBuilder<'_, '_> {
    /// Adds a case with the answer that the oracle requires. A case that misses a target
    /// is dropped and recorded as a defect.
    pub(super) fn add(&mut self, draft: CaseDraft) {
        let CaseDraft {
            id,
            phase,
            intent,
            mut request,
            targets,
        } = draft;
        if !targets.iter().any(|it| self.is_idempotency_key(&it.path)) {
            self.set_unique_idempotency_key(&id, &mut request);
        }
        let violations = match self.generator.oracle.detailed_violations(&request) {
            Ok(violations) => violations,
            Err(cause) => {
                for located in targets {
                    self.note_reason(&located.target, &cause);
                }
                // The error is usually the same for all cases: report it once.
                if self.oracle_errors.insert(cause.clone()) {
                    let path = self.method.path.clone();
                    self.add_uncovered(&path, "", None, format!("{intent}: {cause}"));
                }
                return;
            }
        };
        let missing = self.generator.oracle.missing_required_field(&request);
        let mut exercises = Vec::new();
        for located in targets {
            if missing.is_some() {
                self.note_reason(&located.target, "only in requests without a required field");
                continue;
            }
            match target_result(&located, &violations) {
                TargetResult::Reached => exercises.push(located.target),
                TargetResult::Masked => {
                    self.note_reason(&located.target, "only in requests that break another rule")
                }
                TargetResult::Missed => {
                    self.generated.defects.push(GeneratorDefect {
                        method: self.method.path.clone(),
                        case: id,
                        intent,
                        verdict: describe_violations(&violations),
                    });
                    return;
                }
            }
        }
        let expected: BTreeSet<Violation> = violations
            .into_iter()
            .map(OracleViolation::into_violation)
            .collect();
        let expected = expected.into_iter().collect();
        let expect = self.generator.oracle.expectation_of(&request, expected);
        if self.method.client_streaming && matches!(expect, Expect::Refused(_)) {
            // Many servers treat the first message specially and may check only that one.
            let second = vec![self.baseline.clone(), request.clone()];
            let first = format!("{id}/first");
            self.push(
                &first,
                phase,
                &format!("{intent}, in the first message"),
                exercises.clone(),
                vec![request],
                expect.clone(),
            );
            self.push(
                &format!("{id}/second"),
                phase,
                &format!("{intent}, in the second message"),
                exercises,
                second,
                expect,
            );
        } else {
            self.push(&id, phase, &intent, exercises, vec![request], expect);
        }
    }

    /// Adds a finished case. If the id is taken, a number is appended.
    pub(super) fn push(
        &mut self,
        id: &str,
        phase: Phase,
        intent: &str,
        exercises: Vec<RuleTarget>,
        messages: Vec<DynamicMessage>,
        expect: Expect,
    ) {
        let mut unique = id.to_owned();
        let mut count = 1;
        while !self.ids.insert(unique.clone()) {
            count += 1;
            unique = format!("{id}-{count}");
        }
        self.generated.cases.push(Case {
            id: unique,
            method: self.method.path.clone(),
            phase,
            intent: intent.to_owned(),
            exercises,
            send: Payload::Messages(messages),
            expect,
        });
    }

    /// The targets of a case: none if an enclosing field has IGNORE_ALWAYS. Such a case is
    /// sent all the same.
    pub(super) fn active_targets(
        &mut self,
        location: &MessageLocation<'_>,
        located: impl IntoIterator<Item = LocatedTarget>,
    ) -> Vec<LocatedTarget> {
        if !location.is_ignored() {
            return located.into_iter().collect();
        }
        for located in located {
            self.note_reason(&located.target, "it is inside a field that is ignored");
        }
        Vec::new()
    }

    /// Stores why a rule side has no case so far; the first reason stays.
    pub(super) fn note_reason(&mut self, target: &RuleTarget, reason: &str) {
        let key = (target.field.clone(), target.rule.clone(), target.side);
        self.reasons.entry(key).or_insert_with(|| reason.to_owned());
    }

    pub(super) fn add_uncovered(
        &mut self,
        subject: &str,
        rule: &str,
        side: Option<Side>,
        reason: impl Into<String>,
    ) {
        let uncovered = CoverageGap {
            method: self.method.path.clone(),
            subject: subject.to_owned(),
            rule: rule.to_owned(),
            side,
            reason: reason.into(),
        };
        if !self.generated.uncovered.contains(&uncovered) {
            self.generated.uncovered.push(uncovered);
        }
    }

    /// The smallest valid request, with a idempotency key of its own.
    pub(super) fn baseline_with_unique_idempotency_key(&self, id: &str) -> DynamicMessage {
        let mut request = self.baseline.clone();
        self.set_unique_idempotency_key(id, &mut request);
        request
    }

    fn is_idempotency_key(&self, path: &str) -> bool {
        self.method.idempotency_key.as_deref() == Some(path)
    }

    /// Gives each case its own idempotency key: with a shared one, a server would answer all but
    /// the first case with the stored answer, or refuse them.
    fn set_unique_idempotency_key(&self, id: &str, request: &mut DynamicMessage) {
        let Some(key) = &self.method.idempotency_key else {
            return;
        };
        let field = request.descriptor().get_field_by_name(key);
        let Some(field) = field.filter(|field| request.has_field(field)) else {
            return;
        };
        let is_uuid =
            |text: &str| text.len() == 36 && text.bytes().filter(|it| *it == b'-').count() == 4;
        let full_name = field.full_name();
        let is_fixture = self
            .generator
            .fixtures
            .fields
            .keys()
            .any(|name| name == full_name || name.strip_prefix("*.") == Some(field.name()));
        if let Value::String(text) = request.get_field_mut(&field)
            && is_uuid(text)
            && !is_fixture
        {
            *text = uuid_of(&format!("{} {id}", self.method.path));
        }
    }

    /// Records the rule sides that have no case.
    fn finish(mut self, request: &Message) -> GeneratedCases {
        let seen: HashSet<RuleTarget> = self
            .generated
            .cases
            .iter()
            .flat_map(|case| case.exercises.iter().cloned())
            .collect();
        for target in coverage::targets_of(self.generator.contract, request) {
            if !seen.contains(&target) {
                let RuleTarget { field, rule, side } = target;
                let reason = self
                    .reasons
                    .get(&(field.clone(), rule.clone(), side))
                    .cloned();
                let reason = reason.unwrap_or_else(|| "no request with it was found".to_owned());
                self.add_uncovered(&field, &rule, Some(side), reason);
            }
        }
        self.generated.uncovered.sort();
        self.generated
    }
}

/// Whether a request exercises its target.
enum TargetResult {
    Reached,
    /// The request keeps the rule but is refused because of another one, so the answer
    /// shows nothing about the target.
    Masked,
    Missed,
}

fn target_result(located: &LocatedTarget, violations: &BTreeSet<OracleViolation>) -> TargetResult {
    let rule = &located.target.rule;
    let is_here = |violation: &&OracleViolation| violation.is_at(&located.path);
    let breaks = violations
        .iter()
        .filter(is_here)
        .any(|violation| violation.qualified_rule == *rule);
    match (located.target.side, breaks) {
        (Side::Broken, true) => TargetResult::Reached,
        (Side::Kept, true) | (Side::Broken, false) => TargetResult::Missed,
        (Side::Kept, false) if violations.is_empty() => TargetResult::Reached,
        (Side::Kept, false) => TargetResult::Masked,
    }
}

fn describe_violations(violations: &BTreeSet<OracleViolation>) -> String {
    let described: Vec<String> = violations
        .iter()
        .map(|it| format!("{} {}", it.path, it.qualified_rule))
        .collect();
    if described.is_empty() {
        "no violations".to_owned()
    } else {
        described.join(", ")
    }
}

/// A UUID that is always the same for the same name.
fn uuid_of(name: &str) -> String {
    use rand::RngExt;
    let bytes: [u8; 16] = rng_of(name).random();
    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
    uuid.to_string()
}
