//! The form of the visitor's own review.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use contract::bookstore::reviews::v1::{DeleteReviewRequest, PutReviewRequest, Review};

use super::{
    PageLayout, join, known_book, no_such_book, own_review, render, see_other, title, unavailable,
};
use crate::{
    forms::{Field, Form, SentForm},
    pages::{book::parse_book_id, orders::sign_in_first},
    refusal::{Refusal, call_for},
    shop::Shop,
    visitor::Visitor,
};

const STARS: &[(&str, &str)] = &[
    ("", "Please choose"),
    ("5", "5 stars: excellent"),
    ("4", "4 stars: good"),
    ("3", "3 stars: mixed"),
    ("2", "2 stars: weak"),
    ("1", "1 star: bad"),
];

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    layout: PageLayout,
    book_id: i32,
    title: String,
    form: Form,
    /// Whether there is a review that can be deleted.
    exists: bool,
    /// Why readers don't see the review; empty if they do.
    hidden_reason: String,
    /// Whether the session has ended since the form was shown.
    is_signed_out: bool,
}

/// `GET /books/{id}/review`: the form, with the review if there is one.
pub(crate) async fn page(
    State(shop): State<Arc<Shop>>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let visitor = Visitor::current();
    let Some(book_id) = parse_book_id(&id) else {
        return no_such_book(&shop, &id);
    };
    if visitor.session.is_none() {
        return sign_in_first(&path(book_id));
    }
    let deadline = shop.deadline();
    let (book, review) = join(
        known_book(&shop, deadline, book_id),
        own_review(&shop, &visitor, deadline, book_id),
    )
    .await;
    let Ok(book) = book else {
        return no_such_book(&shop, &id);
    };
    let review = match review {
        Ok(review) => review,
        Err(Refusal::SignedOut) => return sign_in_first(&path(book_id)),
        Err(_) => return unavailable(&shop),
    };
    let page = ReviewPage {
        layout: PageLayout::new(&shop),
        book_id,
        title: title(book.as_ref(), book_id),
        form: review_form(book_id, review.as_ref(), &visitor),
        exists: review.is_some(),
        hidden_reason: review
            .map(|review| review.hidden_reason)
            .unwrap_or_default(),
        is_signed_out: false,
    };
    render(StatusCode::OK, &page)
}

/// `POST /reviews/write`: writing the same review again changes nothing.
pub(crate) async fn write(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let visitor = Visitor::current();
    let book_id = sent.number("book_id");
    let request = PutReviewRequest {
        book_id,
        stars: sent.number("stars"),
        title: sent.text("title"),
        // Browsers send line ends as two characters, which would count twice.
        body: sent.text("body").replace("\r\n", "\n"),
        author_name: sent.text("author_name"),
    };
    let deadline = shop.action_deadline();
    let client = &shop.clients.reviews;
    match call_for!(visitor, deadline, client, put_review, request) {
        Ok(_) => see_other(&format!("/books/{book_id}?done=reviewed")),
        Err(refusal) => refused(&shop, &visitor, book_id, &sent, &refusal).await,
    }
}

/// `POST /reviews/delete`
pub(crate) async fn delete(State(shop): State<Arc<Shop>>, sent: SentForm) -> Response {
    let visitor = Visitor::current();
    let book_id = sent.number("book_id");
    let (request, deadline) = (DeleteReviewRequest { book_id }, shop.action_deadline());
    let client = &shop.clients.reviews;
    match call_for!(visitor, deadline, client, delete_review, request) {
        Ok(_) => see_other(&format!("/books/{book_id}?done=review-deleted")),
        Err(Refusal::SignedOut) => sign_in_first(&path(book_id)),
        Err(Refusal::Unavailable) => unavailable(&shop),
        Err(Refusal::Invalid(_) | Refusal::Declared { .. }) => no_such_book(&shop, ""),
    }
}

/// The form again, with what was typed. Also after the session has ended, because signing in
/// in another tab lets the visitor send it.
async fn refused(
    shop: &Shop,
    visitor: &Visitor,
    book_id: i32,
    sent: &SentForm,
    refusal: &Refusal,
) -> Response {
    let Ok(book) = known_book(shop, shop.deadline(), book_id).await else {
        return no_such_book(shop, "");
    };
    let form = review_form(book_id, None, visitor);
    let page = ReviewPage {
        layout: PageLayout::new(shop),
        book_id,
        title: title(book.as_ref(), book_id),
        form: form.filled(sent).refused(refusal, |_| {
            "This can’t be saved, and nothing has changed.".to_owned()
        }),
        exists: false,
        hidden_reason: String::new(),
        is_signed_out: *refusal == Refusal::SignedOut,
    };
    let status = if *refusal == Refusal::Unavailable {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    render(status, &page)
}

fn path(book_id: i32) -> String {
    format!("/books/{book_id}/review")
}

/// The form for a review. The name of a new one is that of the account, which the visitor sees
/// before readers do.
fn review_form(book_id: i32, review: Option<&Review>, visitor: &Visitor) -> Form {
    let account = visitor.account.as_ref();
    let profile = account.and_then(|account| account.profile.as_ref());
    let display_name = profile.map(|profile| profile.display_name.clone());
    let review = review.cloned().unwrap_or_else(|| Review {
        author_name: display_name.unwrap_or_default(),
        ..Review::default()
    });
    let stars = match review.stars {
        0 => String::new(),
        stars => stars.to_string(),
    };
    Form::new("/reviews/write", "Publish the review")
        .hidden("book_id", book_id.to_string())
        .field(
            Field::new("stars", "Stars", "select", "off")
                .options(STARS)
                .value(stars),
        )
        .field(Field::new("title", "Headline (optional)", "text", "off").value(review.title))
        .field(Field::new("body", "Review (optional)", "textarea", "off").value(review.body))
        .field(
            Field::new("author_name", "Your name (optional)", "text", "nickname")
                .hint("Readers see it beside the review; without a name the review is anonymous")
                .value(review.author_name),
        )
}
