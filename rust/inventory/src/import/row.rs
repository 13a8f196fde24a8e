//! Parses a CSV row into a book and validates it.

use std::str::from_utf8;

use contract::bookstore::{
    inventory::v1::{Book, BookCategory, BookImport},
    r#type::v1::Money,
};
use csv::ByteRecord;
use prost_protovalidate::Validate;

use super::csv_format::{BOOKSTORE_COLUMNS, CsvFormat, GOODBOOKS_COLUMNS};

/// The ids of goodbooks-10k start above the ids of the shipped catalogue.
const GOODBOOKS_ID_OFFSET: i32 = 1_000_000;

/// Suffixes that belong to the name before the comma, for example in "King, Jr.".
const NAME_SUFFIXES: [&str; 8] = ["Jr.", "Jr", "Sr.", "Sr", "II", "III", "M.D.", "Ph.D."];

/// How many rule violations of a row the message lists.
const MAX_VIOLATIONS_SHOWN: usize = 3;

/// How many characters of an invalid value the message shows.
const MAX_VALUE_CHARS: usize = 60;

/// Parses a row and validates the book by the rules of the contract. The error is a message
/// for the user.
pub(super) fn parse_row(format: &CsvFormat, record: &ByteRecord) -> Result<BookImport, String> {
    let import = match format {
        CsvFormat::Bookstore(positions) => {
            parse_bookstore_row(decode_fields(record, BOOKSTORE_COLUMNS, *positions)?)?
        }
        CsvFormat::Goodbooks(positions) => {
            parse_goodbooks_row(decode_fields(record, GOODBOOKS_COLUMNS, *positions)?)?
        }
    };
    match import.validate() {
        Ok(()) => Ok(import),
        Err(error) => {
            let messages =
                error.violations().iter().take(MAX_VIOLATIONS_SHOWN).map(
                    |violation| match violation.message() {
                        "" => format!(
                            "{}: breaks the rule {}",
                            violation.field_path(),
                            violation.rule_id()
                        ),
                        message => format!("{}: {message}", violation.field_path()),
                    },
                );
            Err(messages.collect::<Vec<_>>().join("; "))
        }
    }
}

fn decode_fields<'r, const N: usize>(
    record: &'r ByteRecord,
    names: [&str; N],
    positions: [usize; N],
) -> Result<[&'r str; N], String> {
    let mut fields = [""; N];
    for ((field, name), position) in fields.iter_mut().zip(names).zip(positions) {
        let bytes = record.get(position).unwrap_or_default();
        let text = from_utf8(bytes).map_err(|_| {
            format!(
                "{name} is not UTF-8: {:?}",
                shorten(&String::from_utf8_lossy(bytes))
            )
        })?;
        *field = text.trim();
    }
    Ok(fields)
}

fn parse_bookstore_row(fields: [&str; BOOKSTORE_COLUMNS.len()]) -> Result<BookImport, String> {
    let [id, title, authors, year, category, price, stock] = fields;
    Ok(BookImport {
        book: Some(Book {
            book_id: parse_integer("id", id)?,
            title: title.to_owned(),
            authors: non_empty_names(authors.split(';')),
            publication_year: parse_optional(year, |year| parse_integer("year", year))?,
            category: parse_category(category)?.into(),
            price: Some(usd(parse_cents(price)?)),
        }),
        on_hand: parse_optional(stock, |stock| parse_integer("stock", stock))?,
    })
}

fn parse_goodbooks_row(fields: [&str; GOODBOOKS_COLUMNS.len()]) -> Result<BookImport, String> {
    let [book_id, authors, year, original_title, title] = fields;
    let goodbooks_id: i32 = parse_integer("book_id", book_id)?;
    let catalogue_id = match GOODBOOKS_ID_OFFSET.checked_add(goodbooks_id) {
        Some(catalogue_id) if goodbooks_id > 0 => catalogue_id,
        _ => return Err(format!("book_id {goodbooks_id} is not from 1 to 998999999")),
    };
    Ok(BookImport {
        book: Some(Book {
            book_id: catalogue_id,
            title: if title.is_empty() {
                original_title
            } else {
                title
            }
            .to_owned(),
            authors: split_comma_separated(authors),
            publication_year: parse_optional(year, parse_goodbooks_year)?,
            category: BookCategory::General.into(),
            price: Some(usd(499 + 100 * (7 * i64::from(goodbooks_id) % 26))),
        }),
        on_hand: None,
    })
}

fn usd(cents: i64) -> Money {
    Money {
        currency_code: "USD".to_owned(),
        amount_minor: Some(cents),
    }
}

fn non_empty_names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    names
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn split_comma_separated(authors: &str) -> Vec<String> {
    let mut authors_found: Vec<String> = Vec::new();
    for name in non_empty_names(authors.split(',')) {
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

fn parse_optional<T>(
    field: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if field.is_empty() {
        Ok(None)
    } else {
        parse(field).map(Some)
    }
}

fn parse_integer(name: &str, field: &str) -> Result<i32, String> {
    field
        .parse()
        .map_err(|_| format!("{name} is not a whole number: {:?}", shorten(field)))
}

/// Parses a year as goodbooks-10k writes it: `2008.0`.
fn parse_goodbooks_year(field: &str) -> Result<i32, String> {
    let year = field.split_once('.').map_or(field, |(year, fraction)| {
        if fraction.bytes().all(|digit| digit == b'0') {
            year
        } else {
            field
        }
    });
    parse_integer("original_publication_year", year)
}

/// Parses dollars like `12.99` into cents, without floating-point rounding.
fn parse_cents(field: &str) -> Result<i64, String> {
    let invalid = || format!("price is not an amount like 12.99: {:?}", shorten(field));
    let (units, cents) = field.split_once('.').unwrap_or((field, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(units) || !digits(cents) || cents.len() > 2 {
        return Err(invalid());
    }
    let units: i64 = units.parse().map_err(|_| invalid())?;
    let parsed: i64 = cents.parse().map_err(|_| invalid())?;
    let cents = if cents.len() == 1 {
        10 * parsed
    } else {
        parsed
    };
    units
        .checked_mul(100)
        .and_then(|units| units.checked_add(cents))
        .ok_or_else(invalid)
}

/// Parses a category: its name in the contract without the prefix, in upper or lower case.
fn parse_category(field: &str) -> Result<BookCategory, String> {
    const PREFIX: &str = "BOOK_CATEGORY_";
    let name = field.to_uppercase().replace([' ', '-'], "_");
    match BookCategory::from_str_name(&format!("{PREFIX}{name}")) {
        Some(category) if category != BookCategory::Unspecified => Ok(category),
        _ => {
            let names: Vec<_> = (1..)
                .map_while(|number| BookCategory::try_from(number).ok())
                .map(|category| {
                    category
                        .as_str_name()
                        .trim_start_matches(PREFIX)
                        .to_lowercase()
                })
                .collect();
            let names = names.join(", ");
            Err(format!(
                "category is not known: {:?}; it is one of {names}",
                shorten(field)
            ))
        }
    }
}

/// An invalid value for a message, shortened to [`MAX_VALUE_CHARS`].
fn shorten(value: &str) -> String {
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
    fn prices_are_parsed_exactly() {
        assert_eq!(parse_cents("12.99"), Ok(1299));
        assert_eq!(parse_cents("12.9"), Ok(1290));
        assert_eq!(parse_cents("0"), Ok(0));
        for wrong in [
            "",
            "-1",
            "1.999",
            "1,50",
            "$5",
            "1.",
            ".5",
            "1e3",
            "99999999999999999999",
        ] {
            assert!(parse_cents(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn goodbooks_year_may_have_a_zero_fraction() {
        assert_eq!(parse_goodbooks_year("2008.0"), Ok(2008));
        assert_eq!(parse_goodbooks_year("-750.0"), Ok(-750));
        assert_eq!(parse_goodbooks_year("1984"), Ok(1984));
        assert!(parse_goodbooks_year("1984.5").is_err());
        assert!(parse_goodbooks_year("NaN").is_err());
    }

    #[test]
    fn comma_before_a_name_suffix_does_not_separate() {
        let authors = split_comma_separated("Martin Luther King, Jr., Clayborne Carson,, ");
        assert_eq!(authors, ["Martin Luther King, Jr.", "Clayborne Carson"]);
    }

    #[test]
    fn category_is_parsed_by_its_name_in_the_contract() {
        assert_eq!(
            parse_category("science_fiction"),
            Ok(BookCategory::ScienceFiction)
        );
        assert_eq!(parse_category("Self-Help"), Ok(BookCategory::SelfHelp));
        let error = parse_category("cookery").expect_err("there is no such category");
        assert!(
            error.contains("\"cookery\"") && error.contains("mystery, "),
            "{error}"
        );
        assert!(parse_category("").is_err() && parse_category("unspecified").is_err());
    }
}
