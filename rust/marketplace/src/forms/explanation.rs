//! What violations and limits mean to visitors.

use super::Field;
use crate::refusal::{FieldViolation, Refusal};

/// What a violation means to the visitor.
pub(super) fn explain(violation: &FieldViolation, field: &Field) -> String {
    let number = violation
        .message
        .split_whitespace()
        .find(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let rule = violation.rule.rsplit('.').next().unwrap_or_default();
    let is_empty = field.value.trim().is_empty() && field.kind != "password";
    match (rule, number) {
        ("required" | "min_items" | "email_empty", _) => "Please fill this in.".to_owned(),
        ("min_len" | "len" | "pattern" | "email", _) if is_empty => {
            "Please fill this in.".to_owned()
        }
        _ if !field.options.is_empty() => "Please choose one of these.".to_owned(),
        ("min_len", Some("1")) => "Please fill this in.".to_owned(),
        ("min_len", Some(number)) => format!("Use at least {number} characters."),
        ("max_len", Some(number)) => format!("Use at most {number} characters."),
        ("email", _) => "This is not an email address, such as name@example.org.".to_owned(),
        ("len" | "pattern", _) if !field.hint.is_empty() => format!("{}.", field.hint),
        _ => {
            let message = violation.message.trim_start_matches("value ");
            let mut letters = message.chars();
            let first = letters.next().map(|letter| letter.to_uppercase());
            let first: String = first.into_iter().flatten().collect();
            format!("{first}{}.", letters.as_str())
        }
    }
}

/// How long to wait.
pub(crate) fn too_many_attempts(refusal: &Refusal) -> String {
    let Refusal::Declared {
        retry_after: Some(wait),
        ..
    } = refusal
    else {
        return "Too many attempts. Please wait a while before the next one.".to_owned();
    };
    match wait.as_secs().div_ceil(60) {
        0 | 1 => "Too many attempts. Please wait a minute before the next one.".to_owned(),
        minutes @ 2..=120 => format!("Too many attempts. Please try again in {minutes} minutes."),
        minutes => format!(
            "Too many attempts. Please try again in {} hours.",
            minutes.div_ceil(60)
        ),
    }
}
