//! `/operator/reviews`: hides reviews, and shows them again.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use contract::bookstore::reviews::v1::{
    HideReviewRequest, ListAllReviewsRequest, Review, ShowReviewRequest,
};

use super::{AREAS, access::Operator, call, failed, list::ListPager};
use crate::{
    OperatorClients,
    forms::SentForm,
    pages::{PageLayout, QueryParams, account::date, render, see_other},
    refusal::Refusal,
    shop::Shop,
};

/// The number of reviews on a page.
const PAGE_SIZE: i32 = 20;

#[derive(Template)]
#[template(path = "operator/reviews.html")]
struct ReviewsPage {
    layout: PageLayout,
    area: &'static str,
    done: Option<&'static str>,
    /// Whether only hidden reviews are listed.
    hidden_only: bool,
    /// The page token of this page, to which the forms lead back.
    token: String,
    reviews: Vec<ReviewRow>,
    pager: ListPager,
    /// Why the last action was refused, if its review is not on the page.
    problem: Option<String>,
}

struct ReviewRow {
    review: Review,
    day: String,
    /// What was typed as the reason, and what is wrong with it.
    refused: Option<(String, String)>,
}

impl ReviewsPage {
    fn is_refused(&self) -> bool {
        self.problem.is_some() || self.reviews.iter().any(|row| row.refused.is_some())
    }
}

/// Which page of the list.
#[derive(Clone)]
struct Position {
    hidden_only: bool,
    token: String,
}

/// An action that was refused.
struct Refused {
    review_id: String,
    typed: String,
    why: String,
}

impl Position {
    fn new(show: &str, token: &str) -> Self {
        Self {
            hidden_only: show == "hidden",
            token: token.to_owned(),
        }
    }

    fn base(&self) -> String {
        let show = if self.hidden_only { "hidden" } else { "all" };
        format!("{}?show={show}", AREAS[3].0)
    }
}

/// `GET /operator/reviews?show=&after=&done=`
pub(super) async fn list(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    Query(params): Query<QueryParams>,
) -> Response {
    let done = match params.get("done") {
        Some("hidden") => Some("The review is hidden."),
        Some("shown") => Some("The review is shown again."),
        _ => None,
    };
    let param = |name| params.get(name).unwrap_or_default();
    let position = Position::new(param("show"), param("after"));
    reviews_page(&shop, &clients, &position, done, None).await
}

/// `POST /operator/reviews/hide`
pub(super) async fn hide(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let request = HideReviewRequest {
        review_id: sent.text("review_id"),
        reason: sent.text("reason"),
    };
    let deadline = shop.action_deadline();
    let hidden = call!(deadline, clients.reviews, hide_review, request).map(drop);
    finish(&shop, &clients, &sent, hidden, "hidden").await
}

/// `POST /operator/reviews/show`
pub(super) async fn show(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let request = ShowReviewRequest {
        review_id: sent.text("review_id"),
    };
    let deadline = shop.action_deadline();
    let shown = call!(deadline, clients.reviews, show_review, request).map(drop);
    finish(&shop, &clients, &sent, shown, "shown").await
}

/// Leads back to the list after a success; else shows it with what is wrong.
async fn finish(
    shop: &Shop,
    clients: &OperatorClients,
    sent: &SentForm,
    outcome: Result<(), Refusal>,
    done: &str,
) -> Response {
    let position = Position::new(&sent.text("show"), &sent.text("after"));
    let why = match outcome {
        Ok(()) => return see_other(&format!("{}&done={done}", position.base())),
        Err(Refusal::Invalid(_)) => "Write a reason of 1 to 500 characters for the author.",
        Err(Refusal::Declared { .. }) => "This review does not exist any more.",
        Err(Refusal::SignedOut | Refusal::Unavailable) => {
            "Reviews doesn’t answer at the moment. Please try again."
        }
    };
    let refused = Refused {
        review_id: sent.text("review_id"),
        typed: sent.text("reason"),
        why: why.to_owned(),
    };
    reviews_page(shop, clients, &position, None, Some(refused)).await
}

async fn reviews_page(
    shop: &Shop,
    clients: &OperatorClients,
    position: &Position,
    done: Option<&'static str>,
    refused: Option<Refused>,
) -> Response {
    let base = position.base();
    let request = ListAllReviewsRequest {
        hidden_only: position.hidden_only,
        page_size: PAGE_SIZE,
        page_token: position.token.clone(),
    };
    let answer = match call!(shop.deadline(), clients.reviews, list_all_reviews, request) {
        Ok(answer) => answer,
        // The token is not one of this list.
        Err(Refusal::Invalid(_) | Refusal::Declared { .. }) if !position.token.is_empty() => {
            return see_other(&base);
        }
        Err(refusal) => return failed(shop, &refusal),
    };
    let row = |review: Review| ReviewRow {
        day: date(review.update_time),
        review,
        refused: None,
    };
    let status = match refused {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let mut page = ReviewsPage {
        layout: PageLayout::new(shop),
        area: AREAS[3].0,
        done,
        hidden_only: position.hidden_only,
        token: position.token.clone(),
        reviews: answer.reviews.into_iter().map(row).collect(),
        pager: ListPager::new(&base, &position.token, &answer.next_page_token),
        problem: None,
    };
    if let Some(refused) = refused {
        let mut rows = page.reviews.iter_mut();
        match rows.find(|row| row.review.review_id == refused.review_id) {
            Some(row) => row.refused = Some((refused.typed, refused.why)),
            None => page.problem = Some(refused.why),
        }
    }
    render(status, &page)
}
