//! Export as JSON lines.

use std::io::{self, Write};

use contract::bookstore::inventory::v1::Book;
use serde::Serialize;
use service::BookCategory;

use super::BookWriter;
use crate::import::{
    amount::{format_hundredths, format_price},
    categories,
};

pub(super) struct JsonLinesWriter<W>(W);

/// The keys are the names of the fields of an import. What is unknown is left out.
#[derive(Serialize)]
struct Line<'b> {
    id: i32,
    title: &'b str,
    authors: &'b [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'static str>,
    /// A text, because a number would be rounded by some programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'b str>,
    stock: i32,
    #[serde(skip_serializing_if = "str::is_empty")]
    isbn: &'b str,
    #[serde(skip_serializing_if = "str::is_empty")]
    original_title: &'b str,
    #[serde(skip_serializing_if = "str::is_empty")]
    language: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<String>,
    rating_count: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'b str,
    #[serde(skip_serializing_if = "str::is_empty")]
    publisher: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_count: Option<i32>,
    #[serde(skip_serializing_if = "str::is_empty")]
    series: &'b str,
    #[serde(skip_serializing_if = "str::is_empty")]
    series_number: &'b str,
    #[serde(skip_serializing_if = "str::is_empty")]
    image_url: &'b str,
}

impl<W: Write> JsonLinesWriter<W> {
    pub(super) fn new(output: W) -> Self {
        Self(output)
    }
}

impl<W: Write + Send> BookWriter for JsonLinesWriter<W> {
    fn write(&mut self, book: &Book, on_hand: i32) -> io::Result<()> {
        let price = book.price.as_ref();
        let line = Line {
            id: book.book_id,
            title: &book.title,
            authors: &book.authors,
            year: book.publication_year,
            category: BookCategory::from_number(book.category).map(categories::name),
            price: price.map(format_price),
            currency: price.map(|price| price.currency_code.as_str()),
            stock: on_hand,
            isbn: &book.isbn,
            original_title: &book.original_title,
            language: &book.language,
            rating: book.rating_hundredths.map(format_hundredths),
            rating_count: book.rating_count,
            description: &book.description,
            publisher: &book.publisher,
            page_count: book.page_count,
            series: &book.series,
            series_number: &book.series_number,
            image_url: &book.image_url,
        };
        serde_json::to_writer(&mut self.0, &line)?;
        self.0.write_all(b"\n")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
