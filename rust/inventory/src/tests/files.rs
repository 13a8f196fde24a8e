//! `bookstore import`: from a file to the catalogue.

use std::io::Write as _;

use contract::bookstore::inventory::v1::{BookCategory, BookImport};
use proptest::prelude::*;
use store::testing::TestDb;

use super::{Client, Shop};
use crate::import::{OpenError, Reader, RowError, RunError, run};

store::both_engines! {
    crate::SCHEMA =>
    a_file_is_imported_twice_and_changes_nothing,
    bad_rows_are_reported_and_the_others_kept,
    a_refusal_ends_the_import,
}

const OWN: &str = include_str!("../../fixtures/own.csv");
const GOODBOOKS: &str = include_str!("../../fixtures/goodbooks.csv");

fn rows(file: impl Into<Vec<u8>>) -> Vec<Result<(u64, BookImport), RowError>> {
    let reader = Reader::new(std::io::Cursor::new(file.into()));
    reader.expect("the header is known").collect()
}

fn good(row: &Result<(u64, BookImport), RowError>) -> &contract::bookstore::inventory::v1::Book {
    let (_, import) = row.as_ref().expect("the row is good");
    import.book.as_ref().expect("a book is there")
}

#[test]
fn our_own_files_are_read() {
    let rows = rows(OWN);
    let lines: Vec<_> = rows
        .iter()
        .map(|row| row.as_ref().map(|row| row.0))
        .collect();
    assert_eq!(lines, [Ok(2), Ok(3), Ok(5)]);
    let first = good(&rows[0]);
    assert_eq!(first.title, "The Left Hand of \"Darkness\", or: a title");
    assert_eq!(first.category(), BookCategory::ScienceFiction);
    assert_eq!(
        first.price.as_ref().and_then(|price| price.amount_minor),
        Some(1299)
    );
    let second = good(&rows[1]);
    assert_eq!(second.authors, ["Terry Pratchett", "Neil Gaiman"]);
    let third = rows[2].as_ref().expect("the row is good");
    assert_eq!(
        (good(&rows[2]).publication_year, third.1.on_hand),
        (Some(-750), None)
    );
}

#[test]
fn goodbooks_are_read() {
    let rows = rows(GOODBOOKS);
    let first = good(&rows[0]);
    assert_eq!(
        (first.book_id, first.publication_year),
        (1_000_001, Some(2008))
    );
    assert_eq!(first.title, "The Hunger Games (The Hunger Games, #1)");
    assert_eq!(first.category(), BookCategory::General);
    assert_eq!(
        first.price.as_ref().and_then(|price| price.amount_minor),
        Some(1199)
    );
    assert_eq!(good(&rows[1]).authors, ["J.K. Rowling", "Mary GrandPré"]);
    assert_eq!(
        (
            good(&rows[2]).title.as_str(),
            good(&rows[2]).publication_year
        ),
        ("Ἰλιάς", None)
    );
    assert_eq!(rows.len(), 3);
}

#[test]
fn columns_may_stand_in_any_order_and_a_byte_order_mark_is_passed_over() {
    let rows =
        rows("\u{feff}Stock,price,CATEGORY,year,isbn,authors,title,ID\r\n4,1,poetry,,x,,T,7\r\n");
    assert_eq!(
        (good(&rows[0]).book_id, good(&rows[0]).title.as_str()),
        (7, "T")
    );
}

#[test]
fn an_unknown_header_is_refused_with_those_that_are_known() {
    for file in [
        "",
        "name,price\n1,2\n",
        "id,title,authors,year,category,price\n",
    ] {
        let error = Reader::new(file.as_bytes()).expect_err("the header is unknown");
        let message = error.to_string();
        assert!(matches!(error, OpenError::UnknownHeader { .. }));
        assert!(
            message.contains("id,title,authors,year,category,price,stock"),
            "{message}"
        );
        assert!(message.contains("original_publication_year"), "{message}");
    }
    assert!(matches!(
        Reader::open("/no/such/file"),
        Err(OpenError::Unreadable(_))
    ));
}

/// Our header and some rows.
pub(super) fn own(rows: &[&[u8]]) -> Vec<u8> {
    let mut file = b"id,title,authors,year,category,price,stock\n".to_vec();
    for row in rows {
        file.extend_from_slice(row);
        file.push(b'\n');
    }
    file
}

#[test]
fn each_bad_row_is_reported_with_its_line_and_what_is_wrong() {
    let long = format!("9,{},,,poetry,1,1", "x".repeat(301));
    let rows = rows(own(&[
        b"1,Good,,,poetry,1,1",
        b"x,Title,,,poetry,1,1",
        b"3,,,,poetry,1,1",
        b"4,Title,,,cookery,1,1",
        b"5,Title,,,poetry,free,1",
        b"6,Title,,,poetry,1,-1",
        b"0,Title,,,poetry,1,1",
        b"8,\"Two\nlines\",,99999,poetry,1,1",
        long.as_bytes(),
        b"9,T\xff,,,poetry,1,1",
        b"9,Title",
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
        "line 9: book.publication_year: ",
        "line 11: book.title: ",
        "line 12: title is not UTF-8: \"T\u{fffd}\"",
        "line 13: has 2 columns, the header has 7",
        "line 14 is good",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found} is not {expected}");
    }
}

#[test]
fn a_quotation_mark_that_nobody_closes_is_suspected() {
    let rows = rows(own(&[
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
fn lines_are_counted_however_they_end() {
    let file = String::from_utf8(own(&[
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
fn a_row_without_an_end_is_not_kept_in_memory() {
    let endless = std::io::Read::chain(
        std::io::Cursor::new(own(&[b"1,T,,,poetry,1,1"])),
        std::io::repeat(b'x'),
    );
    let mut reader = Reader::new(endless).expect("the header is known");
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
    let header = Reader::new(std::io::repeat(b'x')).expect_err("the header has no end");
    assert!(
        matches!(header, OpenError::UnknownHeader { .. }),
        "{header}"
    );
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(reader) = Reader::new(std::io::Cursor::new(bytes.clone())) {
            reader.for_each(drop);
        }
        rows(own(&[&bytes])).iter().for_each(drop);
    }

    #[test]
    fn every_row_is_a_book_or_reported(fields in proptest::collection::vec("[^\"\r\n,]{0,12}", 7)) {
        let rows = rows(own(&[fields.join(",").as_bytes()]));
        prop_assert!(rows.len() <= 1);
        for row in rows {
            if let Err(bad) = row {
                prop_assert!(bad.line == 2 && !bad.message.is_empty());
            }
        }
    }
}

async fn import(client: &mut Client, file: Vec<u8>) -> Result<crate::import::Summary, RunError> {
    let reader = Reader::new(std::io::Cursor::new(file)).expect("the header is known");
    run(client, reader, Some("token"), &mut |_| {}).await
}

async fn a_file_is_imported_twice_and_changes_nothing(database: TestDb) {
    let mut shop = Shop::open(&database);
    let mut file = own(&[]);
    for id in 1..=1234 {
        file.extend(format!("{id},Title {id},A; B,1999,poetry,9.99,{}\n", id % 7).bytes());
    }
    let mut on_disk = tempfile::NamedTempFile::new().expect("the temporary folder is writable");
    on_disk.write_all(&file).expect("the file is written");

    let reader = Reader::open(on_disk.path()).expect("the file is read");
    let mut told = Vec::new();
    let summary = run(&mut shop.client, reader, None, &mut |progress| {
        told.push(progress)
    })
    .await;
    let summary = summary.expect("the file is imported");
    assert_eq!(
        (summary.created, summary.updated, summary.unchanged),
        (1234, 0, 0)
    );
    let last = told.last().expect("progress is told");
    assert_eq!((last.rows, last.bad_rows, told.len()), (1234, 0, 3));
    assert_eq!(
        (last.bytes_read, last.bytes_total),
        (file.len() as u64, Some(file.len() as u64))
    );

    let again = import(&mut shop.client, file)
        .await
        .expect("the file is imported");
    assert_eq!(
        (again.created, again.updated, again.unchanged),
        (0, 0, 1234)
    );
    assert_eq!(shop.level(1000).await.on_hand, 1000 % 7);
}

async fn bad_rows_are_reported_and_the_others_kept(database: TestDb) {
    let mut shop = Shop::open(&database);
    let mut file = own(&[]);
    for id in 1..=30 {
        file.extend(format!("{id},Title,,,poetry,9.99,\n{id},Title,,,nothing,9.99,\n").bytes());
    }
    let summary = import(&mut shop.client, file)
        .await
        .expect("the file is imported");
    assert_eq!((summary.created, summary.bad_rows), (30, 30));
    let lines: Vec<_> = summary.first_bad_rows.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, (1..=20).map(|row| 2 * row + 1).collect::<Vec<_>>());
    let none = import(&mut shop.client, own(&[]))
        .await
        .expect("an empty file is imported");
    assert_eq!(none, crate::import::Summary::default());
}

async fn a_refusal_ends_the_import(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    shop.reserve(&[(1, 10)]).await.expect("copies are held");
    let mut file = own(&[b"1,Title,,,poetry,9.99,5"]);
    for id in 2..=5000 {
        file.extend(format!("{id},Title {id},A; B,1999,poetry,9.99,\n").bytes());
    }
    let error = import(&mut shop.client, file)
        .await
        .expect_err("the stock is reserved");
    assert!(
        matches!(&error, RunError::Refused(status)
        if status.code() == tonic::Code::FailedPrecondition),
        "{error}"
    );
}
