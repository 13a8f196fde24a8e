//! The pages of authors and of series: all their books.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use contract::bookstore::inventory::v1::{Book, SearchBooksRequest, SearchOrder};
use text_normalization::slug;

use super::{
    MessagePage, PageLayout, Pager, QueryParams, no_such_page, render_with_notices,
    search::{MAX_QUERY_CHARACTERS, form_urlencode, last_page},
    service_unavailable,
};
use crate::{
    canonical::moved_permanently,
    currency::with_thousands_separators,
    deadline::Failure,
    metadata::{self, Breadcrumb, Metadata},
    paging::PAGE_SIZE,
    shop::Shop,
    view::{BookCard, cards},
};

/// The longest name that the contract allows, in characters.
const MAX_NAME_CHARACTERS: usize = 200;

/// What the books of a list have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BookList {
    Author,
    Series,
}

#[derive(Template)]
#[template(path = "book_list.html")]
struct BookListPage {
    layout: PageLayout,
    notices: Vec<&'static str>,
    list: BookList,
    name: String,
    description: String,
    /// The number of books, with thousands separators.
    count: String,
    cards: Vec<BookCard>,
    pager: Pager,
}

impl BookList {
    /// The path of the list of this name; `None` for a name without letters and digits.
    pub fn path(self, name: &str) -> Option<String> {
        let slug = slug(name);
        (!slug.is_empty()).then(|| self.path_of_slug(&slug))
    }

    fn path_of_slug(self, slug: &str) -> String {
        let section = match self {
            Self::Author => "authors",
            Self::Series => "series",
        };
        format!("/{section}/{}", form_urlencode(slug))
    }

    /// The names of the lists to which a book belongs.
    pub fn names(self, book: &Book) -> &[String] {
        match self {
            Self::Author => &book.authors,
            Self::Series if book.series.is_empty() => &[],
            Self::Series => std::slice::from_ref(&book.series),
        }
    }

    /// The first of the names of the lists of some books that has this slug.
    pub fn name_with_slug<'b>(self, books: &'b [Book], wanted: &str) -> Option<&'b str> {
        let mut names = books.iter().flat_map(|book| self.names(book));
        let name = names.find(|name| slug(name) == wanted);
        name.map(String::as_str)
    }

    /// What stands before the name where another page leads to the list.
    pub fn link_text(self) -> &'static str {
        match self {
            Self::Author => "All books by",
            Self::Series => "All books of the series",
        }
    }

    fn introduction(self) -> &'static str {
        match self {
            Self::Author => "Books by this author, the best known first",
            Self::Series => "A series, in the order of its books",
        }
    }

    fn description(self, name: &str) -> String {
        match self {
            Self::Author => format!("Books by {name}, at Bindery."),
            Self::Series => format!("The books of the series {name} in their order, at Bindery."),
        }
    }

    fn unknown_heading(self) -> &'static str {
        match self {
            Self::Author => "We don’t have this author",
            Self::Series => "We don’t have this series",
        }
    }

    /// The call for a page of the books. The query has the words of the name, as far as it may be
    /// long; the filter does the rest.
    fn request(self, slug: &str, number: u32) -> SearchBooksRequest {
        let mut query = String::new();
        for word in slug.split('-') {
            if query.chars().count() + 1 + word.chars().count() > MAX_QUERY_CHARACTERS {
                break;
            }
            query.push_str(word);
            query.push(' ');
        }
        let mut request = SearchBooksRequest {
            query: query.trim_end().to_owned(),
            page_size: i32::try_from(PAGE_SIZE).unwrap_or(i32::MAX),
            skip: i32::try_from((number - 1) * PAGE_SIZE).unwrap_or(i32::MAX),
            ..SearchBooksRequest::default()
        };
        match self {
            Self::Author => slug.clone_into(&mut request.author),
            Self::Series => {
                slug.clone_into(&mut request.series);
                request.set_order(SearchOrder::Series);
            }
        }
        request
    }

    fn structured_data(self, shop_url: &str, name: &str, path: &str) -> String {
        match self {
            Self::Author => metadata::person(shop_url, name, path),
            Self::Series => metadata::series(shop_url, name, path),
        }
    }

    /// The type in Open Graph.
    fn kind(self) -> &'static str {
        match self {
            Self::Author => "profile",
            Self::Series => "website",
        }
    }
}

/// `GET /authors/{slug}?page=`
pub(crate) async fn author(
    shop: State<Arc<Shop>>,
    slug: Result<Path<String>, PathRejection>,
    params: Query<QueryParams>,
) -> Response {
    page(BookList::Author, &shop, slug, &params).await
}

/// `GET /series/{slug}?page=`
pub(crate) async fn series(
    shop: State<Arc<Shop>>,
    slug: Result<Path<String>, PathRejection>,
    params: Query<QueryParams>,
) -> Response {
    page(BookList::Series, &shop, slug, &params).await
}

async fn page(
    list: BookList,
    shop: &Shop,
    requested: Result<Path<String>, PathRejection>,
    params: &QueryParams,
) -> Response {
    let Ok(Path(requested)) = requested else {
        return no_such_page("");
    };
    let slug = slug(&requested);
    if slug.is_empty() || slug.chars().count() > MAX_NAME_CHARACTERS {
        return unknown(shop, list, &requested).into_response();
    }
    let number = match params.page_number() {
        Ok(number) => number,
        Err(message) => return message.with_categories_of(shop).into_response(),
    };
    let path = list.path_of_slug(&slug);
    if slug != requested {
        let address = Pager::new(&path, number, false, None).url(number);
        return moved_permanently(&address);
    }
    let deadline = shop.deadline();
    let request = list.request(&slug, number);
    let found = match shop.clients.search(deadline, request).await {
        Ok(found) if found.total_count > 0 => found,
        Ok(_) | Err(Failure::NotFound | Failure::InvalidArgument) => {
            return unknown(shop, list, &slug).into_response();
        }
        Err(Failure::Unavailable) => {
            let what = "We can’t look up these books at the moment.";
            return service_unavailable(shop, what).into_response();
        }
    };
    let last = last_page(found.total_count);
    let name = list.name_with_slug(&found.books, &slug);
    let Some(name) = name.filter(|_| number <= last).map(str::to_owned) else {
        return beyond_last_page(shop, last).into_response();
    };
    shop.cache.insert_books(&found.books);
    let ids = found.books.iter().map(|book| book.book_id);
    let stock = shop.clients.stock(deadline, ids).await;
    let mut notices = Vec::new();
    if stock.is_err() {
        notices.push("We can’t see our stock at the moment: a book may turn out to be sold out.");
    }
    let page = BookListPage {
        layout: layout(shop, list, &name, &path, number),
        notices,
        list,
        description: list.description(&name),
        count: count(found.total_count),
        cards: cards(&found.books, &stock.unwrap_or_default()),
        pager: Pager::new(&path, number, number < last, Some(last)),
        name,
    };
    render_with_notices(&page.notices, &page)
}

fn count(books: i32) -> String {
    if books == 1 {
        return "1 book".to_owned();
    }
    let books = with_thousands_separators(u64::try_from(books).unwrap_or_default());
    format!("{books} books")
}

/// The layout of a page of the list, each of which has its own address.
fn layout(shop: &Shop, list: BookList, name: &str, path: &str, number: u32) -> PageLayout {
    let (address, title) = if number == 1 {
        (path.to_owned(), name.to_owned())
    } else {
        (
            format!("{path}?page={number}"),
            format!("{name}, page {number}"),
        )
    };
    let mut metadata = Metadata::new(shop.url(), &address, title, list.description(name));
    metadata.kind = list.kind();
    let data = list.structured_data(shop.url(), name, path);
    metadata.structured_data.push(data);
    PageLayout::new(shop)
        .with_breadcrumbs([Breadcrumb::new(name, path)])
        .with_metadata(shop, metadata)
}

fn unknown(shop: &Shop, list: BookList, slug: &str) -> MessagePage {
    let text = "We have no book under this name. Maybe a search finds the one you mean.";
    MessagePage::not_found(list.unknown_heading(), text.to_owned())
        .with_suggested_query(slug)
        .with_categories_of(shop)
}

/// The message for a page number after the last page.
fn beyond_last_page(shop: &Shop, last: u32) -> MessagePage {
    let pages = if last == 1 {
        "one page".to_owned()
    } else {
        format!("{last} pages")
    };
    let text = format!("There are only {pages} of these books.");
    MessagePage::not_found("The books end before this page", text).with_categories_of(shop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_has_the_slug_of_the_name() {
        let path = BookList::Author.path("J. K. Rowling");
        assert_eq!(path.as_deref(), Some("/authors/jk-rowling"));
        let path = BookList::Series.path("村上 X");
        assert_eq!(path.as_deref(), Some("/series/%E6%9D%91%E4%B8%8A-x"));
        assert_eq!(BookList::Author.path("?!"), None);
    }

    #[test]
    fn query_of_a_long_name_is_as_long_as_the_contract_allows() {
        let long = ["word"; 40].join("-");
        let query = BookList::Author.request(&long, 1).query;
        assert_eq!(query.split(' ').count(), 20);
        assert!(query.chars().count() <= MAX_QUERY_CHARACTERS);
        let request = BookList::Series.request("dune-saga", 3);
        assert_eq!((request.query.as_str(), request.skip), ("dune saga", 48));
        assert_eq!(request.series, "dune-saga");
    }
}
