//! Makes a book of a record, and validates it by the rules of the contract.

use contract::bookstore::inventory::v1::{Book, BookImport};
use prost_protovalidate::Validate;
use service::BookCategory;

use super::{
    Note, Options,
    amount::{parse_hundredths, parse_price},
    categories, details,
    field::Field,
    language,
    record::Record,
};
use crate::isbn;

/// Suffixes that belong to the name before the comma, for example in "King, Jr.".
const NAME_SUFFIXES: [&str; 8] = ["Jr.", "Jr", "Sr.", "Sr", "II", "III", "M.D.", "Ph.D."];

/// How many rule violations of a row the message lists.
const MAX_VIOLATIONS_SHOWN: usize = 3;

/// How many characters of an invalid value the message shows.
const MAX_VALUE_CHARS: usize = 60;

/// The largest id of the contract.
const MAX_ID: i32 = 999_999_999;

/// Makes books of records.
#[derive(Debug)]
pub(super) struct Converter {
    options: Options,
    /// The id of the next book without one.
    next_id: Option<i32>,
}

impl Converter {
    pub(super) fn new(options: Options) -> Self {
        Self {
            next_id: options.first_id,
            options,
        }
    }

    /// The book of a record. The error is a message for the user.
    pub(super) fn convert(
        &mut self,
        record: &Record<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<BookImport, String> {
        let title = record.text(Field::Title);
        let isbn = isbn(record, notes);
        let rating_hundredths = rating(record, notes);
        let book_id = self.id(record, &isbn)?;
        let mapping = &self.options.mapping;
        let (series, series_number) = details::series(record, mapping, notes);
        let book = Book {
            book_id,
            title: title.to_owned(),
            authors: self.authors(record),
            publication_year: optional(record.text(Field::Year), parse_year)?,
            category: self.category(record, notes)?.number(),
            price: Some(self.price(record, notes)?),
            isbn,
            original_title: original_title(record, title),
            language: language(record),
            rating_hundredths,
            rating_count: optional(record.text(Field::RatingCount), parse_count)?
                .unwrap_or_default(),
            description: details::description(record, notes),
            publisher: record.text(Field::Publisher).to_owned(),
            page_count: details::page_count(optional(record.text(Field::PageCount), |text| {
                parse_integer("page_count", text)
            })?),
            series,
            series_number,
            image_url: details::image_url(record, mapping, notes),
        };
        let on_hand = optional(record.text(Field::Stock), |text| {
            parse_integer("stock", text)
        })?;
        if on_hand.is_none() && self.options.default_stock.is_some() {
            notes.push(Note::DefaultStock);
        }
        let import = BookImport {
            book: Some(book),
            on_hand: on_hand.or(self.options.default_stock),
        };
        validate(&import)?;
        Ok(import)
    }

    /// The id of the record. Without one, it is the nine digits of an ISBN that begins with 978,
    /// which are the same at every import and different for every book.
    fn id(&mut self, record: &Record<'_>, isbn: &str) -> Result<i32, String> {
        let text = record.text(Field::Id);
        if !text.is_empty() {
            let id = parse_integer("id", text)?;
            let offset = self.options.mapping.id_offset.unwrap_or(0);
            let moved = id.checked_add(offset).filter(|moved| {
                // Without an offset the contract has the rule.
                offset == 0 || (id > 0 && (1..=MAX_ID).contains(moved))
            });
            return moved.ok_or_else(|| {
                format!(
                    "id {id} is not from 1 to {}",
                    i64::from(MAX_ID) - i64::from(offset)
                )
            });
        }
        let of_isbn = isbn.strip_prefix("978").and_then(|rest| rest.get(..9));
        match of_isbn.and_then(|digits| digits.parse().ok()) {
            Some(id) if id > 0 => return Ok(id),
            _ => {}
        }
        let Some(next) = self.next_id else {
            return Err(
                "there is neither an id nor an ISBN that begins with 978: name the column by \
                 --map id=COLUMN, or number such books by --first-id"
                    .to_owned(),
            );
        };
        self.next_id = Some(next.saturating_add(1));
        Ok(next)
    }

    fn authors(&self, record: &Record<'_>) -> Vec<String> {
        if !record.authors.is_empty() {
            return record.authors.clone();
        }
        let text = record.text(Field::Authors);
        match self.options.mapping.author_separator.as_deref() {
            Some(",") => split_names_at_commas(text),
            Some(separator) if !separator.is_empty() => non_empty(text.split(separator)),
            _ => non_empty(text.split(';')),
        }
    }

    /// The category that the file names, or else that of the first tag that means one. A book
    /// without both is in `general`, which the contract has for that.
    fn category(&self, record: &Record<'_>, notes: &mut Vec<Note>) -> Result<BookCategory, String> {
        let mapping = &self.options.mapping;
        let text = record.text(Field::Category);
        if !text.is_empty() {
            return categories::of_file(text, &mapping.categories);
        }
        let separator = match mapping.tag_separator.as_deref() {
            None | Some("") => ",",
            Some(separator) => separator,
        };
        let listed = record.tags.iter().map(String::as_str);
        let tags = listed.chain(record.text(Field::Tags).split(separator));
        let found = categories::of_tags(tags, &mapping.categories);
        let in_other_file = || {
            let tags = self.options.book_tags.as_ref();
            tags.and_then(|tags| tags.category(&record.tagged_as))
        };
        let other = || mapping.categories.get("*").copied();
        Ok(found
            .or_else(in_other_file)
            .or_else(other)
            .unwrap_or_else(|| {
                notes.push(Note::NoCategory);
                BookCategory::General
            }))
    }

    fn price(
        &self,
        record: &Record<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<contract::bookstore::r#type::v1::Money, String> {
        let text = record.text(Field::Price);
        if text.is_empty() {
            notes.push(Note::DefaultPrice);
            let price = self.options.default_price.clone();
            return price.ok_or_else(|| {
                "there is no price: name the column by --map price=COLUMN, or give all such books \
                 the same price, for example --default-price 9.99"
                    .to_owned()
            });
        }
        let currency = match record.text(Field::Currency) {
            "" => self.options.currency(),
            currency => currency,
        };
        parse_price(text, currency)
    }
}

/// The ISBN-13: that of the file, or derived from the other ISBN if it is damaged.
fn isbn(record: &Record<'_>, notes: &mut Vec<Note>) -> String {
    let texts = [Field::Isbn, Field::Isbn10].map(|field| record.text(field));
    let found = texts.into_iter().find_map(isbn::parse);
    if found.is_none() && texts.iter().any(|text| !text.is_empty()) {
        notes.push(Note::InvalidIsbn);
    }
    found.unwrap_or_default()
}

fn rating(record: &Record<'_>, notes: &mut Vec<Note>) -> Option<i32> {
    let text = record.text(Field::Rating);
    let rating = parse_hundredths(text).filter(|rating| *rating <= 500);
    if rating.is_none() && !text.is_empty() {
        notes.push(Note::InvalidRating);
    }
    rating
}

/// The original title. One with which the title of a foreign file begins tells nothing new.
fn original_title(record: &Record<'_>, title: &str) -> String {
    let original = record.text(Field::OriginalTitle);
    let is_new = record.is_exact || !title.starts_with(original);
    if is_new { original } else { "" }.to_owned()
}

fn language(record: &Record<'_>) -> String {
    let text = record.text(Field::Language);
    if record.is_exact {
        text.to_owned()
    } else {
        language::normalize(text)
    }
}

fn validate(import: &BookImport) -> Result<(), String> {
    import.validate().map_err(|error| {
        let violations = error.violations().iter().take(MAX_VIOLATIONS_SHOWN);
        let messages = violations.map(|violation| match violation.message() {
            "" => format!(
                "{}: breaks the rule {}",
                violation.field_path(),
                violation.rule_id()
            ),
            message => format!("{}: {message}", violation.field_path()),
        });
        messages.collect::<Vec<_>>().join("; ")
    })
}

fn non_empty<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    names
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn split_names_at_commas(authors: &str) -> Vec<String> {
    let mut authors_found: Vec<String> = Vec::new();
    for name in non_empty(authors.split(',')) {
        match authors_found.last_mut() {
            Some(previous) if NAME_SUFFIXES.contains(&name.as_str()) => {
                previous.push_str(", ");
                previous.push_str(&name);
            }
            _ => authors_found.push(name),
        }
    }
    authors_found
}

fn optional<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if text.is_empty() {
        Ok(None)
    } else {
        parse(text).map(Some)
    }
}

fn parse_integer(name: &str, text: &str) -> Result<i32, String> {
    without_zero_fraction(text)
        .parse()
        .map_err(|_| format!("{name} is not a whole number: {:?}", shorten(text)))
}

fn parse_count(text: &str) -> Result<i64, String> {
    without_zero_fraction(text)
        .parse()
        .map_err(|_| format!("rating_count is not a whole number: {:?}", shorten(text)))
}

/// A year such as `2008`, `2008.0` or `-750`, or a date that begins with it, such as `2008-09-14`.
fn parse_year(text: &str) -> Result<i32, String> {
    let is_date = text.get(4..5) == Some("-") && !text.starts_with('-');
    parse_integer("year", if is_date { &text[..4] } else { text })
}

/// Spreadsheets and data frames write whole numbers as `2008.0`.
fn without_zero_fraction(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    }
}

/// An invalid value for a message, shortened to [`MAX_VALUE_CHARS`].
pub(super) fn shorten(value: &str) -> String {
    let mut characters = value.chars();
    let mut shortened: String = characters.by_ref().take(MAX_VALUE_CHARS).collect();
    if characters.next().is_some() {
        shortened.push('…');
    }
    shortened
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_read_as_files_write_them() {
        assert_eq!(parse_year("2008.0"), Ok(2008));
        assert_eq!(parse_year("-750.0"), Ok(-750));
        assert_eq!(parse_year("1984"), Ok(1984));
        assert_eq!(parse_year("2008-09-14"), Ok(2008));
        assert!(parse_year("1984.5").is_err());
        assert!(parse_year("NaN").is_err());
    }

    #[test]
    fn comma_before_a_name_suffix_does_not_separate() {
        let authors = split_names_at_commas("Martin Luther King, Jr., Clayborne Carson,, ");
        assert_eq!(authors, ["Martin Luther King, Jr.", "Clayborne Carson"]);
    }

    fn convert(options: Options, texts: &[(Field, &'static str)]) -> Result<BookImport, String> {
        let mut record = Record::default();
        for (field, text) in texts {
            record.set(*field, *text);
        }
        Converter::new(options).convert(&record, &mut Vec::new())
    }

    #[test]
    fn id_is_that_of_the_file_or_of_the_isbn_or_counted() {
        let id = |options: Options, id, isbn| {
            let texts = [
                (Field::Id, id),
                (Field::Isbn, isbn),
                (Field::Title, "T"),
                (Field::Price, "1"),
            ];
            let import = convert(options, &texts)?;
            Ok::<_, String>(import.book.expect("it is set").book_id)
        };
        let none = Options::default;
        assert_eq!(id(none(), "7", "9780439023481"), Ok(7));
        assert_eq!(id(none(), "", "9780439023481"), Ok(43_902_348));
        let error = id(none(), "", "").expect_err("nothing tells an id");
        assert!(error.contains("--first-id"), "{error}");
        let counted = Options {
            first_id: Some(5000),
            ..Options::default()
        };
        assert_eq!(id(counted, "", ""), Ok(5000));
        let mut moved = Options::default();
        moved.mapping.id_offset = Some(1_000_000);
        assert_eq!(id(moved.clone(), "7", ""), Ok(1_000_007));
        for outside in ["-7", "999000000", "2147483647"] {
            let error = id(moved.clone(), outside, "").expect_err("it is outside");
            assert!(error.ends_with("from 1 to 998999999"), "{error}");
        }
    }

    #[test]
    fn missing_price_is_refused_unless_the_command_line_gives_one() {
        let texts = [(Field::Id, "1"), (Field::Title, "T")];
        let error = convert(Options::default(), &texts).expect_err("it has no price");
        assert!(error.contains("--default-price"), "{error}");
        let mut options = Options::default();
        options.set_default_price("9.99").expect("it is an amount");
        let import = convert(options, &texts).expect("it has a price");
        let price = import.book.and_then(|book| book.price).expect("it is set");
        assert_eq!(price.amount_minor, Some(999));
    }

    #[test]
    fn damaged_isbn_13_is_derived_from_the_other_one() {
        let texts = [
            (Field::Id, "1"),
            (Field::Title, "T"),
            (Field::Price, "1"),
            (Field::Isbn, "9.78043902348e+12"),
            (Field::Isbn10, "439023483"),
        ];
        let import = convert(Options::default(), &texts).expect("it is valid");
        assert_eq!(import.book.expect("it is set").isbn, "9780439023481");
    }
}
