//! Which violations are due: the contract's own answer, by protovalidate's runtime.
//!
//! The oracle is built once for a contract. The rules of a message are compiled
//! when it is judged for the first time and kept; after that a judgement takes
//! microseconds, and any number of threads may ask at once.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use prost_protovalidate::{Error, Filter, ValidationOption, Validator, ValidatorOption, Violation};
use prost_protovalidate_types::{
    field_rules::Type,
    timestamp_rules::{GreaterThan, LessThan},
};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor, OneofDescriptor,
    ReflectMessage,
};
use prost_types::Timestamp;

use crate::{
    case::Due,
    contract::{Contract, Message, Rules},
};

#[cfg(test)]
mod tests;

/// How long an expectation must stay right, in seconds before and after: the clock
/// of the server may differ from ours, and a case is sent some time after it was
/// made.
pub const STEADY_SECONDS: i64 = 60;

/// The levels of a field on which rules can stand below the field itself.
const LEVELS: [&str; 3] = ["repeated.items.", "map.keys.", "map.values."];

/// The one rule id that protovalidate's standard does not have and the runtime
/// reports: the standard takes an empty string for a URI reference.
const NOT_STANDARD: &str = "string.uri_ref_empty";

/// Says which violations are due for a message.
#[derive(Clone)]
pub struct Oracle {
    validator: Arc<Validator>,
    /// Whether a rule of the contract compares with the present moment.
    time_matters: bool,
}

/// A violation, with what [`Due`] does not say of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Breach {
    /// The path of the field: `books[0].book.title`.
    pub(crate) path: String,
    /// The id of the rule: `string.min_len`.
    pub(crate) rule: String,
    /// The id with the level on which the rule stands in its field:
    /// `repeated.items.string.min_len`.
    pub(crate) key: String,
}

impl Oracle {
    /// Prepares the rules of a contract.
    pub fn new(contract: &Contract) -> Self {
        // The contract's files are needed for the rules that it predefines itself;
        // reading them takes longer than all the rest, so only where there are any.
        let options = match predefines(contract.pool()) {
            true => vec![ValidatorOption::AdditionalDescriptorSetBytes(
                contract.image().to_vec(),
            )],
            false => Vec::new(),
        };
        Self {
            validator: Arc::new(Validator::with_options(&options)),
            time_matters: contract.messages().any(message_knows_time),
        }
    }

    /// The violations that are due, sorted; none where the message keeps every rule.
    ///
    /// # Errors
    /// When the rules can't be evaluated, with what protovalidate says of them.
    pub fn judge(&self, message: &DynamicMessage) -> Result<BTreeSet<Due>, String> {
        let breaches = self.breaches_at(message, None, None)?.into_iter();
        Ok(breaches
            .filter(|breach| breach.rule != NOT_STANDARD)
            .map(Breach::into_due)
            .collect())
    }

    /// As [`Oracle::judge`], for a message that is still to be sent, perhaps to a
    /// server with another clock and another implementation of the rules.
    ///
    /// # Errors
    /// Also when the answer is another one a minute earlier or later, or where
    /// implementations are known to answer differently.
    pub fn judge_steadily(&self, message: &DynamicMessage) -> Result<BTreeSet<Due>, String> {
        let breaches = self.breaches(message)?.into_iter();
        Ok(breaches.map(Breach::into_due).collect())
    }

    /// The breaches behind [`Oracle::judge_steadily`].
    pub(crate) fn breaches(&self, message: &DynamicMessage) -> Result<BTreeSet<Breach>, String> {
        self.steadily(message, None)
    }

    /// The same of one field alone: neither other fields of the message nor the
    /// rules of the message as a whole are looked at.
    pub(crate) fn breaches_of(
        &self,
        message: &DynamicMessage,
        field: &FieldDescriptor,
    ) -> Result<BTreeSet<Breach>, String> {
        let only: Arc<dyn Filter> = Arc::new(Only {
            message: message.descriptor(),
            field: field.clone(),
        });
        self.steadily(message, Some(&only))
    }

    fn steadily(
        &self,
        message: &DynamicMessage,
        only: Option<&Arc<dyn Filter>>,
    ) -> Result<BTreeSet<Breach>, String> {
        let found = self.breaches_at(message, None, only)?;
        if found.iter().any(|breach| breach.rule == NOT_STANDARD) {
            return Err(format!(
                "implementations differ on whether {NOT_STANDARD} exists"
            ));
        }
        if self.time_matters {
            for offset in [-STEADY_SECONDS, STEADY_SECONDS] {
                let moment = Timestamp {
                    seconds: now_seconds() + offset,
                    nanos: 0,
                };
                if self.breaches_at(message, Some(moment), only)? != found {
                    return Err(format!(
                        "the answer changes within {STEADY_SECONDS} seconds"
                    ));
                }
            }
        }
        Ok(found)
    }

    fn breaches_at(
        &self,
        message: &DynamicMessage,
        now: Option<Timestamp>,
        only: Option<&Arc<dyn Filter>>,
    ) -> Result<BTreeSet<Breach>, String> {
        let mut options = Vec::new();
        options.extend(now.map(|now| ValidationOption::NowFn(Arc::new(move || now))));
        options.extend(only.map(|only| ValidationOption::Filter(Arc::clone(only))));
        // CEL is a language, and its interpreter not ours: a contract must not be
        // able to end the run.
        let checked = catch_unwind(AssertUnwindSafe(|| {
            self.validator.validate_with(message, &options)
        }));
        match checked {
            Ok(Ok(())) => Ok(BTreeSet::new()),
            Ok(Err(Error::Validation(error))) => {
                Ok(error.violations().iter().map(Breach::of).collect())
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("protovalidate panicked over the rules".to_owned()),
        }
    }
}

impl Breach {
    fn of(violation: &Violation) -> Self {
        let rule = violation.rule_id().to_owned();
        let rule_path = violation.rule_path();
        let level = LEVELS.iter().find(|level| rule_path.starts_with(**level));
        Self {
            path: violation.field_path(),
            key: format!("{}{rule}", level.unwrap_or(&"")),
            rule,
        }
    }

    /// Whether this is said of what has this path: of a field itself, or of its items,
    /// keys and values.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.path.strip_prefix(path).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('[') && after_subscript(rest).is_empty()
        })
    }

    pub(crate) fn into_due(self) -> Due {
        Due {
            path: self.path,
            rule: self.rule,
        }
    }
}

/// What of a path comes after the index or key of its first field.
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

/// Checks of one message nothing but one field, and of all others everything.
struct Only {
    message: MessageDescriptor,
    field: FieldDescriptor,
}

impl Filter for Only {
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

/// The present moment, in seconds since 1970.
pub(crate) fn now_seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// Whether the contract defines rules of its own: extensions of the messages of
/// protovalidate.
fn predefines(pool: &DescriptorPool) -> bool {
    pool.all_extensions()
        .any(|it| it.containing_message().package_name() == "buf.validate")
}

fn message_knows_time(message: &Message) -> bool {
    let cels = message.rules.cel.iter().map(|rule| rule.expression());
    let expressions = message.rules.cel_expression.iter().map(String::as_str);
    cels.chain(expressions).any(says_now)
        || message.fields.iter().any(|field| {
            let rules = field.rules.as_ref();
            rules.is_some_and(rules_know_time)
        })
}

fn rules_know_time(rules: &Rules) -> bool {
    let timed = match &rules.standard.r#type {
        Some(Type::Timestamp(rules)) => {
            rules.within.is_some()
                || matches!(rules.less_than, Some(LessThan::LtNow(true)))
                || matches!(rules.greater_than, Some(GreaterThan::GtNow(true)))
        }
        _ => false,
    };
    let cels = rules.standard.cel.iter().map(|rule| rule.expression());
    let expressions = rules.standard.cel_expression.iter().map(String::as_str);
    let predefined = rules.predefined.iter().flat_map(|it| &it.rules);
    let levels = [&rules.items, &rules.keys, &rules.values];
    timed
        || cels
            .chain(expressions)
            .chain(predefined.map(|rule| rule.expression()))
            .any(says_now)
        || levels.into_iter().flatten().any(|it| rules_know_time(it))
}

fn says_now(expression: &str) -> bool {
    expression.contains("now")
}
