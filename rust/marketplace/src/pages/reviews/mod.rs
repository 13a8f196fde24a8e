//! The reviews of books: a part of the page of each book, a page with all of them, and the
//! form of the visitor's own.

mod form;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contract::bookstore::{
    inventory::v1::Book,
    reviews::v1::{GetReviewRequest, Rating, Review, ReviewOrder},
};
use futures::future::{join, join3};

use super::{
    PageLayout, QueryParams,
    book::{breadcrumbs as book_breadcrumbs, no_such_book},
    render,
    search::form_urlencode,
    see_other, service_unavailable,
};
use crate::{
    deadline::{Deadline, Failure},
    metadata::{Breadcrumb, Metadata},
    refusal::{Refusal, call_for},
    shop::Shop,
    visitor::Visitor,
};

pub(crate) use form::{delete, page as form_page, write};
pub(crate) use view::{FIVE_STARS, RatingView, ReviewView};

/// The number of reviews on the page of a book.
const SHOWN_WITH_THE_BOOK: i32 = 3;
/// The number of reviews on a page of all.
const PAGE_SIZE: i32 = 20;

/// The orders of the list: the value in the URL, and the name.
const ORDERS: [(ReviewOrder, &str, &str); 3] = [
    (ReviewOrder::NewestFirst, "newest", "Newest first"),
    (ReviewOrder::MostStarsFirst, "best", "Most stars first"),
    (ReviewOrder::FewestStarsFirst, "worst", "Fewest stars first"),
];

/// The reviews on the page of a book.
pub(crate) struct BookReviews {
    /// `None` without reviews.
    pub rating: Option<RatingView>,
    /// The rating as Reviews counts it.
    pub counted: Rating,
    /// The newest ones of other readers.
    pub newest: Vec<ReviewView>,
    /// The visitor's own; `None` if there is none, or nobody is signed in.
    pub own: Option<ReviewView>,
    /// Whether there are more than the newest.
    pub has_more: bool,
}

impl BookReviews {
    /// Reads them. Without the visitor's own review, the rest is shown.
    pub async fn read(shop: &Shop, deadline: Deadline, book_id: i32) -> Result<Self, Failure> {
        let visitor = Visitor::current();
        let own = async {
            visitor.session.as_ref()?;
            own_review(shop, &visitor, deadline, book_id).await.ok()?
        };
        let newest = ReviewOrder::NewestFirst;
        let (rating, list, own) = join3(
            shop.clients.rating(deadline, book_id),
            shop.clients
                .reviews(deadline, book_id, newest, SHOWN_WITH_THE_BOOK, ""),
            own,
        )
        .await;
        let (rating, (reviews, next_page_token)) = (rating?, list?);
        let own_id = own.as_ref().map(|own| &own.review_id);
        let others = reviews
            .iter()
            .filter(|review| Some(&review.review_id) != own_id);
        Ok(Self {
            rating: RatingView::new(&rating),
            counted: rating,
            newest: others.map(ReviewView::new).collect(),
            own: own.as_ref().map(ReviewView::new),
            has_more: !next_page_token.is_empty(),
        })
    }
}

#[derive(Template)]
#[template(path = "reviews.html")]
struct ReviewsPage {
    layout: PageLayout,
    book_id: i32,
    title: String,
    rating: Option<RatingView>,
    reviews: Vec<ReviewView>,
    order: ReviewOrder,
    is_first: bool,
    /// The URLs of the first and the next page.
    first: String,
    next: Option<String>,
}

/// `GET /books/{id}/reviews?order=&after=`: all reviews. `after` is a page token.
pub(crate) async fn list(
    State(shop): State<Arc<Shop>>,
    id: Result<Path<String>, PathRejection>,
    Query(params): Query<QueryParams>,
) -> Response {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let Some(book_id) = super::book::parse_book_id(&id) else {
        return no_such_book(&shop, &id);
    };
    let name = params.get("order").unwrap_or_default();
    let order = ORDERS.iter().find(|(_, value, _)| *value == name);
    let (order, name, _) = order.unwrap_or(&ORDERS[0]);
    let path = format!("/books/{book_id}/reviews?order={name}");
    let token = params.get("after").unwrap_or_default();
    let deadline = shop.deadline();
    let (book, rating, list) = join3(
        known_book(&shop, deadline, book_id),
        shop.clients.rating(deadline, book_id),
        shop.clients
            .reviews(deadline, book_id, *order, PAGE_SIZE, token),
    )
    .await;
    let Ok(book) = book else {
        return no_such_book(&shop, &id);
    };
    let (rating, (reviews, next_page_token)) = match (rating, list) {
        (Ok(rating), Ok(list)) => (rating, list),
        // The token is not one of this list.
        (_, Err(Failure::InvalidArgument)) if !token.is_empty() => return see_other(&path),
        _ => return unavailable(&shop),
    };
    let title = title(book.as_ref(), book_id);
    let page = ReviewsPage {
        layout: layout(&shop, book.as_ref(), book_id, &title),
        book_id,
        title,
        rating: RatingView::new(&rating),
        reviews: reviews.iter().map(ReviewView::new).collect(),
        order: *order,
        is_first: token.is_empty(),
        next: (!next_page_token.is_empty())
            .then(|| format!("{path}&after={}", form_urlencode(&next_page_token))),
        first: path,
    };
    render(StatusCode::OK, &page)
}

/// The layout of the list, whose address has no order.
fn layout(shop: &Shop, book: Option<&Book>, book_id: i32, title: &str) -> PageLayout {
    let address = format!("/books/{book_id}/reviews");
    let mut breadcrumbs = book.map(book_breadcrumbs).unwrap_or_default();
    breadcrumbs.push(Breadcrumb::new("Reviews", address.clone()));
    let heading = format!("Reviews of {title}");
    let description = format!("What readers of {title} say about it.");
    PageLayout::new(shop)
        .with_breadcrumbs(breadcrumbs)
        .with_metadata(
            shop,
            Metadata::new(shop.url(), &address, heading, description),
        )
}

/// The page while Reviews does not answer.
fn unavailable(shop: &Shop) -> Response {
    let what = "The reviews don’t answer at the moment. Looking at books and ordering them \
                still works.";
    service_unavailable(shop, what).into_response()
}

/// The visitor's review of a book, if there is one.
async fn own_review(
    shop: &Shop,
    visitor: &Visitor,
    deadline: Deadline,
    book_id: i32,
) -> Result<Option<Review>, Refusal> {
    let request = GetReviewRequest { book_id };
    let client = &shop.clients.reviews;
    match call_for!(*visitor, deadline, client, get_review, request) {
        Ok(answer) => Ok(answer.review),
        Err(Refusal::Declared { reason, .. }) if reason == "REVIEW_NOT_FOUND" => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// The book, from the cache if Inventory does not answer; `None` if it is not there either.
async fn known_book(
    shop: &Shop,
    deadline: Deadline,
    book_id: i32,
) -> Result<Option<Book>, Failure> {
    match shop.clients.book(deadline, book_id).await {
        Ok(book) => {
            shop.cache.insert_books([&book]);
            Ok(Some(book))
        }
        Err(Failure::Unavailable) => Ok(shop.cache.book(book_id)),
        Err(failure) => Err(failure),
    }
}

fn title(book: Option<&Book>, book_id: i32) -> String {
    match book {
        Some(book) => book.title.clone(),
        None => format!("the book with the number {book_id}"),
    }
}
