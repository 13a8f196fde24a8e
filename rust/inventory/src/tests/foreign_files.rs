//! Tests of the import of files that others have made: their columns, categories, encodings,
//! dialects and formats.

use contract::bookstore::inventory::v1::{Book, BookCategory, BookImport};
use encoding_rs::WINDOWS_1252;

use crate::import::{BookTags, Mapping, Note, OpenError, Options, Reader, RowError, TagNames};

const GOODBOOKS_CSV: &str = include_str!("../../fixtures/goodbooks.csv");

fn with_price() -> Options {
    let mut options = Options::default();
    options.set_default_price("9.99").expect("it is an amount");
    options
}

fn mapped(columns: &[&str]) -> Options {
    let mut mapping = Mapping::default();
    for column in columns {
        mapping.add_column(column).expect("it is valid");
    }
    Options {
        mapping,
        ..with_price()
    }
}

fn reader(file: impl Into<Vec<u8>>, options: Options) -> Reader {
    let reader = Reader::new(std::io::Cursor::new(file.into()), options);
    reader.expect("the format is known")
}

fn imports(file: impl Into<Vec<u8>>, options: Options) -> Vec<BookImport> {
    let rows = reader(file, options);
    rows.map(|row| row.expect("the row is valid").1).collect()
}

fn books(file: impl Into<Vec<u8>>, options: Options) -> Vec<Book> {
    let imports = imports(file, options).into_iter();
    imports
        .map(|import| import.book.expect("it is set"))
        .collect()
}

fn notes(reader: &Reader) -> Vec<(Note, u64, u64)> {
    reader.notes().iter().collect()
}

#[test]
fn goodbooks_format_is_known() {
    let books = books(GOODBOOKS_CSV, with_price());
    let first = &books[0];
    assert_eq!(
        (first.book_id, first.publication_year),
        (1_000_001, Some(2008))
    );
    assert_eq!(first.title, "The Hunger Games (The Hunger Games, #1)");
    assert_eq!(first.category(), BookCategory::General);
    assert_eq!(
        first.price.as_ref().and_then(|price| price.amount_minor),
        Some(999)
    );
    assert_eq!(
        (first.isbn.as_str(), first.language.as_str()),
        ("9780439023481", "en")
    );
    assert_eq!(
        (first.rating_hundredths, first.rating_count),
        (Some(434), 4_780_653)
    );
    assert_eq!(
        (first.series.as_str(), first.series_number.as_str()),
        ("The Hunger Games", "1")
    );
    assert_eq!(
        first.image_url,
        "https://images.gr-assets.com/books/1447303603m/2767052.jpg"
    );
    assert_eq!(first.original_title, "", "the title begins with it");
    assert_eq!(
        books[1].original_title,
        "Harry Potter and the Philosopher's Stone"
    );
    assert_eq!(books[1].authors, ["J.K. Rowling", "Mary GrandPré"]);
    assert_eq!(books[2].isbn, "");
    assert_eq!(books[2].image_url, "", "it is a placeholder");
    assert_eq!(
        (books[2].title.as_str(), books[2].publication_year),
        ("Ἰλιάς", None)
    );
    assert_eq!(books.len(), 3);
}

#[test]
fn categories_follow_from_tags_in_other_files() {
    let tags = "tag_id,tag_name\n1,to-read\n2,sci-fi\n3,fantasy\n";
    let names = TagNames::read(tags.as_bytes()).expect("it is valid");
    let book_tags = "goodreads_book_id,tag_id,count\n2767052,1,9\n2767052,2,5\n3,3,7\n1371,1,4\n";
    let with_tags = |mapping: Mapping| {
        let book_tags = BookTags::read(book_tags.as_bytes(), Some(&names), &mapping);
        Options {
            book_tags: Some(book_tags.expect("it is valid")),
            mapping,
            ..with_price()
        }
    };
    let categories = |options: Options, file: &str| -> Vec<_> {
        let books = books(file, options).into_iter();
        books.map(|book| book.category()).collect()
    };
    use BookCategory::{Classics, Fantasy, General, Mystery, ScienceFiction};
    assert_eq!(
        categories(with_tags(Mapping::default()), GOODBOOKS_CSV),
        [ScienceFiction, Fantasy, General]
    );
    let mut mapping = Mapping::default();
    for category in ["sci-fi=mystery", "*=classics"] {
        mapping.add_category(category).expect("it is valid");
    }
    assert_eq!(
        categories(with_tags(mapping), GOODBOOKS_CSV),
        [Mystery, Fantasy, Classics]
    );
    let json = "{\"id\": 1, \"title\": \"T\", \"goodreads_book_id\": 3}\n";
    assert_eq!(categories(with_tags(Mapping::default()), json), [Fantasy]);
    let opened = Reader::new(
        std::io::Cursor::new("id,title\n1,T\n"),
        with_tags(Mapping::default()),
    );
    let error = opened.expect_err("it has no such column").to_string();
    assert!(error.contains("goodreads_book_id"), "{error}");
}

#[test]
fn file_without_prices_is_refused_without_a_default_price() {
    let mut reader = reader(GOODBOOKS_CSV, Options::default());
    let errors: Vec<RowError> = reader.by_ref().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 3);
    assert_eq!(errors[0].line, 2);
    assert!(
        errors[0].message.contains("--default-price"),
        "{}",
        errors[0]
    );
    assert_eq!(notes(&reader), [], "no row is valid");
}

#[test]
fn what_is_decided_for_a_row_is_counted() {
    let file = "id,title,isbn,rating,price\n1,A,123,4.5,1\n2,B,,9,\n3,C,439023483,,2\n";
    let mut reader = reader(file, with_price());
    assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 3);
    assert_eq!(
        notes(&reader),
        [
            (Note::DefaultPrice, 1, 3),
            (Note::NoCategory, 3, 2),
            (Note::InvalidIsbn, 1, 2),
            (Note::InvalidRating, 1, 3),
        ]
    );
}

#[test]
fn foreign_columns_and_categories_are_mapped() {
    let file = "Nr;Titel;Autoren;Jahr;Genre;Preis;Lager\n\
                7;Die Verwandlung;Franz Kafka;1915;Klassiker;8,50;3\n";
    let mapping = "author_separator = \"/\"\n[columns]\nid = \"nr\"\ntitle = [\"Untertitel\", \"Titel\"]\n\
                   authors = \"Autoren\"\nyear = \"Jahr\"\ncategory = \"Genre\"\nprice = \"Preis\"\n\
                   stock = \"Lager\"\n[categories]\nKlassiker = \"classics\"\n";
    let options = Options {
        mapping: Mapping::parse(mapping).expect("it is valid"),
        currency: Some("EUR".to_owned()),
        ..Options::default()
    };
    let imports = imports(file, options);
    let book = imports[0].book.as_ref().expect("it is set");
    assert_eq!((book.book_id, book.title.as_str()), (7, "Die Verwandlung"));
    assert_eq!(book.category(), BookCategory::Classics);
    let price = book.price.as_ref().expect("it is set");
    assert_eq!(
        (price.currency_code.as_str(), price.amount_minor),
        ("EUR", Some(850))
    );
    assert_eq!(imports[0].on_hand, Some(3));
}

#[test]
fn mapped_column_that_is_missing_is_an_error() {
    let error = Reader::new("id,title\n".as_bytes(), mapped(&["price=Preis"]));
    let error = error.expect_err("there is no such column");
    assert!(matches!(error, OpenError::MissingColumn { .. }), "{error}");
    assert!(error.to_string().contains("\"Preis\""), "{error}");
}

#[test]
fn categories_are_derived_from_tags() {
    let file = "id,title,genres\n1,A,\"to-read, Sci-Fi, fantasy\"\n2,B,cookery\n";
    let of = |options| {
        let books = books(file, options);
        [books[0].category(), books[1].category()]
    };
    assert_eq!(
        of(mapped(&["tags=genres"])),
        [BookCategory::ScienceFiction, BookCategory::General]
    );
    let mut options = mapped(&["tags=genres"]);
    let cookery = options.mapping.add_category("cookery=self_help");
    cookery.expect("it is a category");
    assert_eq!(of(options)[1], BookCategory::SelfHelp);
}

#[test]
fn dialects_and_encodings_of_spreadsheets_are_detected() {
    let expected = ["Über \"alles\"; und, mehr", "Café"];
    let semicolons = "id;title;price\r\n1;\"Über \"\"alles\"\"; und, mehr\";1,50\r\n2;Café;2\r\n";
    let tabs = "id\ttitle\tprice\n1\tÜber \"alles\"; und, mehr\t1.50\n2\tCafé\t2\n";
    let backslashes = "id,title,price\n1,\"Über \\\"alles\\\"; und, mehr\",1.50\n2,Café,2\n";
    let utf_16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(tabs.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for (file, format) in [
        (semicolons.as_bytes().to_vec(), "CSV with ';'"),
        (
            WINDOWS_1252.encode(semicolons).0.into_owned(),
            "CSV with ';' in windows-1252",
        ),
        (tabs.as_bytes().to_vec(), "CSV with '\\t'"),
        (utf_16, "CSV with '\\t' in UTF-16LE"),
        (backslashes.as_bytes().to_vec(), "CSV with ','"),
    ] {
        let reader = reader(file, Options::default());
        assert_eq!(reader.format(), format);
        let titles: Vec<_> = reader
            .map(|row| row.expect("it is valid").1.book.expect("it is set").title)
            .collect();
        assert_eq!(titles, expected, "{format}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_far_behind_the_beginning_are_an_error() {
    let mut file = "id,title,price\n".to_owned();
    for id in 1..=20_000 {
        file.push_str(&format!("{id},A title of some length,1\n"));
    }
    let mut file = file.into_bytes();
    file.extend_from_slice(b"20001,Caf\xe9,1\n");
    let errors: Vec<_> = reader(file, Options::default())
        .filter_map(Result::err)
        .collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].line, 20_002);
    assert!(errors[0].message.contains("--encoding"), "{}", errors[0]);
}

#[test]
fn json_lines_are_parsed() {
    let file = concat!(
        r#"{"id": 1, "title": "Good Omens", "authors": ["Terry Pratchett", "Neil Gaiman"], "price": 9.5, "stock": 3, "rating": 4.25}"#,
        "\n\n",
        r#"{"id": "2", "title": "Emma", "authors": "Jane Austen; Somebody", "price": "7", "tags": ["classics"], "year": null}"#,
        "\n"
    );
    let imports = imports(file, Options::default());
    let first = imports[0].book.as_ref().expect("it is set");
    assert_eq!(first.authors, ["Terry Pratchett", "Neil Gaiman"]);
    assert_eq!(
        (first.rating_hundredths, imports[0].on_hand),
        (Some(425), Some(3))
    );
    let price = first.price.as_ref().and_then(|price| price.amount_minor);
    assert_eq!(price, Some(950));
    let second = imports[1].book.as_ref().expect("it is set");
    assert_eq!(second.authors, ["Jane Austen", "Somebody"]);
    assert_eq!(second.category(), BookCategory::Classics);
}

#[test]
fn keys_of_json_lines_are_mapped_also_within_objects() {
    let file = r#"{"volume": {"name": "Emma", "identifiers": {"isbn": "978-0-439-02348-1"}}}"#;
    let options = mapped(&["title=volume.name", "isbn=volume.identifiers.isbn"]);
    let books = books(file, options);
    assert_eq!(
        (books[0].title.as_str(), books[0].book_id),
        ("Emma", 43_902_348)
    );
}

#[test]
fn lines_that_are_no_objects_are_reported() {
    let file =
        "{\"id\": 1, \"title\": \"A\", \"price\": 1}\n\n[1]\n{\"id\": 2, \"title\": {}}\n{\"id\"";
    let errors: Vec<_> = reader(file, Options::default())
        .filter_map(Result::err)
        .collect();
    let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [3, 4, 5]);
    assert!(errors[0].message.contains("[1]"), "{}", errors[0]);
    assert!(
        errors[1].message.starts_with("title is neither"),
        "{}",
        errors[1]
    );
    let array = Reader::new("[{}]".as_bytes(), Options::default()).expect_err("it is an array");
    assert!(array.to_string().contains("jq"), "{array}");
}
