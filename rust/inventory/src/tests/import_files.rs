//! Tests of the import of the bookstore's own CSV format: parsing files and uploading the books.

use std::io::Write as _;

use contract::bookstore::inventory::v1::{BookCategory, BookImport};
use proptest::prelude::*;
use store::testing::TestDb;

use super::{Client, TestInventory};
use crate::import::{OpenError, Options, Reader, RowError, UploadError, upload};

store::both_engines! {
    crate::SCHEMA =>
    repeated_import_of_a_file_changes_nothing,
    invalid_rows_are_reported_and_the_others_imported,
    server_error_ends_the_import,
}

const BOOKSTORE_CSV: &str = include_str!("../../fixtures/own.csv");

/// In UTF-8, so that other bytes are not taken for another encoding.
fn utf_8() -> Options {
    Options {
        encoding: Some(encoding_rs::UTF_8),
        ..Options::default()
    }
}

fn rows(file: impl Into<Vec<u8>>) -> Vec<Result<(u64, BookImport), RowError>> {
    let reader = Reader::new(std::io::Cursor::new(file.into()), utf_8());
    reader.expect("the header is known").collect()
}

fn book_of(row: &Result<(u64, BookImport), RowError>) -> &contract::bookstore::inventory::v1::Book {
    let (_, import) = row.as_ref().expect("the row is good");
    import.book.as_ref().expect("a book is there")
}

#[test]
fn bookstore_format_is_parsed() {
    let rows = rows(BOOKSTORE_CSV);
    let lines: Vec<_> = rows
        .iter()
        .map(|row| row.as_ref().map(|row| row.0))
        .collect();
    assert_eq!(lines, [Ok(2), Ok(3), Ok(5)]);
    let first = book_of(&rows[0]);
    assert_eq!(first.title, "The Left Hand of \"Darkness\", or: a title");
    assert_eq!(first.category(), BookCategory::ScienceFiction);
    assert_eq!(
        first.price.as_ref().and_then(|price| price.amount_minor),
        Some(1299)
    );
    let second = book_of(&rows[1]);
    assert_eq!(second.authors, ["Terry Pratchett", "Neil Gaiman"]);
    let third = rows[2].as_ref().expect("the row is good");
    assert_eq!(
        (book_of(&rows[2]).publication_year, third.1.on_hand),
        (Some(-750), None)
    );
}

#[test]
fn column_order_and_byte_order_mark_are_ignored() {
    let rows =
        rows("\u{feff}Stock,price,CATEGORY,year,isbn,authors,title,ID\r\n4,1,poetry,,x,,T,7\r\n");
    assert_eq!(
        (book_of(&rows[0]).book_id, book_of(&rows[0]).title.as_str()),
        (7, "T")
    );
}

#[test]
fn unknown_header_is_refused_with_the_supported_columns() {
    for file in [
        "",
        "name,price\n1,2\n",
        "title,authors,price\n",
        "id,authors,price\n",
    ] {
        let error = Reader::new(file.as_bytes(), utf_8()).expect_err("the header is unknown");
        let message = error.to_string();
        assert!(matches!(error, OpenError::UnknownHeader { .. }));
        assert!(
            message.contains("id,title,authors,year,category,price,stock"),
            "{message}"
        );
        assert!(message.contains("--map title=Titel"), "{message}");
    }
    assert!(matches!(
        Reader::open("/no/such/file", utf_8()),
        Err(OpenError::Unreadable(_))
    ));
}

/// A file in the bookstore's format: the header and some rows.
pub(super) fn bookstore_csv(rows: &[&[u8]]) -> Vec<u8> {
    let mut file = b"id,title,authors,year,category,price,stock\n".to_vec();
    for row in rows {
        file.extend_from_slice(row);
        file.push(b'\n');
    }
    file
}

#[test]
fn invalid_row_is_reported_with_its_line_and_reason() {
    let long = format!("9,{},,,poetry,1,1", "x".repeat(301));
    let rows = rows(bookstore_csv(&[
        b"1,Good,,,poetry,1,1",
        b"x,Title,,,poetry,1,1",
        b"3,,,,poetry,1,1",
        b"4,Title,,,cookery,1,1",
        b"5,Title,,,poetry,free,1",
        b"6,Title,,,poetry,1,-1",
        b"0,Title,,,poetry,1,1",
        b"8,\"Two\nlines\",,,poetry,1,1",
        long.as_bytes(),
        b"9,T\xff,,,poetry,1,1",
        b"9,Title",
        b"9,Title,,99999,poetry,1,1",
        b"10,Good,,,poetry,1,1",
    ]));
    let found: Vec<String> = rows
        .iter()
        .map(|row| match row {
            Ok((line, _)) => format!("line {line} is good"),
            Err(bad) => bad.to_string(),
        })
        .collect();
    let expected = [
        "line 2 is good",
        "line 3: id is not a whole number: \"x\"",
        "line 4: book.title: ",
        "line 5: category is not known: \"cookery\"; it is one of mystery, ",
        "line 6: price is not an amount like 12.99: \"free\"",
        "line 7: on_hand: ",
        "line 8: book.book_id: ",
        "line 9: book.title: does not match regex pattern",
        "line 11: book.title: ",
        "line 12: title is not UTF-8: \"T\u{fffd}\"",
        "line 13: has 2 columns, the header has 7",
        "line 14: book.publication_year: ",
        "line 15 is good",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found} is not {expected}");
    }
}

#[test]
fn unclosed_quotation_mark_is_suggested_as_the_reason() {
    let rows = rows(bookstore_csv(&[
        b"1,\"Title,,,poetry,1,1",
        b"2,T,,,poetry,1,1",
        b"3,T,,,poetry,1,1",
    ]));
    let bad = rows[0].as_ref().expect_err("the row has no end");
    assert!(
        bad.line == 2 && bad.message.contains("quotation mark"),
        "{bad}"
    );
}

#[test]
fn lines_are_counted_with_all_line_ends() {
    let file = String::from_utf8(bookstore_csv(&[
        b"",
        b"1,T,,,poetry,1,1",
        b"2,\"T\nU\",,,poetry,1,1",
        b"",
        b"",
        b"x,T,,,poetry,1,1",
        b"4,T,,,poetry,1,1",
    ]));
    let file = file.expect("the rows are UTF-8");
    for file in [
        file.clone(),
        file.replace('\n', "\r\n"),
        file.replace('\n', "\r"),
        file.trim_end().to_owned(),
    ] {
        let lines: Vec<_> = rows(file.as_str())
            .iter()
            .map(|row| match row {
                Ok((line, _)) => *line,
                Err(bad) => bad.line,
            })
            .collect();
        assert_eq!(lines, [3, 4, 8, 9], "{file:?}");
    }
}

#[test]
fn endless_row_is_refused() {
    let endless = std::io::Read::chain(
        std::io::Cursor::new(bookstore_csv(&[b"1,T,,,poetry,1,1"])),
        std::io::repeat(b'x'),
    );
    let mut reader = Reader::new(endless, utf_8()).expect("the header is known");
    assert!(reader.next().is_some_and(|row| row.is_ok()));
    let bad = reader
        .next()
        .expect("the row is reported")
        .expect_err("the row is bad");
    assert!(
        bad.line == 3 && bad.message.contains("longer than 1048576 bytes"),
        "{bad}"
    );
    assert!(reader.next().is_none());
    let header = Reader::new(std::io::repeat(b'x'), utf_8()).expect_err("the header has no end");
    assert!(
        matches!(header, OpenError::UnknownHeader { .. }),
        "{header}"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(reader) = Reader::new(std::io::Cursor::new(bytes.clone()), Options::default()) {
            reader.for_each(drop);
        }
        rows(bookstore_csv(&[&bytes])).iter().for_each(drop);
    }

    #[test]
    fn every_row_is_parsed_or_reported(fields in proptest::collection::vec("[^\"\r\n,]{0,12}", 7)) {
        let rows = rows(bookstore_csv(&[fields.join(",").as_bytes()]));
        prop_assert!(rows.len() <= 1);
        for row in rows {
            if let Err(bad) = row {
                prop_assert!(bad.line == 2 && !bad.message.is_empty());
            }
        }
    }
}

async fn import(client: &mut Client, file: Vec<u8>) -> Result<crate::import::Summary, UploadError> {
    let reader = Reader::new(std::io::Cursor::new(file), utf_8()).expect("the header is known");
    upload(client, reader, Some("token"), &mut |_| {}).await
}

async fn repeated_import_of_a_file_changes_nothing(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let mut file = bookstore_csv(&[]);
    for id in 1..=1234 {
        file.extend(format!("{id},Title {id},A; B,1999,poetry,9.99,{}\n", id % 7).bytes());
    }
    let mut on_disk = tempfile::NamedTempFile::new().expect("the temporary folder is writable");
    on_disk.write_all(&file).expect("the file is written");

    let reader = Reader::open(on_disk.path(), Options::default()).expect("the file is read");
    let mut reported = Vec::new();
    let summary = upload(&mut service.client, reader, None, &mut |progress| {
        reported.push(progress)
    })
    .await;
    let summary = summary.expect("the file is imported");
    assert_eq!(
        (summary.created, summary.updated, summary.unchanged),
        (1234, 0, 0)
    );
    let last = reported.last().expect("progress is reported");
    assert_eq!((last.rows, last.bad_rows, reported.len()), (1234, 0, 3));
    assert_eq!(
        (last.bytes_read, last.bytes_total),
        (file.len() as u64, Some(file.len() as u64))
    );

    let repeated = import(&mut service.client, file)
        .await
        .expect("the file is imported");
    assert_eq!(
        (repeated.created, repeated.updated, repeated.unchanged),
        (0, 0, 1234)
    );
    assert_eq!(service.level(1000).await.on_hand, 1000 % 7);
}

async fn invalid_rows_are_reported_and_the_others_imported(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let mut file = bookstore_csv(&[]);
    for id in 1..=30 {
        file.extend(format!("{id},Title,,,poetry,9.99,\n{id},Title,,,nothing,9.99,\n").bytes());
    }
    let summary = import(&mut service.client, file)
        .await
        .expect("the file is imported");
    assert_eq!((summary.created, summary.bad_rows), (30, 30));
    let lines: Vec<_> = summary.first_bad_rows.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, (1..=20).map(|row| 2 * row + 1).collect::<Vec<_>>());
    let none = import(&mut service.client, bookstore_csv(&[]))
        .await
        .expect("an empty file is imported");
    assert_eq!(none, crate::import::Summary::default());
}

async fn server_error_ends_the_import(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    service.reserve(&[(1, 10)]).await.expect("copies are held");
    let mut file = bookstore_csv(&[b"1,Title,,,poetry,9.99,5"]);
    for id in 2..=5000 {
        file.extend(format!("{id},Title {id},A; B,1999,poetry,9.99,\n").bytes());
    }
    let error = import(&mut service.client, file)
        .await
        .expect_err("the stock is reserved");
    assert!(
        matches!(&error, UploadError::Refused(status)
        if status.code() == tonic::Code::FailedPrecondition),
        "{error}"
    );
}
