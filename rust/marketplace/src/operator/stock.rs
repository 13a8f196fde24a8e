//! `/operator/stock`: finds books, and sets how many copies of them there are.

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use contract::bookstore::inventory::v1::{
    BatchGetStockRequest, Book, SearchBooksRequest, SetStockRequest, StockLevel,
};

use super::{AREAS, access::Operator, call, failed};
use crate::{
    OperatorClients,
    deadline::Failure,
    forms::SentForm,
    pages::{PageLayout, QueryParams, render, search::form_urlencode, see_other},
    refusal::Refusal,
    shop::Shop,
};

/// How many books a search shows.
const MAX_BOOKS: i32 = 20;

#[derive(Template)]
#[template(path = "operator/stock.html")]
struct StockPage {
    layout: PageLayout,
    area: &'static str,
    done: Option<&'static str>,
    query: String,
    books: Vec<StockRow>,
    /// Why the last change was refused.
    problem: Option<String>,
}

struct StockRow {
    book: Book,
    authors: String,
    level: StockLevel,
    /// What was typed, and what is wrong with it.
    refused: Option<(String, String)>,
}

impl StockPage {
    fn is_refused(&self) -> bool {
        self.problem.is_some() || self.books.iter().any(|row| row.refused.is_some())
    }
}

/// A change that was refused.
struct Refused {
    book_id: i32,
    typed: String,
    why: String,
}

/// `GET /operator/stock?q=&done=`
pub(super) async fn page(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    Query(params): Query<QueryParams>,
) -> Response {
    let done = match params.get("done") {
        Some("set") => Some("The stock is changed."),
        _ => None,
    };
    let query = params.get("q").unwrap_or_default().trim().to_owned();
    stock_page(&shop, &clients, query, done, None).await
}

/// `POST /operator/stock`
pub(super) async fn set(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let typed = sent.text("on_hand");
    let book_id = sent.number("book_id");
    // The page always says what the operator has seen: without that, the call is refused.
    let request = SetStockRequest {
        book_id,
        on_hand: typed.parse().ok(),
        expected_on_hand: Some(sent.text("seen").parse().unwrap_or(-1)),
    };
    let query = sent.text("q");
    let deadline = shop.action_deadline();
    let why = match call!(deadline, clients.inventory, set_stock, request) {
        Ok(_) => {
            let query = form_urlencode(&query);
            return see_other(&format!("/operator/stock?q={query}&done=set"));
        }
        Err(refusal) => problem(&refusal),
    };
    let refused = Refused {
        book_id,
        typed,
        why: why.to_owned(),
    };
    stock_page(&shop, &clients, query, None, Some(refused)).await
}

fn problem(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Declared { reason, .. } if reason == "STOCK_CHANGED" => {
            "The number of copies has changed since you loaded the page, because some were sold or \
             somebody else has set it. It is as shown here now: set it again if that is still right."
        }
        Refusal::Declared { reason, .. } if reason == "STOCK_BELOW_RESERVED" => {
            "There cannot be fewer copies than those that are reserved for orders."
        }
        Refusal::Declared { .. } => "This book is not in the catalogue any more.",
        Refusal::Invalid(_) => "Write a number from 0 to 1,000,000.",
        Refusal::SignedOut | Refusal::Unavailable => {
            "Inventory doesn’t answer at the moment. Look at the stock and try again."
        }
    }
}

async fn stock_page(
    shop: &Shop,
    clients: &OperatorClients,
    query: String,
    done: Option<&'static str>,
    refused: Option<Refused>,
) -> Response {
    let books = match find(shop, clients, &query).await {
        Ok(books) => books,
        Err(refusal) => return failed(shop, &refusal),
    };
    let status = match refused {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let mut page = StockPage {
        layout: PageLayout::new(shop),
        area: AREAS[2].0,
        done,
        query,
        books,
        problem: None,
    };
    if let Some(refused) = refused {
        let mut books = page.books.iter_mut();
        match books.find(|row| row.book.book_id == refused.book_id) {
            Some(row) => row.refused = Some((refused.typed, refused.why)),
            None => page.problem = Some(refused.why),
        }
    }
    render(status, &page)
}

/// The books that match a query, with their stock; none if it is empty.
async fn find(
    shop: &Shop,
    clients: &OperatorClients,
    query: &str,
) -> Result<Vec<StockRow>, Refusal> {
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let deadline = shop.deadline();
    let found = match query.parse() {
        // Books are also found by their number.
        Ok(book_id) => match shop.clients.book(deadline, book_id).await {
            Ok(book) => Ok(vec![book]),
            Err(Failure::NotFound | Failure::InvalidArgument) => Ok(Vec::new()),
            Err(failure) => Err(failure),
        },
        Err(_) => {
            let request = SearchBooksRequest {
                query: query.to_owned(),
                page_size: MAX_BOOKS,
                ..SearchBooksRequest::default()
            };
            let found = shop.clients.search(deadline, request).await;
            found.map(|found| found.books)
        }
    };
    let books = match found {
        Ok(books) if !books.is_empty() => books,
        // Such as a query without any word.
        Ok(_) | Err(Failure::InvalidArgument | Failure::NotFound) => return Ok(Vec::new()),
        Err(Failure::Unavailable) => return Err(Refusal::Unavailable),
    };
    let book_ids = books.iter().map(|book| book.book_id).collect();
    let request = BatchGetStockRequest { book_ids };
    let levels = call!(deadline, clients.inventory, batch_get_stock, request)?;
    let levels = levels.levels.into_iter();
    let mut levels: HashMap<_, _> = levels.map(|level| (level.book_id, level)).collect();
    let rows = books.into_iter().filter_map(|book| {
        Some(StockRow {
            level: levels.remove(&book.book_id)?,
            authors: book.authors.join(", "),
            book,
            refused: None,
        })
    });
    Ok(rows.collect())
}
