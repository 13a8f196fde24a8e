//! Forms: what they contain, and what is wrong with what was typed.
//!
//! The contract is the only place of validation. The name of each field is its path in the
//! request, such as `profile.display_name`, so that a violation finds its field.

mod explanation;

use std::sync::Arc;

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use explanation::explain;
pub(crate) use explanation::too_many_attempts;

use crate::{
    pages::QueryParams,
    refusal::{FieldViolation, Refusal},
    shop::Shop,
    visitor::{Visitor, form_refused},
};

/// The name of the hidden field with the token of [`Visitor::form_token`].
pub(crate) const TOKEN_FIELD: &str = "form_token";

/// The fields of a form that a page of this shop has sent.
pub(crate) struct SentForm(QueryParams);

impl SentForm {
    /// The value of a field; empty if it is missing. Surrounding white space stays, because
    /// passwords may have it.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_default()
    }

    /// The value of a field without surrounding white space.
    pub fn text(&self, name: &str) -> String {
        self.get(name).trim().to_owned()
    }

    /// A number; 0, which the contract refuses, if the field has none.
    pub fn number(&self, name: &str) -> i32 {
        self.get(name).trim().parse().unwrap_or_default()
    }
}

impl FromRequest<Arc<Shop>> for SentForm {
    type Rejection = Response;

    async fn from_request(request: Request, shop: &Arc<Shop>) -> Result<Self, Response> {
        let form = axum::Form::from_request(request, shop).await;
        let form = form.map(|axum::Form(fields)| Self(fields));
        let form = form.map_err(|_| form_refused().into_response())?;
        if Visitor::current().accepts_form(form.get(TOKEN_FIELD)) {
            Ok(form)
        } else {
            Err(form_refused().into_response())
        }
    }
}

/// A form of a page.
#[derive(Debug)]
pub(crate) struct Form {
    /// Where it is sent.
    pub action: &'static str,
    pub submit: &'static str,
    /// Whether the button warns of a change that can't be undone.
    pub is_dangerous: bool,
    pub fields: Vec<Field>,
    /// Names and values of hidden fields.
    pub hidden: Vec<(&'static str, String)>,
    /// What is wrong, if it is not about a field.
    pub message: Option<String>,
}

/// A field of a form.
#[derive(Debug)]
pub(crate) struct Field {
    /// The path in the request, which is also the name.
    pub path: String,
    pub label: &'static str,
    /// The type of the input element.
    pub kind: &'static str,
    pub value: String,
    /// Values and names to choose from; without any, the value is typed.
    pub options: &'static [(&'static str, &'static str)],
    /// The token of the attribute `autocomplete`.
    pub autocomplete: &'static str,
    pub hint: &'static str,
    /// What is wrong with the value.
    pub error: Option<String>,
    /// Keeps the id apart from that of a field of another form with the same path.
    id_prefix: &'static str,
}

impl Form {
    /// A form without fields.
    pub fn new(action: &'static str, submit: &'static str) -> Self {
        Self {
            action,
            submit,
            is_dangerous: false,
            fields: Vec::new(),
            hidden: Vec::new(),
            message: None,
        }
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// Adds a hidden field.
    #[must_use]
    pub fn hidden(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    /// Adds a new request id, so that sending the form twice has the effect of once.
    #[must_use]
    pub fn request_id(self) -> Self {
        self.hidden("request_id", Uuid::new_v4())
    }

    /// Fills in what was typed, except passwords. The request id stays the same, too.
    #[must_use]
    pub fn filled(mut self, sent: &SentForm) -> Self {
        for field in &mut self.fields {
            if field.kind != "password" {
                sent.get(&field.path).clone_into(&mut field.value);
            }
        }
        for (name, value) in &mut self.hidden {
            sent.get(name).clone_into(value);
        }
        self
    }

    /// Shows why the call was refused: violations at their fields, and `declared` for an error
    /// that the contract declares.
    #[must_use]
    pub fn refused(mut self, refusal: &Refusal, declared: impl FnOnce(&str) -> String) -> Self {
        match refusal {
            Refusal::Invalid(violations) => {
                for violation in violations {
                    self.show(violation);
                }
            }
            Refusal::Declared { reason, .. }
                if matches!(reason.as_str(), "TOO_MANY_ATTEMPTS" | "RATE_LIMITED") =>
            {
                self.message = Some(too_many_attempts(refusal));
            }
            Refusal::Declared { reason, .. } if reason == "REQUEST_ID_REUSED" => {
                self.hidden.retain(|(name, _)| *name != "request_id");
                let text = "This form was sent already, with other values. If you mean the new \
                            ones, send it once more.";
                self = self.request_id();
                self.message = Some(text.to_owned());
            }
            Refusal::Declared { reason, .. } => self.message = Some(declared(reason)),
            Refusal::SignedOut => {
                self.message = Some("You are signed out. Please sign in again.".to_owned());
            }
            Refusal::Unavailable => {
                let text = "This service doesn’t answer at the moment. What you typed is kept, \
                            so please try again in a moment; looking at books still works.";
                self.message = Some(text.to_owned());
            }
        }
        self
    }

    /// Whether something is wrong with the form.
    pub fn is_refused(&self) -> bool {
        self.message.is_some() || self.fields.iter().any(|field| field.error.is_some())
    }

    fn show(&mut self, violation: &FieldViolation) {
        let Some(index) = self.field_of(&violation.path) else {
            let text = format!("{}: {}.", violation.path, violation.message);
            self.message.get_or_insert(text);
            return;
        };
        let field = &mut self.fields[index];
        let text = explain(violation, field);
        field.error.get_or_insert(text);
    }

    /// The field with this path; else the first one inside it, such as the first line of an
    /// unset list; else the one around it.
    fn field_of(&self, path: &str) -> Option<usize> {
        let position = |wanted: &dyn Fn(&str) -> bool| {
            self.fields.iter().position(|field| wanted(&field.path))
        };
        position(&|field| field == path)
            .or_else(|| position(&|field| is_inside(field, path)))
            .or_else(|| position(&|field| is_inside(path, field)))
    }
}

impl Field {
    /// An empty field.
    pub fn new(
        path: impl Into<String>,
        label: &'static str,
        kind: &'static str,
        autocomplete: &'static str,
    ) -> Self {
        Self {
            path: path.into(),
            label,
            kind,
            value: String::new(),
            options: &[],
            autocomplete,
            hint: "",
            error: None,
            id_prefix: "",
        }
    }

    /// Offers values to choose from.
    #[must_use]
    pub fn options(self, options: &'static [(&'static str, &'static str)]) -> Self {
        Self { options, ..self }
    }

    /// Whether an option is chosen.
    pub fn is_chosen(&self, option: &str) -> bool {
        self.value == option
    }

    /// Puts a prefix before the id of the element.
    #[must_use]
    pub fn id_prefix(self, id_prefix: &'static str) -> Self {
        Self { id_prefix, ..self }
    }

    /// Adds a hint under the label.
    #[must_use]
    pub fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    /// Fills in a value.
    #[must_use]
    pub fn value(self, value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            ..self
        }
    }

    /// The id of the element: the path in characters that CSS and URLs need not escape.
    pub fn id(&self) -> String {
        let path = self.path.replace(['.', '[', ']', '_'], "-");
        format!("{}{path}", self.id_prefix)
    }

    /// Whether a hint or an error describes the field.
    pub fn is_described(&self) -> bool {
        !self.hint.is_empty() || self.error.is_some()
    }

    /// The ids of the elements that describe the field.
    pub fn description_ids(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.id()));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.id()));
        let ids: Vec<_> = error.into_iter().chain(hint).collect();
        ids.join(" ")
    }
}

fn is_inside(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests;
