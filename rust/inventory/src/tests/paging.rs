use contract::bookstore::inventory::v1::{
    Book, BookCategory, ListBooksRequest, SearchBooksRequest,
};
use store::testing::TestDb;
use tonic::Code;

use super::{Shop, book, failure, shelved};

store::both_engines! {
    crate::SCHEMA =>
    joined_pages_are_the_whole_list,
    joined_pages_are_the_whole_search,
    an_unset_page_size_is_twenty,
    a_token_of_another_query_is_refused,
}

/// 60 books: many with the same title, some without a letter, in two categories.
async fn sixty(database: &TestDb) -> Shop {
    let mut shop = Shop::open(database);
    let titles = ["Éclair", "eclair", "Zebra", "apple", "!!!", "Ärger", "日本"];
    shop.import((1..=60).map(|id| {
        let title = titles[id as usize % titles.len()];
        let category = [BookCategory::Horror, BookCategory::Poetry][id as usize % 2];
        shelved(category, book(id, title, &["Same Author"]))
    }))
    .await;
    shop
}

async fn list(shop: &mut Shop, category: BookCategory, page_size: i32) -> Vec<Book> {
    let mut books = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListBooksRequest {
            category: category.into(),
            page_size,
            page_token,
        };
        let page = shop
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

async fn joined_pages_are_the_whole_list(database: TestDb) {
    let mut shop = sixty(&database).await;
    for (category, expected) in [
        (BookCategory::Unspecified, 60),
        (BookCategory::Horror, 30),
        (BookCategory::Romance, 0),
    ] {
        let whole = list(&mut shop, category, 200).await;
        assert_eq!(whole.len(), expected);
        for page_size in [1, 7, 30, 59, 60] {
            assert_eq!(
                list(&mut shop, category, page_size).await,
                whole,
                "{page_size} a page"
            );
        }
    }
    let whole = list(&mut shop, BookCategory::Unspecified, 200).await;
    let order: Vec<_> = whole.iter().map(|book| book.title.as_str()).collect();
    let mut titles = order.clone();
    titles.dedup_by_key(|title| crate::words::sort_key(title));
    assert_eq!(titles.len(), 6, "{order:?}");
    assert_eq!([titles[0], titles[1], titles[2]], ["!!!", "apple", "Ärger"]);
    assert_eq!([titles[4], titles[5]], ["Zebra", "日本"]);
}

async fn joined_pages_are_the_whole_search(database: TestDb) {
    let mut shop = sixty(&database).await;
    for page_size in [1, 7, 59, 60, 200] {
        let mut numbers = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = SearchBooksRequest {
                query: "auth".to_owned(),
                category: 0,
                page_size,
                page_token,
            };
            let page = shop
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

async fn an_unset_page_size_is_twenty(database: TestDb) {
    let mut shop = sixty(&database).await;
    let page = shop.client.list_books(ListBooksRequest::default()).await;
    assert_eq!(
        page.expect("the page is listed").into_inner().books.len(),
        20
    );
    let request = SearchBooksRequest {
        query: "author".to_owned(),
        ..SearchBooksRequest::default()
    };
    let page = shop.client.search_books(request).await;
    assert_eq!(
        page.expect("the page is found").into_inner().books.len(),
        20
    );
}

async fn a_token_of_another_query_is_refused(database: TestDb) {
    let mut shop = sixty(&database).await;
    let page = shop.client.list_books(ListBooksRequest::default()).await;
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
        let (code, reason, _) = failure(shop.client.list_books(request).await);
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
    let (code, reason, _) = failure(shop.client.search_books(request).await);
    assert_eq!(
        (code, reason.as_str()),
        (Code::InvalidArgument, "PAGE_TOKEN_INVALID")
    );
}
