//! The sections about services and their methods.

use super::{
    ReferenceContext, field_tables,
    markdown::{Table, escape_prose},
    page::Page,
};
use crate::{
    contract::{DeclaredError, Idempotency, Message, Method, Service},
    rule_text::code,
};

/// Adds the section of a service with all its methods.
pub(super) fn service(page: &mut Page<'_>, context: &ReferenceContext<'_>, service: &Service) {
    page.heading(2, &service.name, &[&service.full_name]);
    page.paragraph(&escape_prose(&service.comment));
    if !service.common_errors.is_empty() {
        let title = format!("{}: errors of every method", service.name);
        page.heading(3, &title, &[&common_errors_key(service)]);
        page.table(errors(&service.common_errors));
    }
    for method in &service.methods {
        let title = format!("{}.{}", service.name, method.name);
        page.heading(3, &title, &[&method.full_name]);
        page.paragraph(&escape_prose(&method.comment));
        let facts = facts(page, method);
        page.list(&facts);
        request(page, context, method);
        response(page, context, method);
        failures(page, context, service, method);
    }
}

fn common_errors_key(service: &Service) -> String {
    format!("errors:{}", service.full_name)
}

fn facts(page: &Page<'_>, method: &Method) -> Vec<String> {
    let mut facts = vec![
        format!("Path: {}", code(&method.path)),
        format!("Kind: {}", streaming(method)),
        format!("Access: {}", access(method)),
        format!("Idempotency: {}", idempotency(method)),
    ];
    if let Some(reason) = &method.nondeterministic {
        facts.push(format!(
            "Equal calls may return different responses: {}",
            escape_prose(reason)
        ));
    }
    if let Some(paging) = &method.paging {
        facts.push(format!(
            "Paging: {} limits the {} on a page; pass {} as {} of the next call; it is empty on the last page",
            code(&paging.size_field),
            code(&paging.items_field),
            code(&paging.next_token_field),
            code(&paging.token_field),
        ));
    }
    // A request without fields has no section in `unset.md`; then `link` returns the label.
    let label = "what each unset field means";
    let unset = page.link(&unset_key(&method.full_name), label);
    if unset != label {
        facts.push(format!("Unset fields: {unset}"));
    }
    facts
}

/// The key of the section about a method or a message in `unset.md`.
pub(super) fn unset_key(full_name: &str) -> String {
    format!("unset:{full_name}")
}

fn streaming(method: &Method) -> &'static str {
    match (method.client_streaming, method.server_streaming) {
        (false, false) => "one request, one response",
        (true, false) => "a stream of requests, one response",
        (false, true) => "one request, a stream of responses",
        (true, true) => "a stream of requests, a stream of responses",
    }
}

fn access(method: &Method) -> String {
    let Some(text) = method.access_text(code) else {
        return "anybody".to_owned();
    };
    let metadata: Vec<String> = method.access_metadata().iter().map(|it| code(it)).collect();
    if metadata.is_empty() {
        text
    } else {
        format!("{text}; sent as metadata {}", metadata.join(" or "))
    }
}

fn idempotency(method: &Method) -> String {
    let level = match method.idempotency {
        Idempotency::NoSideEffects => {
            "a call may be repeated and changes nothing (`NO_SIDE_EFFECTS`)"
        }
        Idempotency::Idempotent => {
            "a call may be repeated, with the effect of one call (`IDEMPOTENT`)"
        }
        Idempotency::Unknown => "not declared as safe to repeat",
    };
    match &method.idempotency_key {
        None => level.to_owned(),
        Some(field) => format!(
            "{level}; a call with the same {field} and the same body is a repetition, with \
             another body it is refused",
            field = code(field),
        ),
    }
}

fn request(page: &mut Page<'_>, context: &ReferenceContext<'_>, method: &Method) {
    let message = context.contract.message(&method.request);
    introduce(
        page,
        "Request",
        method.client_streaming,
        &method.request,
        message,
    );
    if let Some(message) = message {
        field_tables::request_table(page, context, message);
    }
}

fn response(page: &mut Page<'_>, context: &ReferenceContext<'_>, method: &Method) {
    let message = context.contract.message(&method.response);
    introduce(
        page,
        "Response",
        method.server_streaming,
        &method.response,
        message,
    );
    if let Some(message) = message {
        field_tables::message_table(page, context, message);
    }
}

fn introduce(
    page: &mut Page<'_>,
    what: &str,
    streamed: bool,
    full_name: &str,
    message: Option<&Message>,
) {
    let name = message.map_or(full_name, |message| message.name.as_str());
    let name = page.link(full_name, &code(name));
    let each = if streamed {
        ", each message of the stream"
    } else {
        ""
    };
    let comment = message.map(|message| escape_prose(&message.comment));
    let comment = comment.unwrap_or_default();
    page.paragraph(&format!("**{what}** {name}{each}. {comment}"));
}

fn failures(
    page: &mut Page<'_>,
    context: &ReferenceContext<'_>,
    service: &Service,
    method: &Method,
) {
    page.paragraph("**Errors**");
    page.table(errors(&method.errors));
    let mut also = Vec::new();
    let fields = context.unset.of_method(method);
    if fields.iter().any(|field| field.field.rules.is_some()) {
        also.push(
            "`INVALID_ARGUMENT` if the request violates a rule above, with \
             `buf.validate.Violations` in the details"
                .to_owned(),
        );
    }
    if !service.common_errors.is_empty() {
        let key = common_errors_key(service);
        also.push(page.link(&key, "the errors of every method"));
    }
    match (also.is_empty(), method.errors.is_empty()) {
        (true, true) => page.paragraph("None are declared."),
        (true, false) => {}
        (false, true) => page.paragraph(&format!("Only {}.", also.join(", and "))),
        (false, false) => page.paragraph(&format!("Also {}.", also.join(", and "))),
    }
}

fn errors(errors: &[DeclaredError]) -> Table {
    let mut table = Table::new(&["Code", "Reason", "When"]);
    for error in errors {
        let reason = match error.reason.as_str() {
            "" => String::new(),
            reason => code(reason),
        };
        let code = code(&error.code.to_string());
        table.row(&[code, reason, escape_prose(&error.when)]);
    }
    table
}
