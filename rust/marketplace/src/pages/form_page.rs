//! A page with one form, such as the sign-in.

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{PageLayout, render};
use crate::{forms::Form, shop::Shop};

/// A page with one form, or with a message after a form was sent.
#[derive(Template)]
#[template(path = "form_page.html")]
pub(crate) struct FormPage {
    layout: PageLayout,
    heading: &'static str,
    text: &'static str,
    /// What has just been done, by another page.
    done: Option<&'static str>,
    form: Option<Form>,
    /// URLs and texts of links under the form.
    links: Vec<(String, &'static str)>,
}

impl FormPage {
    /// A page without a form.
    pub fn new(shop: &Shop, heading: &'static str, text: &'static str) -> Self {
        Self {
            layout: PageLayout::new(shop),
            heading,
            text,
            done: None,
            form: None,
            links: Vec::new(),
        }
    }

    /// Adds the form.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
    }

    /// Adds a link.
    #[must_use]
    pub fn link(mut self, url: impl Into<String>, text: &'static str) -> Self {
        self.links.push((url.into(), text));
        self
    }

    /// Tells what has just been done.
    #[must_use]
    pub fn done(mut self, done: Option<&'static str>) -> Self {
        self.done = done;
        self
    }

    fn is_refused(&self) -> bool {
        self.form.as_ref().is_some_and(Form::is_refused)
    }
}

impl IntoResponse for FormPage {
    fn into_response(self) -> Response {
        let status = if self.is_refused() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        };
        render(status, &self)
    }
}

/// Leads to a page after a form was sent, so that loading the page again sends nothing. The
/// path must be a valid header value, as those of this site are.
pub(crate) fn see_other(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}
