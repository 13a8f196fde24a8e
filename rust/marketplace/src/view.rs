//! View models: books as the templates show them.

use std::collections::HashMap;

use contract::bookstore::inventory::v1::Book;

use crate::{category::CategoryInfo, cover, currency};

/// Up to this many copies, the page shows the number.
const FEW_COPIES: i32 = 5;

/// A book in a list.
#[derive(Debug)]
pub(crate) struct BookCard {
    pub id: i32,
    pub title: String,
    /// The authors: `A`, `A & B`, `A, B & C`; empty if they are unknown.
    pub byline: String,
    pub price: Option<String>,
    pub stock: Option<Stock>,
    /// The URL of the cover.
    pub cover: String,
}

/// The availability that a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stock {
    Plenty,
    Few(i32),
    None,
}

/// A book with all its details.
#[derive(Debug)]
pub(crate) struct BookDetails {
    pub card: BookCard,
    pub authors: Vec<String>,
    pub year: Option<String>,
    pub category: Option<&'static CategoryInfo>,
}

impl Stock {
    /// Classifies a number of available copies.
    pub fn from_available(available: i32) -> Self {
        match available {
            ..=0 => Self::None,
            1..=FEW_COPIES => Self::Few(available),
            _ => Self::Plenty,
        }
    }

    /// The text for visitors.
    pub fn text(&self) -> String {
        match self {
            Self::Plenty => "In stock".to_owned(),
            Self::Few(count) => format!("Only {count} left"),
            Self::None => "Sold out".to_owned(),
        }
    }

    /// The CSS class.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Plenty => "plenty",
            Self::Few(_) => "few",
            Self::None => "none",
        }
    }

    /// Whether a card shows it: "In stock" under every book would be noise.
    pub fn is_shown_on_card(&self) -> bool {
        *self != Self::Plenty
    }
}

impl BookCard {
    /// `stock` is the number of available copies by book id; a book without an entry has
    /// unknown stock.
    pub fn new(book: &Book, stock: &HashMap<i32, i32>) -> Self {
        Self {
            id: book.book_id,
            title: book.title.clone(),
            byline: byline(&book.authors),
            price: book.price.as_ref().and_then(currency::price),
            stock: stock.get(&book.book_id).copied().map(Stock::from_available),
            cover: cover::cover_url(book),
        }
    }

    /// A cached book while Inventory does not answer: without its price, which may have
    /// changed.
    pub fn without_inventory(book: &Book) -> Self {
        Self {
            price: None,
            ..Self::new(book, &HashMap::new())
        }
    }
}

impl BookDetails {
    /// `stock` is the number of available copies by book id; a book without an entry has
    /// unknown stock.
    pub fn new(book: &Book, stock: &HashMap<i32, i32>) -> Self {
        Self {
            card: BookCard::new(book, stock),
            authors: book.authors.clone(),
            year: book.publication_year.map(year),
            category: CategoryInfo::from_number(book.category),
        }
    }
}

/// The cards of a list, in the same order.
pub(crate) fn cards(books: &[Book], stock: &HashMap<i32, i32>) -> Vec<BookCard> {
    books
        .iter()
        .map(|book| BookCard::new(book, stock))
        .collect()
}

fn byline(authors: &[String]) -> String {
    match authors {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} & {two}"),
        [one, two, three] => format!("{one}, {two} & {three}"),
        [one, two, ..] => format!("{one}, {two} and others"),
    }
}

fn year(year: i32) -> String {
    if year < 0 {
        return format!("{} BC", year.unsigned_abs());
    }
    year.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_text_depends_on_available_copies() {
        let texts = [-1, 0, 1, 5, 6].map(|available| Stock::from_available(available).text());
        let expected = [
            "Sold out",
            "Sold out",
            "Only 1 left",
            "Only 5 left",
            "In stock",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn byline_names_at_most_three_authors() {
        let names = ["A", "B", "C", "D"].map(str::to_owned);
        let bylines: Vec<_> = (0..=4).map(|count| byline(&names[..count])).collect();
        assert_eq!(bylines, ["", "A", "A & B", "A, B & C", "A, B and others"]);
    }

    #[test]
    fn negative_years_are_shown_as_bc() {
        assert_eq!(year(-750), "750 BC");
        assert_eq!(year(1813), "1813");
    }
}
