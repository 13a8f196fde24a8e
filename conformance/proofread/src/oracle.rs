//! The test oracle: which violations a server must report for a message, as evaluated by
//! protovalidate's runtime.
//!
//! Build one oracle for each contract. The rules of a message type are compiled at its
//! first evaluation and cached; later evaluations take microseconds. Any number of
//! threads may use the oracle at once.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use prost_protovalidate::{
    Error, Filter, ValidationOption, Validator, ValidatorOption, Violation as RuntimeViolation,
};
use prost_protovalidate_types::{
    Violation as ViolationMessage,
    field_rules::Type,
    timestamp_rules::{GreaterThan, LessThan},
};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor, OneofDescriptor,
    ReflectMessage, Value,
};
use prost_types::Timestamp;

use crate::{
    case::{Expect, Violation},
    contract::{Contract, Message, Rules, original_names},
};

mod bytes_as_text;
mod closed_enums;
mod required_fields;
#[cfg(test)]
mod tests;

use bytes_as_text::BytesAsText;
use closed_enums::ClosedEnums;
use required_fields::RequiredFields;

/// For how many seconds before and after now the result must be the same: the clock of
/// the server may differ from ours, and a case is sent some time after it was generated.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 300;

/// The levels of rules below a field: those of list items, map keys and map values.
const LEVELS: [&str; 3] = ["repeated.items.", "map.keys.", "map.values."];

/// A rule id that this runtime reports and the standard does not define: by the standard,
/// an empty string is a valid URI reference.
const NONSTANDARD_RULE: &str = "string.uri_ref_empty";

/// Evaluates the rules of a contract for messages.
#[derive(Clone)]
pub struct Oracle {
    validator: Arc<Validator>,
    /// Whether a rule of the contract depends on the current time.
    depends_on_now: bool,
    bytes_as_text: Arc<BytesAsText>,
    closed_enums: Arc<ClosedEnums>,
    required_fields: Arc<RequiredFields>,
}

/// A [`Violation`] with the level of the rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OracleViolation {
    /// The path of the field: `books[0].book.title`.
    pub(crate) path: String,
    /// The id of the rule: `string.min_len`.
    pub(crate) rule: String,
    /// The id of the rule with its level in the field:
    /// `repeated.items.string.min_len`.
    pub(crate) qualified_rule: String,
}

impl Oracle {
    /// Builds the oracle for a contract.
    pub fn new(contract: &Contract) -> Self {
        Self {
            validator: Arc::new(validator(contract)),
            depends_on_now: contract.messages().any(message_depends_on_now),
            bytes_as_text: Arc::new(BytesAsText::of(contract)),
            closed_enums: Arc::new(ClosedEnums::of(contract)),
            required_fields: Arc::new(RequiredFields::of(contract)),
        }
    }

    /// The violations in a message, sorted; empty if the message keeps every rule.
    ///
    /// # Errors
    /// When the rules can't be evaluated; the error is protovalidate's.
    pub fn violations(&self, message: &DynamicMessage) -> Result<BTreeSet<Violation>, String> {
        let violations = self.validate_at(message, None, None)?.into_iter();
        Ok(violations
            .filter(|violation| violation.rule != NONSTANDARD_RULE)
            .map(OracleViolation::into_violation)
            .collect())
    }

    /// As [`Oracle::violations`], for a message that is going to be sent to a server with
    /// another clock and perhaps another implementation of protovalidate.
    ///
    /// # Errors
    /// As [`Oracle::violations`]; also when the result would differ
    /// [`CLOCK_TOLERANCE_SECONDS`] earlier or later, or when implementations are known to
    /// differ.
    pub fn stable_violations(
        &self,
        message: &DynamicMessage,
    ) -> Result<BTreeSet<Violation>, String> {
        let violations = self.detailed_violations(message)?.into_iter();
        Ok(violations.map(OracleViolation::into_violation).collect())
    }

    /// The answer that a call with these messages requires. The first message that a server
    /// must not accept decides.
    ///
    /// # Errors
    /// As [`Oracle::stable_violations`].
    pub fn expectation<'m>(
        &self,
        messages: impl IntoIterator<Item = &'m DynamicMessage>,
    ) -> Result<Expect, String> {
        for message in messages {
            let violations = self.stable_violations(message)?.into_iter().collect();
            let expect = self.expectation_of(message, violations);
            if expect != Expect::Accepted {
                return Ok(expect);
            }
        }
        Ok(Expect::Accepted)
    }

    /// The answer that a message with these violations requires.
    pub(crate) fn expectation_of(
        &self,
        message: &DynamicMessage,
        violations: Vec<Violation>,
    ) -> Expect {
        if self.missing_required_field(message).is_some() {
            Expect::MissingRequired(violations)
        } else if violations.is_empty() {
            Expect::Accepted
        } else {
            Expect::Refused(violations)
        }
    }

    /// The path of the first field that is not set although its type requires it: by
    /// `required` of proto2, or by `LEGACY_REQUIRED` of an edition.
    pub fn missing_required_field(&self, message: &DynamicMessage) -> Option<String> {
        self.required_fields.first_missing(message)
    }

    /// As [`Oracle::missing_required_field`], within the value of a field.
    pub(crate) fn missing_required_field_in(&self, value: &Value) -> Option<String> {
        self.required_fields.first_missing_in_value(value)
    }

    /// As [`Oracle::stable_violations`], with the levels of the rules.
    pub(crate) fn detailed_violations(
        &self,
        message: &DynamicMessage,
    ) -> Result<BTreeSet<OracleViolation>, String> {
        self.check_stable(message, None)
    }

    /// As [`Oracle::detailed_violations`], for one field alone: the other fields and the
    /// rules of the whole message are skipped.
    pub(crate) fn field_violations(
        &self,
        message: &DynamicMessage,
        field: &FieldDescriptor,
    ) -> Result<BTreeSet<OracleViolation>, String> {
        let only: Arc<dyn Filter> = Arc::new(SingleFieldFilter {
            message: message.descriptor(),
            field: field.clone(),
        });
        self.check_stable(message, Some(&only))
    }

    fn check_stable(
        &self,
        message: &DynamicMessage,
        only: Option<&Arc<dyn Filter>>,
    ) -> Result<BTreeSet<OracleViolation>, String> {
        let found = self.validate_at(message, None, only)?;
        if found
            .iter()
            .any(|violation| violation.rule == NONSTANDARD_RULE)
        {
            return Err(format!(
                "implementations differ on whether {NONSTANDARD_RULE} exists"
            ));
        }
        if self.bytes_as_text.is_in(message) {
            return Err(
                "implementations differ on string() of bytes that are not UTF-8".to_owned(),
            );
        }
        if self.closed_enums.have_unknown_number_in(message) {
            return Err(
                "implementations differ on numbers that a closed enum does not define".to_owned(),
            );
        }
        if self.depends_on_now {
            for offset in [-CLOCK_TOLERANCE_SECONDS, CLOCK_TOLERANCE_SECONDS] {
                let now = Timestamp {
                    seconds: now_seconds() + offset,
                    nanos: 0,
                };
                if self.validate_at(message, Some(now), only)? != found {
                    return Err(format!(
                        "the result changes within {CLOCK_TOLERANCE_SECONDS} seconds"
                    ));
                }
            }
        }
        Ok(found)
    }

    /// As [`Oracle::violations`], in the order of evaluation, each with the message of
    /// protovalidate that a server sends.
    ///
    /// # Errors
    /// As [`Oracle::violations`].
    pub fn violation_messages(
        &self,
        message: &DynamicMessage,
    ) -> Result<Vec<(Violation, ViolationMessage)>, String> {
        let violations = self.evaluate(message, None, None)?.into_iter();
        let violations = violations.filter(|violation| violation.rule_id() != NONSTANDARD_RULE);
        Ok(violations
            .map(|it| (OracleViolation::of(&it).into_violation(), it.to_proto()))
            .collect())
    }

    fn validate_at(
        &self,
        message: &DynamicMessage,
        now: Option<Timestamp>,
        only: Option<&Arc<dyn Filter>>,
    ) -> Result<BTreeSet<OracleViolation>, String> {
        let violations = self.evaluate(message, now, only)?;
        Ok(violations.iter().map(OracleViolation::of).collect())
    }

    fn evaluate(
        &self,
        message: &DynamicMessage,
        now: Option<Timestamp>,
        only: Option<&Arc<dyn Filter>>,
    ) -> Result<Vec<RuntimeViolation>, String> {
        let mut options = Vec::new();
        options.extend(now.map(|now| ValidationOption::NowFn(Arc::new(move || now))));
        options.extend(only.map(|only| ValidationOption::Filter(Arc::clone(only))));
        // The interpreter of CEL is not ours: a contract that makes it panic must not end
        // the run.
        let checked = catch_unwind(AssertUnwindSafe(|| {
            self.validator.validate_with(message, &options)
        }));
        match checked {
            Ok(Ok(())) => Ok(Vec::new()),
            Ok(Err(Error::Validation(error))) => Ok(error.violations().to_vec()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("protovalidate panicked while evaluating the rules".to_owned()),
        }
    }
}

impl OracleViolation {
    fn of(violation: &RuntimeViolation) -> Self {
        let rule = violation.rule_id().to_owned();
        let rule_path = violation.rule_path();
        let level = LEVELS.iter().find(|level| rule_path.starts_with(**level));
        Self {
            path: original_names(&violation.field_path()).into_owned(),
            qualified_rule: format!("{}{rule}", level.unwrap_or(&"")),
            rule,
        }
    }

    /// Whether the violation is about the field with this path, or about one of its items,
    /// keys or values; not about a field nested in it.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.path.strip_prefix(path).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('[') && after_subscript(rest).is_empty()
        })
    }

    pub(crate) fn into_violation(self) -> Violation {
        Violation {
            path: self.path,
            rule: self.rule,
        }
    }
}

/// The id of a rule without its level: `string.min_len` for
/// `repeated.items.string.min_len`.
pub(crate) fn without_level(rule: &str) -> &str {
    let mut levels = LEVELS.iter();
    levels
        .find_map(|level| rule.strip_prefix(level))
        .unwrap_or(rule)
}

/// The rest of a path after a leading index or key: `.title` for `[0].title`.
pub(crate) fn after_subscript(path: &str) -> &str {
    let Some(inside) = path.strip_prefix('[') else {
        return path;
    };
    let mut quoted = false;
    let mut escaped = false;
    for (at, it) in inside.char_indices() {
        match it {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return &inside[at + 1..],
            _ => {}
        }
    }
    ""
}

/// Limits the validation of one message type to one field; other message types are
/// validated fully.
struct SingleFieldFilter {
    message: MessageDescriptor,
    field: FieldDescriptor,
}

impl Filter for SingleFieldFilter {
    fn should_validate(&self, _: &DynamicMessage, message: &MessageDescriptor) -> bool {
        *message != self.message
    }

    fn should_validate_field(&self, message: &DynamicMessage, field: &FieldDescriptor) -> bool {
        *field == self.field || message.descriptor() != self.message
    }

    fn should_validate_oneof(&self, message: &DynamicMessage, _: &OneofDescriptor) -> bool {
        message.descriptor() != self.message
    }
}

/// Builds the validator for a contract. It needs the files of the contract only for
/// predefined rules, and decoding them takes longer than everything else.
pub(crate) fn validator(contract: &Contract) -> Validator {
    if has_predefined_rules(contract.pool()) {
        let image = contract.image_without_editions().to_vec();
        Validator::with_options(&[ValidatorOption::AdditionalDescriptorSetBytes(image)])
    } else {
        Validator::new()
    }
}

/// The current time in seconds since the Unix epoch.
#[expect(
    clippy::disallowed_methods,
    reason = "rules such as `gt_now` compare with the time of this machine"
)]
pub(crate) fn now_seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// Whether the contract has predefined rules: extensions of protovalidate's messages.
fn has_predefined_rules(pool: &DescriptorPool) -> bool {
    pool.all_extensions()
        .any(|it| it.containing_message().package_name() == "buf.validate")
}

fn message_depends_on_now(message: &Message) -> bool {
    let cels = message.rules.cel.iter().map(|rule| rule.expression());
    let expressions = message.rules.cel_expression.iter().map(String::as_str);
    cels.chain(expressions).any(mentions_now)
        || message.fields.iter().any(|field| {
            let rules = field.rules.as_ref();
            rules.is_some_and(rules_depend_on_now)
        })
}

fn rules_depend_on_now(rules: &Rules) -> bool {
    rules.levels().into_iter().any(|level| {
        let timed = match &level.standard.r#type {
            Some(Type::Timestamp(rules)) => {
                rules.within.is_some()
                    || matches!(rules.less_than, Some(LessThan::LtNow(true)))
                    || matches!(rules.greater_than, Some(GreaterThan::GtNow(true)))
            }
            _ => false,
        };
        timed || level.expressions().any(mentions_now)
    })
}

fn mentions_now(expression: &str) -> bool {
    expression.contains("now")
}
