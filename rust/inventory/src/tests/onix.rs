//! Tests of the import of ONIX.

use contract::bookstore::inventory::v1::{BookCategory, BookImport};

use crate::import::{Options, Reader, RowError};

const REFERENCE: &str = include_str!("../../fixtures/onix_reference.xml");
const SHORT: &str = include_str!("../../fixtures/onix_short.xml");

fn rows(message: &str) -> Vec<Result<(u64, BookImport), RowError>> {
    let message = std::io::Cursor::new(message.to_owned().into_bytes());
    let reader = Reader::new(message, Options::default());
    let reader = reader.expect("the format is known");
    assert_eq!(reader.format(), "ONIX");
    reader.collect()
}

#[test]
fn reference_tags_and_short_tags_are_read_alike() {
    let reference = rows(REFERENCE);
    let (line, import) = reference[0].as_ref().expect("it is valid");
    assert_eq!((*line, import.on_hand), (9, Some(12)));
    let book = import.book.as_ref().expect("it is set");
    assert_eq!(book.title, "The Hunger Games: Book & Film");
    assert_eq!(book.authors, ["Suzanne Collins", "Ursula K. Le Guin"]);
    assert_eq!(
        (book.book_id, book.isbn.as_str()),
        (43_902_348, "9780439023481")
    );
    assert_eq!(book.category(), BookCategory::ScienceFiction);
    assert_eq!(
        (book.publication_year, book.language.as_str()),
        (Some(2008), "en")
    );
    assert_eq!(
        (book.series.as_str(), book.series_number.as_str()),
        ("The Hunger Games", "1")
    );
    assert_eq!(
        (book.publisher.as_str(), book.page_count),
        ("Scholastic Press", Some(374))
    );
    assert_eq!(
        book.description,
        "Winning means fame & fortune.\nLosing means certain death."
    );
    assert_eq!(
        book.image_url,
        "https://images.example/9780439023481.jpg?a=1&b=2"
    );
    let price = book.price.as_ref().expect("it is set");
    assert_eq!(
        (price.currency_code.as_str(), price.amount_minor),
        ("EUR", Some(1250))
    );
    let short = rows(SHORT);
    let (_, short) = short[0].as_ref().expect("it is valid");
    assert_eq!(short, import);
}

#[test]
fn deletion_is_reported_with_its_line_and_the_rest_is_read() {
    let rows = rows(REFERENCE);
    assert_eq!(rows.len(), 3);
    let deletion = rows[1].as_ref().expect_err("it is a deletion");
    assert!(
        deletion.message.contains("com.example.2") && deletion.line > 9,
        "{deletion}"
    );
    assert!(rows[2].is_ok());
}

#[test]
fn what_is_no_message_of_onix_3_is_refused() {
    for (message, expected) in [
        ("<html><body/></html>", "begins with <html>"),
        ("<ONIXMessage release=\"2.1\"/>", "release \"2.1\""),
        (
            "<ONIXMessage release=\"3.0\"><Product>",
            "ends within a product",
        ),
        (
            "<ONIXMessage release=\"3.0\"><Product></Header>",
            "not well-formed",
        ),
        (
            "<ONIXMessage release=\"3.0\"><Product><A>&eacute;</A></Product></ONIXMessage>",
            "&eacute;",
        ),
    ] {
        let rows = rows(message);
        let error = rows[0].as_ref().expect_err("it is wrong");
        assert!(error.message.contains(expected), "{message}: {error}");
        assert_eq!(rows.len(), 1, "{message}");
    }
}
