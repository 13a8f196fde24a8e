//! From a row to a book.

use std::str::from_utf8;

use contract::bookstore::{
    inventory::v1::{Book, BookCategory, BookImport},
    r#type::v1::Money,
};
use csv::ByteRecord;
use prost_protovalidate::Validate;

use super::layout::{GOODBOOKS, Layout, MINIMAL};

/// Goodbooks get numbers above those of the shipped catalogue.
const GOODBOOKS_FIRST: i32 = 1_000_000;

/// What may follow a comma and still belong to the name before it.
const NAME_SUFFIXES: [&str; 8] = ["Jr.", "Jr", "Sr.", "Sr", "II", "III", "M.D.", "Ph.D."];

/// How many broken rules of a row are told.
const RULES_TOLD: usize = 3;

/// How much of a wrong value is told, in characters.
const VALUE_TOLD: usize = 60;

/// The book of a row, held to the rules of the contract; else what is wrong.
pub(super) fn book(layout: &Layout, record: &ByteRecord) -> Result<BookImport, String> {
    let import = match layout {
        Layout::Minimal(positions) => minimal(fields(record, MINIMAL, *positions)?)?,
        Layout::Goodbooks(positions) => goodbooks(fields(record, GOODBOOKS, *positions)?)?,
    };
    match import.validate() {
        Ok(()) => Ok(import),
        Err(broken) => {
            let told = broken
                .violations()
                .iter()
                .take(RULES_TOLD)
                .map(|violation| match violation.message() {
                    "" => format!(
                        "{}: breaks the rule {}",
                        violation.field_path(),
                        violation.rule_id()
                    ),
                    message => format!("{}: {message}", violation.field_path()),
                });
            Err(told.collect::<Vec<_>>().join("; "))
        }
    }
}

fn fields<'r, const N: usize>(
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
                told(&String::from_utf8_lossy(bytes))
            )
        })?;
        *field = text.trim();
    }
    Ok(fields)
}

fn minimal(fields: [&str; MINIMAL.len()]) -> Result<BookImport, String> {
    let [id, title, authors, year, category, price, stock] = fields;
    Ok(BookImport {
        book: Some(Book {
            book_id: whole("id", id)?,
            title: title.to_owned(),
            authors: names(authors.split(';')),
            publication_year: optional(year, |year| whole("year", year))?,
            category: self::category(category)?.into(),
            price: Some(dollars(amount(price)?)),
        }),
        on_hand: optional(stock, |stock| whole("stock", stock))?,
    })
}

fn goodbooks(fields: [&str; GOODBOOKS.len()]) -> Result<BookImport, String> {
    let [book_id, authors, year, original_title, title] = fields;
    let number: i32 = whole("book_id", book_id)?;
    let own_number = match GOODBOOKS_FIRST.checked_add(number) {
        Some(own_number) if number > 0 => own_number,
        _ => return Err(format!("book_id {number} is not from 1 to 998999999")),
    };
    Ok(BookImport {
        book: Some(Book {
            book_id: own_number,
            title: if title.is_empty() {
                original_title
            } else {
                title
            }
            .to_owned(),
            authors: comma_separated(authors),
            publication_year: optional(year, float_year)?,
            category: BookCategory::General.into(),
            price: Some(dollars(499 + 100 * (7 * i64::from(number) % 26))),
        }),
        on_hand: None,
    })
}

fn dollars(cents: i64) -> Money {
    Money {
        currency_code: "USD".to_owned(),
        amount_minor: Some(cents),
    }
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    names
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn comma_separated(authors: &str) -> Vec<String> {
    let mut separate: Vec<String> = Vec::new();
    for name in names(authors.split(',')) {
        match separate.last_mut() {
            Some(before) if NAME_SUFFIXES.contains(&name.as_str()) => {
                before.push_str(", ");
                before.push_str(&name);
            }
            _ => separate.push(name),
        }
    }
    separate
}

fn optional<T>(
    field: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if field.is_empty() {
        Ok(None)
    } else {
        parse(field).map(Some)
    }
}

fn whole(name: &str, field: &str) -> Result<i32, String> {
    field
        .parse()
        .map_err(|_| format!("{name} is not a whole number: {:?}", told(field)))
}

/// Goodbooks writes years as `2008.0`.
fn float_year(field: &str) -> Result<i32, String> {
    let year = field.split_once('.').map_or(field, |(year, fraction)| {
        if fraction.bytes().all(|digit| digit == b'0') {
            year
        } else {
            field
        }
    });
    whole("original_publication_year", year)
}

/// Dollars and cents as cents, without a detour by floats.
fn amount(field: &str) -> Result<i64, String> {
    let wrong = || format!("price is not an amount like 12.99: {:?}", told(field));
    let (units, cents) = field.split_once('.').unwrap_or((field, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(units) || !digits(cents) || cents.len() > 2 {
        return Err(wrong());
    }
    let units: i64 = units.parse().map_err(|_| wrong())?;
    let parsed: i64 = cents.parse().map_err(|_| wrong())?;
    let cents = if cents.len() == 1 {
        10 * parsed
    } else {
        parsed
    };
    units
        .checked_mul(100)
        .and_then(|units| units.checked_add(cents))
        .ok_or_else(wrong)
}

/// A category by its name in the contract, without the prefix and in any case.
fn category(field: &str) -> Result<BookCategory, String> {
    const PREFIX: &str = "BOOK_CATEGORY_";
    let name = field.to_uppercase().replace([' ', '-'], "_");
    match BookCategory::from_str_name(&format!("{PREFIX}{name}")) {
        Some(category) if category != BookCategory::Unspecified => Ok(category),
        _ => {
            let known: Vec<_> = (1..)
                .map_while(|number| BookCategory::try_from(number).ok())
                .map(|known| {
                    known
                        .as_str_name()
                        .trim_start_matches(PREFIX)
                        .to_lowercase()
                })
                .collect();
            let known = known.join(", ");
            Err(format!(
                "category is not known: {:?}; it is one of {known}",
                told(field)
            ))
        }
    }
}

fn told(value: &str) -> String {
    let mut characters = value.chars();
    let mut told: String = characters.by_ref().take(VALUE_TOLD).collect();
    if characters.next().is_some() {
        told.push('…');
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_without_floats() {
        assert_eq!(amount("12.99"), Ok(1299));
        assert_eq!(amount("12.9"), Ok(1290));
        assert_eq!(amount("0"), Ok(0));
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
            assert!(amount(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn years_of_goodbooks_lose_their_fraction() {
        assert_eq!(float_year("2008.0"), Ok(2008));
        assert_eq!(float_year("-750.0"), Ok(-750));
        assert_eq!(float_year("1984"), Ok(1984));
        assert!(float_year("1984.5").is_err());
        assert!(float_year("NaN").is_err());
    }

    #[test]
    fn a_comma_before_junior_separates_no_names() {
        let authors = comma_separated("Martin Luther King, Jr., Clayborne Carson,, ");
        assert_eq!(authors, ["Martin Luther King, Jr.", "Clayborne Carson"]);
    }

    #[test]
    fn categories_have_the_names_of_the_contract() {
        assert_eq!(
            category("science_fiction"),
            Ok(BookCategory::ScienceFiction)
        );
        assert_eq!(category("Self-Help"), Ok(BookCategory::SelfHelp));
        let error = category("cookery").expect_err("there is no such category");
        assert!(
            error.contains("\"cookery\"") && error.contains("mystery, "),
            "{error}"
        );
        assert!(category("").is_err() && category("unspecified").is_err());
    }
}
