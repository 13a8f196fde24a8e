//! An import of an export changes nothing, whatever the books are.

use contract::bookstore::{
    inventory::v1::{Book, BookImport},
    r#type::v1::Money,
};
use jiff::Timestamp;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use store::testing::TestDb;

use super::TestInventory;
use crate::{
    export::{Format, export},
    import::{Notes, Options, Reader, compare, upload},
};

store::both_engines! {
    crate::SCHEMA =>
    import_of_an_export_changes_nothing,
    export_of_many_pages_has_every_book_once,
}

const FORMATS: [Format; 3] = [
    Format::Csv,
    Format::JsonLines,
    Format::Onix(Timestamp::UNIX_EPOCH),
];

/// Texts as the contract allows them, among them those that formats treat specially.
fn text() -> impl Strategy<Value = String> {
    "[ \u{a0}\u{3000};,\"'\\\\|<>&{}\\[\\]#=aé日]{1,12}|\\PC{1,30}|The Book of \\PC{1,5}"
}

/// Descriptions also have line breaks.
fn description() -> impl Strategy<Value = String> {
    "[ \n\u{a0};,\"'\\\\<>&{}aé日]{0,12}|(\\PC{0,30}\n){0,3}\\PC{0,5}|<p>Is <b>kept</b> &amp;amp;</p>"
}

/// Series, number, publisher, pages and address of the image.
fn details() -> impl Strategy<Value = (String, String, String, Option<i32>, String)> {
    let address = "https://[a-z]{1,9}[.]example/[a-z0-9%&'();,=?#]{0,9}";
    (
        proptest::option::of(text()).prop_map(Option::unwrap_or_default),
        "([0-9]{1,5}([.][0-9]{1,3})?(-[0-9]{1,5}([.][0-9]{1,3})?)?)?",
        proptest::option::of(text()).prop_map(Option::unwrap_or_default),
        proptest::option::of(1..=100_000),
        prop_oneof![Just(String::new()), address],
    )
}

fn isbn() -> impl Strategy<Value = String> {
    let isbn_10 = "0[0-9]{8}";
    isbn_10.prop_map(|body| {
        let digits = (0..=10).map(|check| match check {
            10 => format!("{body}X"),
            digit => format!("{body}{digit}"),
        });
        digits
            .filter_map(|isbn| crate::isbn::parse(&isbn))
            .next()
            .unwrap_or_default()
    })
}

fn book() -> impl Strategy<Value = BookImport> {
    let names = (
        text(),
        proptest::collection::vec(text(), 0..4),
        proptest::option::of(text()),
        prop_oneof!["", "en", "fil", "eng"],
    );
    let numbers = (
        proptest::option::of(-3000..=2100),
        1..=17,
        proptest::sample::select(vec!["USD", "JPY", "KWD", "ZZZ"]),
        0..=1_000_000_000_000_i64,
        proptest::option::of(0..=500),
        prop_oneof![0..10_i64, 0..=9_007_199_254_740_991_i64],
        0..=1_000_000,
    );
    let isbn = prop_oneof![Just(String::new()), isbn()];
    (names, numbers, isbn, description(), details()).prop_map(|parts| {
        let (names, numbers, isbn, description, details) = parts;
        let (title, authors, original_title, language) = names;
        let (series, series_number, publisher, page_count, image_url) = details;
        let (publication_year, category, currency, amount, rating, rating_count, stock) = numbers;
        BookImport {
            book: Some(Book {
                book_id: 0,
                title,
                authors,
                publication_year,
                category,
                price: Some(Money {
                    currency_code: currency.to_owned(),
                    amount_minor: Some(amount),
                }),
                isbn,
                original_title: original_title.unwrap_or_default(),
                language,
                rating_hundredths: rating,
                rating_count,
                description,
                publisher,
                page_count,
                series,
                series_number,
                image_url,
            }),
            on_hand: Some(stock),
        }
    })
}

async fn exported(service: &mut TestInventory, format: Format) -> Vec<u8> {
    let mut file = Vec::new();
    let books = export(&mut service.client, format, &mut file, &mut |_, _| {}).await;
    books.expect("the books are exported");
    file
}

fn reader(file: &[u8]) -> Reader {
    let reader = Reader::new(std::io::Cursor::new(file.to_vec()), Options::default());
    reader.expect("the format is known")
}

async fn import_of_an_export_changes_nothing(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let mut runner = TestRunner::default();
    let books = proptest::collection::vec(book(), 300);
    let tree = books.new_tree(&mut runner).expect("books are made");
    let numbered = (1..).zip(tree.current()).map(|(book_id, mut import)| {
        if let Some(book) = &mut import.book {
            book.book_id = book_id;
        }
        import
    });
    service.import(numbered).await;
    for format in FORMATS {
        let file = exported(&mut service, format).await;
        let shown = String::from_utf8_lossy(&file);
        let comparison = compare(&mut service.client, reader(&file), &mut |_| {}).await;
        let comparison = comparison.expect("it is compared");
        assert_eq!(comparison.updated, [], "{format:?}:\n{shown}");
        let summary = upload(&mut service.client, reader(&file), None, &mut |_| {}).await;
        let summary = summary.expect("it is imported");
        assert_eq!(summary.first_bad_rows, [], "{format:?}:\n{shown}");
        assert_eq!(
            (summary.created, summary.updated, summary.unchanged),
            (0, 0, 300),
            "{format:?}"
        );
        assert_eq!(summary.notes, Notes::default());
        assert_eq!(exported(&mut service, format).await, file, "{format:?}");
    }
}

async fn export_of_many_pages_has_every_book_once(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 450, 3).await;
    let file = exported(&mut service, Format::Csv).await;
    let mut ids: Vec<i32> = reader(&file)
        .map(|row| {
            let (_, import) = row.expect("it is valid");
            assert_eq!(import.on_hand, Some(3));
            import.book.expect("it is set").book_id
        })
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=450).collect::<Vec<_>>());
}
