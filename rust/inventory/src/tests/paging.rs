use contract::bookstore::inventory::v1::{
    Book, BookCategory, ListBooksRequest, SearchBooksRequest,
};
use store::testing::TestDb;
use tonic::Code;

use super::{TestInventory, book, failure, in_category};

store::both_engines! {
    crate::SCHEMA =>
    pages_of_a_list_contain_every_book_once,
    pages_of_a_search_contain_every_book_once,
    unset_page_size_is_twenty,
    token_of_another_query_is_refused,
}

/// 60 books in two categories. Many have the same title, some have no letter in it.
async fn with_sixty_books(database: &TestDb) -> TestInventory {
    let mut service = TestInventory::open(database);
    let titles = ["Éclair", "eclair", "Zebra", "apple", "!!!", "Ärger", "日本"];
    service
        .import((1..=60).map(|id| {
            let title = titles[id as usize % titles.len()];
            let category = [BookCategory::Horror, BookCategory::Poetry][id as usize % 2];
            in_category(category, book(id, title, &["Same Author"]))
        }))
        .await;
    service
}

async fn list(service: &mut TestInventory, category: BookCategory, page_size: i32) -> Vec<Book> {
    let mut books = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListBooksRequest {
            category: category.into(),
            page_size,
            page_token,
        };
        let page = service
            .client
            .list_books(request)
            .await
            .expect("the page is listed");
        let page = page.into_inner();
        assert!(page.books.len() <= page_size as usize);
        books.extend(page.books);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return books;
        }
    }
}

async fn pages_of_a_list_contain_every_book_once(database: TestDb) {
    let mut service = with_sixty_books(&database).await;
    for (category, expected) in [
        (BookCategory::Unspecified, 60),
        (BookCategory::Horror, 30),
        (BookCategory::Romance, 0),
    ] {
        let all_books = list(&mut service, category, 200).await;
        assert_eq!(all_books.len(), expected);
        for page_size in [1, 7, 30, 59, 60] {
            assert_eq!(
                list(&mut service, category, page_size).await,
                all_books,
                "{page_size} a page"
            );
        }
    }
    let all_books = list(&mut service, BookCategory::Unspecified, 200).await;
    let order: Vec<_> = all_books.iter().map(|book| book.title.as_str()).collect();
    let mut titles = order.clone();
    titles.dedup_by_key(|title| text_normalization::sort_key(title));
    assert_eq!(titles.len(), 6, "{order:?}");
    assert_eq!([titles[0], titles[1], titles[2]], ["!!!", "apple", "Ärger"]);
    assert_eq!([titles[4], titles[5]], ["Zebra", "日本"]);
}

async fn pages_of_a_search_contain_every_book_once(database: TestDb) {
    let mut service = with_sixty_books(&database).await;
    for page_size in [1, 7, 59, 60, 200] {
        let mut numbers = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = SearchBooksRequest {
                query: "auth".to_owned(),
                page_size,
                page_token,
                ..SearchBooksRequest::default()
            };
            let page = service
                .client
                .search_books(request)
                .await
                .expect("the page is found");
            let page = page.into_inner();
            numbers.extend(page.books.iter().map(|book| book.book_id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(numbers.len(), 60);
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 60, "{page_size} a page");
    }
}

async fn unset_page_size_is_twenty(database: TestDb) {
    let mut service = with_sixty_books(&database).await;
    let page = service.client.list_books(ListBooksRequest::default()).await;
    assert_eq!(
        page.expect("the page is listed").into_inner().books.len(),
        20
    );
    let request = SearchBooksRequest {
        query: "author".to_owned(),
        ..SearchBooksRequest::default()
    };
    let page = service.client.search_books(request).await;
    assert_eq!(
        page.expect("the page is found").into_inner().books.len(),
        20
    );
}

async fn token_of_another_query_is_refused(database: TestDb) {
    let mut service = with_sixty_books(&database).await;
    let page = service.client.list_books(ListBooksRequest::default()).await;
    let token = page
        .expect("the page is listed")
        .into_inner()
        .next_page_token;
    for (category, page_token) in [
        (BookCategory::Horror, token.clone()),
        (BookCategory::Unspecified, format!("{token}A")),
        (BookCategory::Unspecified, "x".to_owned()),
        (BookCategory::Unspecified, "\0".to_owned()),
    ] {
        let request = ListBooksRequest {
            category: category.into(),
            page_size: 0,
            page_token,
        };
        let (code, reason, _) = failure(service.client.list_books(request).await);
        assert_eq!(
            (code, reason.as_str()),
            (Code::InvalidArgument, "PAGE_TOKEN_INVALID")
        );
    }
    let request = SearchBooksRequest {
        query: "author".to_owned(),
        page_token: token,
        ..SearchBooksRequest::default()
    };
    let (code, reason, _) = failure(service.client.search_books(request).await);
    assert_eq!(
        (code, reason.as_str()),
        (Code::InvalidArgument, "PAGE_TOKEN_INVALID")
    );
}
