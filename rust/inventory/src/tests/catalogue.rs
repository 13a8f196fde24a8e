use contract::bookstore::inventory::v1::{
    BatchGetBooksRequest, BookCategory, GetBookRequest, ListCategoriesRequest,
    ListCategoriesResponse,
};
use store::testing::TestDb;
use tonic::Code;

use super::{Shop, book, failure, levels, metadata, shelved};

store::both_engines! {
    crate::SCHEMA =>
    an_imported_book_is_read_as_it_came,
    a_number_without_a_book_is_not_found,
    several_books_come_in_the_order_asked,
    categories_count_their_books,
    a_second_import_changes_nothing,
    a_message_is_imported_whole_or_not_at_all,
    a_book_twice_in_a_message_stays_as_the_later,
    stock_of_an_import_is_kept_unless_it_is_said,
    a_nul_character_becomes_a_replacement_character,
    the_shipped_catalogue_is_loaded_once,
}

async fn categories(shop: &mut Shop) -> ListCategoriesResponse {
    let answer = shop.client.list_categories(ListCategoriesRequest {}).await;
    answer.expect("the categories are listed").into_inner()
}

async fn an_imported_book_is_read_as_it_came(database: TestDb) {
    let mut shop = Shop::open(&database);
    let import = book(
        7,
        "L'Étranger \"quoted\" \\ 日本",
        &["Albert Camus", "A, B; C"],
    );
    let mut bare = book(8, "Anonymous", &[]);
    let stripped = bare.book.as_mut().expect("a book is there");
    stripped.publication_year = None;
    stripped
        .price
        .as_mut()
        .expect("a price is there")
        .amount_minor = Some(0);
    shop.import([import.clone(), bare.clone()]).await;
    for expected in [import, bare] {
        let expected = expected.book.expect("a book is there");
        let request = GetBookRequest {
            book_id: expected.book_id,
        };
        let answer = shop
            .client
            .get_book(request)
            .await
            .expect("the book exists");
        assert_eq!(answer.into_inner().book, Some(expected));
    }
}

async fn a_number_without_a_book_is_not_found(database: TestDb) {
    let mut shop = Shop::open(&database);
    let answer = shop.client.get_book(GetBookRequest { book_id: 404 }).await;
    assert_eq!(
        failure(answer),
        (
            Code::NotFound,
            "BOOK_NOT_FOUND".to_owned(),
            metadata(&[("book_id", "404")])
        )
    );
}

async fn several_books_come_in_the_order_asked(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 5, 0).await;
    let request = BatchGetBooksRequest {
        book_ids: vec![4, 99, 1, 3, 98],
    };
    let answer = shop
        .client
        .batch_get_books(request)
        .await
        .expect("the books are read");
    let answer = answer.into_inner();
    let found: Vec<_> = answer.books.iter().map(|book| book.book_id).collect();
    assert_eq!(
        (found, answer.missing_book_ids),
        (vec![4, 1, 3], vec![99, 98])
    );
}

async fn categories_count_their_books(database: TestDb) {
    let mut shop = Shop::open(&database);
    assert_eq!(
        categories(&mut shop).await,
        ListCategoriesResponse::default()
    );
    shop.import([
        book(1, "A", &[]),
        shelved(BookCategory::Poetry, book(2, "B", &[])),
        book(3, "C", &[]),
    ])
    .await;
    let first = categories(&mut shop).await;
    let counts: Vec<_> = first
        .categories
        .iter()
        .map(|count| (count.category(), count.book_count))
        .collect();
    assert_eq!(
        counts,
        [(BookCategory::Mystery, 2), (BookCategory::Poetry, 1)]
    );

    shop.import([shelved(BookCategory::Poetry, book(1, "A", &[]))])
        .await;
    let second = categories(&mut shop).await;
    assert!(second.catalogue_revision > first.catalogue_revision);
    let counts: Vec<_> = second
        .categories
        .iter()
        .map(|count| count.book_count)
        .collect();
    assert_eq!(counts, [1, 2]);
}

async fn a_second_import_changes_nothing(database: TestDb) {
    let mut shop = Shop::open(&database);
    let mut books: Vec<_> = (1..=30)
        .map(|id| book(id, &format!("Title {id}"), &["X"]))
        .collect();
    books[3].on_hand = Some(4);
    let counts = shop.import(books.clone()).await;
    assert_eq!(
        (counts.created, counts.updated, counts.unchanged),
        (30, 0, 0)
    );
    let revision = categories(&mut shop).await.catalogue_revision;

    let counts = shop.import(books.clone()).await;
    assert_eq!(
        (counts.created, counts.updated, counts.unchanged),
        (0, 0, 30)
    );
    assert_eq!(categories(&mut shop).await.catalogue_revision, revision);

    books[0].book.as_mut().expect("a book is there").title = "New".to_owned();
    books[3].on_hand = Some(5);
    books.push(book(31, "Title 31", &["X"]));
    let counts = shop.import(books).await;
    assert_eq!(
        (counts.created, counts.updated, counts.unchanged),
        (1, 2, 28)
    );
    assert_eq!(categories(&mut shop).await.catalogue_revision, revision + 1);
}

async fn a_message_is_imported_whole_or_not_at_all(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 2, 10).await;
    shop.reserve(&[(2, 6)]).await.expect("copies are held");
    let mut too_few = book(2, "Book 2", &["Author"]);
    too_few.on_hand = Some(5);
    let outcome = shop
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
    let answer = shop
        .client
        .batch_get_books(request)
        .await
        .expect("the books are read");
    let answer = answer.into_inner();
    assert_eq!(answer.books[0].title, "Book 1");
    assert_eq!(answer.missing_book_ids, [3]);
}

async fn a_book_twice_in_a_message_stays_as_the_later(database: TestDb) {
    let mut shop = Shop::open(&database);
    let mut later = book(1, "Later", &[]);
    later.on_hand = Some(3);
    let counts = shop
        .import([book(1, "Earlier", &[]), later.clone(), later])
        .await;
    assert_eq!(
        (counts.created, counts.updated, counts.unchanged),
        (1, 1, 1)
    );
    let answer = shop.client.get_book(GetBookRequest { book_id: 1 }).await;
    let title = answer
        .expect("the book exists")
        .into_inner()
        .book
        .expect("a book is there")
        .title;
    assert_eq!((title.as_str(), shop.level(1).await.on_hand), ("Later", 3));
}

async fn stock_of_an_import_is_kept_unless_it_is_said(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    shop.reserve(&[(1, 4)]).await.expect("copies are held");
    shop.import([book(1, "Changed", &[])]).await;
    assert_eq!(levels(shop.level(1).await), (10, 4, 6));
    let mut restocked = book(1, "Changed", &[]);
    restocked.on_hand = Some(4);
    shop.import([restocked]).await;
    assert_eq!(levels(shop.level(1).await), (4, 4, 0));
}

async fn a_nul_character_becomes_a_replacement_character(database: TestDb) {
    let mut shop = Shop::open(&database);
    let counts = shop.import([book(1, "\0", &["a\0b"])]).await;
    assert_eq!(counts.created, 1);
    assert_eq!(shop.import([book(1, "\0", &["a\0b"])]).await.unchanged, 1);
    let answer = shop.client.get_book(GetBookRequest { book_id: 1 }).await;
    let book = answer
        .expect("the book exists")
        .into_inner()
        .book
        .expect("a book is there");
    assert_eq!(
        (book.title.as_str(), book.authors[0].as_str()),
        ("\u{fffd}", "a\u{fffd}b")
    );
}

async fn the_shipped_catalogue_is_loaded_once(database: TestDb) {
    let mut shop = Shop::open(&database);
    let loaded = shop
        .inventory
        .load_shipped_catalogue()
        .await
        .expect("it is loaded");
    let loaded = loaded.expect("the shop was empty");
    assert!(
        loaded.created > 300 && loaded.updated == 0 && loaded.unchanged == 0,
        "{loaded:?}"
    );
    let answer = shop.client.get_book(GetBookRequest { book_id: 1 }).await;
    let book = answer
        .expect("the book exists")
        .into_inner()
        .book
        .expect("a book is there");
    assert_eq!(book.title, "The Maltese Falcon");
    assert!(shop.level(1).await.on_hand > 0);

    shop.import([super::book(1, "Renamed", &[])]).await;
    let again = shop
        .inventory
        .load_shipped_catalogue()
        .await
        .expect("nothing fails");
    assert_eq!(again, None);
}
