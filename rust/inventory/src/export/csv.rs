//! Export as CSV.

use std::io::{self, Write};

use contract::bookstore::inventory::v1::Book;
use service::BookCategory;

use super::BookWriter;
use crate::import::{
    amount::{format_hundredths, format_price},
    categories,
    csv_escape::escape,
    field::Field,
};

/// The columns. Tags and a second ISBN are only for files of others.
const COLUMNS: [Field; 19] = [
    Field::Id,
    Field::Title,
    Field::Authors,
    Field::Year,
    Field::Category,
    Field::Price,
    Field::Currency,
    Field::Stock,
    Field::Isbn,
    Field::OriginalTitle,
    Field::Language,
    Field::Rating,
    Field::RatingCount,
    Field::Description,
    Field::Publisher,
    Field::PageCount,
    Field::Series,
    Field::SeriesNumber,
    Field::ImageUrl,
];

pub(super) struct CsvWriter<W: Write>(csv::Writer<W>);

impl<W: Write> CsvWriter<W> {
    /// Writes the header.
    pub(super) fn new(output: W) -> io::Result<Self> {
        let mut rows = csv::Writer::from_writer(output);
        rows.write_record(COLUMNS.map(Field::name))?;
        Ok(Self(rows))
    }
}

impl<W: Write + Send> BookWriter for CsvWriter<W> {
    fn write(&mut self, book: &Book, on_hand: i32) -> io::Result<()> {
        Ok(self
            .0
            .write_record(COLUMNS.map(|field| text(field, book, on_hand)))?)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn text(field: Field, book: &Book, on_hand: i32) -> String {
    let price = book.price.as_ref();
    match field {
        Field::Id => book.book_id.to_string(),
        Field::Title => escape(&book.title),
        Field::Authors => {
            let names = book.authors.iter().map(|name| escape(name));
            names.collect::<Vec<_>>().join("; ")
        }
        Field::Year => optional(book.publication_year.map(|year| year.to_string())),
        Field::Category => {
            let category = BookCategory::from_number(book.category);
            optional(category.map(|category| categories::name(category).to_owned()))
        }
        Field::Price => optional(price.map(format_price)),
        Field::Currency => optional(price.map(|price| price.currency_code.clone())),
        Field::Stock => on_hand.to_string(),
        Field::Isbn => book.isbn.clone(),
        Field::OriginalTitle => escape(&book.original_title),
        Field::Language => book.language.clone(),
        Field::Rating => optional(book.rating_hundredths.map(format_hundredths)),
        Field::RatingCount => book.rating_count.to_string(),
        Field::Description => escape(&book.description),
        Field::Publisher => escape(&book.publisher),
        Field::PageCount => optional(book.page_count.map(|pages| pages.to_string())),
        Field::Series => escape(&book.series),
        Field::SeriesNumber => book.series_number.clone(),
        Field::ImageUrl => escape(&book.image_url),
        Field::Tags | Field::Isbn10 => String::new(),
    }
}

fn optional(text: Option<String>) -> String {
    text.unwrap_or_default()
}
