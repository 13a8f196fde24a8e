use contract::bookstore::inventory::v1::{
    BatchGetBooksRequest, BookCategory, GetBookRequest, ListCategoriesRequest,
    ListCategoriesResponse,
};
use store::testing::TestDb;
use tonic::Code;

use super::{TestInventory, book, counts, failure, in_category, metadata};

store::both_engines! {
    crate::SCHEMA =>
    imported_book_is_read_back_unchanged,
    unknown_book_id_is_not_found,
    books_are_returned_in_the_requested_order,
    categories_have_the_number_of_their_books,
    repeated_import_changes_nothing,
    message_is_imported_completely_or_not_at_all,
    messages_before_one_that_fails_are_imported,
    later_message_replaces_the_books_of_an_earlier_one,
    later_duplicate_in_a_message_replaces_the_earlier,
    import_without_stock_keeps_the_stock,
    control_characters_in_texts_are_refused,
    shipped_catalogue_is_loaded_only_into_an_empty_database,
}

async fn categories(service: &mut TestInventory) -> ListCategoriesResponse {
    let response = service
        .client
        .list_categories(ListCategoriesRequest {})
        .await;
    response.expect("the categories are listed").into_inner()
}

async fn imported_book_is_read_back_unchanged(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let import = book(
        7,
        "L'Étranger \"quoted\" \\ 日本",
        &["Albert Camus", "A, B; C"],
    );
    let mut minimal = book(8, "Anonymous", &[]);
    let stripped = minimal.book.as_mut().expect("a book is there");
    stripped.publication_year = None;
    stripped
        .price
        .as_mut()
        .expect("a price is there")
        .amount_minor = Some(0);
    service.import([import.clone(), minimal.clone()]).await;
    for expected in [import, minimal] {
        let expected = expected.book.expect("a book is there");
        let request = GetBookRequest {
            book_id: expected.book_id,
        };
        let response = service
            .client
            .get_book(request)
            .await
            .expect("the book exists");
        assert_eq!(response.into_inner().book, Some(expected));
    }
}

async fn unknown_book_id_is_not_found(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let response = service
        .client
        .get_book(GetBookRequest { book_id: 404 })
        .await;
    assert_eq!(
        failure(response),
        (
            Code::NotFound,
            "BOOK_NOT_FOUND".to_owned(),
            metadata(&[("book_id", "404")])
        )
    );
}

async fn books_are_returned_in_the_requested_order(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 5, 0).await;
    let request = BatchGetBooksRequest {
        book_ids: vec![4, 99, 1, 3, 98],
    };
    let response = service
        .client
        .batch_get_books(request)
        .await
        .expect("the books are read");
    let response = response.into_inner();
    let found: Vec<_> = response.books.iter().map(|book| book.book_id).collect();
    assert_eq!(
        (found, response.missing_book_ids),
        (vec![4, 1, 3], vec![99, 98])
    );
}

async fn categories_have_the_number_of_their_books(database: TestDb) {
    let mut service = TestInventory::open(&database);
    assert_eq!(
        categories(&mut service).await,
        ListCategoriesResponse::default()
    );
    service
        .import([
            book(1, "A", &[]),
            in_category(BookCategory::Poetry, book(2, "B", &[])),
            book(3, "C", &[]),
        ])
        .await;
    let first = categories(&mut service).await;
    let counts: Vec<_> = first
        .categories
        .iter()
        .map(|count| (count.category(), count.book_count))
        .collect();
    assert_eq!(
        counts,
        [(BookCategory::Mystery, 2), (BookCategory::Poetry, 1)]
    );

    service
        .import([in_category(BookCategory::Poetry, book(1, "A", &[]))])
        .await;
    let second = categories(&mut service).await;
    assert!(second.catalogue_revision > first.catalogue_revision);
    let counts: Vec<_> = second
        .categories
        .iter()
        .map(|count| count.book_count)
        .collect();
    assert_eq!(counts, [1, 2]);
}

async fn repeated_import_changes_nothing(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let mut books: Vec<_> = (1..=30)
        .map(|id| book(id, &format!("Title {id}"), &["X"]))
        .collect();
    books[3].on_hand = Some(4);
    let counts = service.import(books.clone()).await;
    assert_eq!(
        (counts.created, counts.updated, counts.unchanged),
        (30, 0, 0)
    );
    let revision = categories(&mut service).await.catalogue_revision;

    let counts = service.import(books.clone()).await;
    assert_eq!(
        (counts.created, counts.updated, counts.unchanged),
        (0, 0, 30)
    );
    assert_eq!(categories(&mut service).await.catalogue_revision, revision);

    books[0].book.as_mut().expect("a book is there").title = "New".to_owned();
    books[3].on_hand = Some(5);
    books.push(book(31, "Title 31", &["X"]));
    let counts = service.import(books).await;
    assert_eq!(
        (counts.created, counts.updated, counts.unchanged),
        (1, 2, 28)
    );
    assert_eq!(
        categories(&mut service).await.catalogue_revision,
        revision + 1
    );
}

async fn message_is_imported_completely_or_not_at_all(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 2, 10).await;
    service.reserve(&[(2, 6)]).await.expect("copies are held");
    let mut too_few = book(2, "Book 2", &["Author"]);
    too_few.on_hand = Some(5);
    let outcome = service
        .try_import([book(1, "Changed", &[]), book(3, "New", &[]), too_few])
        .await;
    assert_eq!(
        failure(outcome),
        (
            Code::FailedPrecondition,
            "STOCK_BELOW_RESERVED".to_owned(),
            metadata(&[("book_id", "2"), ("reserved", "6")])
        )
    );
    let request = BatchGetBooksRequest {
        book_ids: vec![1, 3],
    };
    let response = service
        .client
        .batch_get_books(request)
        .await
        .expect("the books are read");
    let response = response.into_inner();
    assert_eq!(response.books[0].title, "Book 1");
    assert_eq!(response.missing_book_ids, [3]);
}

async fn messages_before_one_that_fails_are_imported(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    service.reserve(&[(1, 6)]).await.expect("copies are held");
    let new = |id| vec![book(id, "New", &[])];
    let mut too_few = book(1, "Book 1", &["Author"]);
    too_few.on_hand = Some(5);
    let refused = service
        .try_import_messages([new(2), new(3), vec![too_few], new(4)])
        .await;
    assert_eq!(failure(refused).1, "STOCK_BELOW_RESERVED");
    let invalid = service
        .try_import_messages([new(5), new(6), Vec::new(), new(7)])
        .await;
    let invalid = invalid.expect_err("a message without books is not valid");
    assert_eq!(invalid.code(), Code::InvalidArgument);
    let request = BatchGetBooksRequest {
        book_ids: (2..=7).collect(),
    };
    let found = service.client.batch_get_books(request).await;
    let found = found.expect("the books are read").into_inner();
    assert_eq!(found.missing_book_ids, [4, 7]);
}

async fn later_message_replaces_the_books_of_an_earlier_one(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let counts = service
        .try_import_messages([
            vec![book(1, "Earlier", &[]), book(2, "Other", &[])],
            vec![book(1, "Later", &[]), book(2, "Other", &[])],
        ])
        .await
        .expect("the books are imported");
    let counts = (counts.created, counts.updated, counts.unchanged);
    assert_eq!(counts, (2, 1, 1));
    let request = GetBookRequest { book_id: 1 };
    let found = service.client.get_book(request).await;
    let found = found.expect("the book exists").into_inner().book;
    assert_eq!(found.expect("required").title, "Later");
}

async fn later_duplicate_in_a_message_replaces_the_earlier(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let mut later = book(1, "Later", &[]);
    later.on_hand = Some(3);
    let counts = service
        .import([book(1, "Earlier", &[]), later.clone(), later])
        .await;
    assert_eq!(
        (counts.created, counts.updated, counts.unchanged),
        (1, 1, 1)
    );
    let response = service.client.get_book(GetBookRequest { book_id: 1 }).await;
    let title = response
        .expect("the book exists")
        .into_inner()
        .book
        .expect("a book is there")
        .title;
    assert_eq!(
        (title.as_str(), service.level(1).await.on_hand),
        ("Later", 3)
    );
}

async fn import_without_stock_keeps_the_stock(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    service.reserve(&[(1, 4)]).await.expect("copies are held");
    service.import([book(1, "Changed", &[])]).await;
    assert_eq!(counts(service.level(1).await), (10, 4, 6));
    let mut restocked = book(1, "Changed", &[]);
    restocked.on_hand = Some(4);
    service.import([restocked]).await;
    assert_eq!(counts(service.level(1).await), (4, 4, 0));
}

async fn control_characters_in_texts_are_refused(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let texts = ["\0", "a\tb", "a\n", "\u{7f}", "\u{9b}31m"];
    for text in texts {
        for import in [book(1, text, &[]), book(1, "Title", &[text])] {
            let refused = service.try_import([import]).await;
            let code = refused.expect_err("it is refused").code();
            assert_eq!(code, Code::InvalidArgument, "{text:?}");
        }
    }
    service.import([book(1, "a\u{a0}é", &["日本"])]).await;
}

async fn shipped_catalogue_is_loaded_only_into_an_empty_database(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let loaded = service
        .inventory
        .load_shipped_catalogue()
        .await
        .expect("it is loaded");
    let loaded = loaded.expect("the service was empty");
    assert!(
        loaded.created > 300 && loaded.updated == 0 && loaded.unchanged == 0,
        "{loaded:?}"
    );
    let response = service.client.get_book(GetBookRequest { book_id: 1 }).await;
    let book = response
        .expect("the book exists")
        .into_inner()
        .book
        .expect("a book is there");
    assert_eq!(book.title, "The Maltese Falcon");
    assert!(service.level(1).await.on_hand > 0);

    service.import([super::book(1, "Renamed", &[])]).await;
    let again = service
        .inventory
        .load_shipped_catalogue()
        .await
        .expect("nothing fails");
    assert_eq!(again, None);
}
