//! View models: books as the templates show them.

use std::collections::HashMap;

use contract::bookstore::inventory::v1::Book;

use crate::{
    category::CategoryInfo,
    cover,
    cover_image::CoverImage,
    currency::{self, with_thousands_separators},
    pages::search::language_name,
};

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
    /// Empty if it is unknown or the same as the title.
    pub original_title: String,
    /// The name of the language; `None` if it is unknown.
    pub language: Option<String>,
    /// Empty if it is unknown.
    pub isbn: String,
    /// The rating by the source of the catalogue, such as "4.33 of 5, by 1,204 readers".
    pub rating_elsewhere: Option<String>,
    /// The paragraphs of the description; none if there is no description.
    pub description: Vec<String>,
    /// Empty if it is unknown.
    pub publisher: String,
    /// The number of pages.
    pub pages: Option<String>,
    pub series: Option<SeriesPart>,
    /// The image that lies over the drawn cover.
    pub image: Option<CoverImage>,
}

/// The place of a book in a series.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SeriesPart {
    /// What stands before the name: "Part 2 of", "Parts 1–3 of" or "Part of".
    pub part: String,
    /// The name of the series.
    pub name: String,
}

impl SeriesPart {
    fn of(book: &Book) -> Option<Self> {
        let part = match book.series_number.split_once('-') {
            Some((first, last)) => format!("Parts {first}–{last} of"),
            None if book.series_number.is_empty() => "Part of".to_owned(),
            None => format!("Part {} of", book.series_number),
        };
        (!book.series.is_empty()).then(|| Self {
            part,
            name: book.series.clone(),
        })
    }
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
            original_title: book.original_title.clone(),
            language: (!book.language.is_empty()).then(|| language_name(&book.language)),
            isbn: book.isbn.clone(),
            rating_elsewhere: rating_elsewhere(book),
            description: book.description.lines().map(str::to_owned).collect(),
            publisher: book.publisher.clone(),
            pages: book
                .page_count
                .and_then(|pages| u64::try_from(pages).ok())
                .map(with_thousands_separators),
            series: SeriesPart::of(book),
            image: CoverImage::of(book),
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

fn rating_elsewhere(book: &Book) -> Option<String> {
    let hundredths = book.rating_hundredths?;
    let average = format!("{}.{:02} of 5", hundredths / 100, hundredths % 100);
    let readers = u64::try_from(book.rating_count)
        .ok()
        .filter(|count| *count > 0);
    Some(match readers {
        Some(1) => format!("{average}, by one reader"),
        Some(count) => format!("{average}, by {} readers", with_thousands_separators(count)),
        None => average,
    })
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
    fn rating_elsewhere_names_its_readers() {
        let text = |rating_hundredths, rating_count| {
            rating_elsewhere(&Book {
                rating_hundredths,
                rating_count,
                ..Book::default()
            })
        };
        let shown = text(Some(407), 1204);
        assert_eq!(shown.as_deref(), Some("4.07 of 5, by 1,204 readers"));
        assert_eq!(text(Some(500), 0).as_deref(), Some("5.00 of 5"));
        assert_eq!(text(None, 5), None);
    }

    #[test]
    fn series_part_is_named_by_its_number() {
        let shown = |series: &str, series_number: &str| {
            let part = SeriesPart::of(&Book {
                series: series.to_owned(),
                series_number: series_number.to_owned(),
                ..Book::default()
            });
            part.map(|part| format!("{} {}", part.part, part.name))
        };
        assert_eq!(shown("Dune", "2").as_deref(), Some("Part 2 of Dune"));
        assert_eq!(shown("Dune", "1.5").as_deref(), Some("Part 1.5 of Dune"));
        assert_eq!(shown("Dune", "1-3").as_deref(), Some("Parts 1–3 of Dune"));
        assert_eq!(shown("Dune", "").as_deref(), Some("Part of Dune"));
        assert_eq!(shown("", "2"), None);
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
