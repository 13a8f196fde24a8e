//! Tests of `bookstore.recommendations.v1`.

use std::collections::HashSet;

use contract::bookstore::{
    inventory::v1::BookCategory,
    recommendations::v1::{
        BookRecommendation, RecommendRequest, recommendation_service_client as client,
    },
};
use rpc::Channel;
use tonic::{Code, Status};

use super::{FakeInventory, Options, books, fast_refresh, serve, tutorial_inventory};

pub async fn recommend(
    channel: &Channel,
    category: BookCategory,
    max_results: i32,
) -> Result<Vec<BookRecommendation>, Status> {
    let request = RecommendRequest {
        user_id: String::new(),
        category: category.into(),
        max_results,
    };
    let response = client::RecommendationServiceClient::new(channel.clone())
        .recommend(request)
        .await?;
    Ok(response.into_inner().recommendations)
}

fn ids(books: &[BookRecommendation]) -> HashSet<i32> {
    books.iter().map(|book| book.book_id).collect()
}

/// 500 books, which are three pages. Every fifth one is a mystery.
fn with_500_books() -> FakeInventory {
    let category = |number| {
        if number % 5 == 0 {
            BookCategory::Mystery
        } else {
            BookCategory::Poetry
        }
    };
    FakeInventory::of(&books(
        (1..=500).map(|number| (number, format!("Book {number}"), category(number))),
    ))
}

#[tokio::test]
async fn sample_has_distinct_books_of_the_category_with_their_titles() {
    let channel = serve(&with_500_books(), &Options::default());
    for _ in 0..50 {
        let books = recommend(&channel, BookCategory::Mystery, 30).await;
        let books = books.expect("books are recommended");
        assert_eq!((books.len(), ids(&books).len()), (30, 30));
        for book in books {
            assert_eq!(book.book_id % 5, 0);
            assert_eq!(book.title, format!("Book {}", book.book_id));
        }
    }
}

#[tokio::test]
async fn small_category_is_returned_completely() {
    let channel = serve(&tutorial_inventory(), &Options::default());
    let books = recommend(&channel, BookCategory::SelfHelp, 100).await;
    assert_eq!(
        ids(&books.expect("books are recommended")),
        HashSet::from([7, 8, 9])
    );
}

#[tokio::test]
async fn category_without_books_gets_an_empty_response() {
    let channel = serve(&tutorial_inventory(), &Options::default());
    let books = recommend(&channel, BookCategory::Horror, 3).await;
    assert_eq!(books.expect("an empty response is no error"), []);
}

#[tokio::test]
async fn unset_fields_are_refused() {
    let channel = serve(&tutorial_inventory(), &Options::default());
    for (category, max_results) in [(BookCategory::Unspecified, 3), (BookCategory::Mystery, 0)] {
        let refused = recommend(&channel, category, max_results).await;
        let code = refused.expect_err("the request is refused").code();
        assert_eq!(code, Code::InvalidArgument);
    }
}

#[tokio::test]
async fn same_seed_gives_the_same_responses() {
    let mut responses = Vec::new();
    for seed in [7, 7, 8] {
        let options = Options {
            seed: Some(seed),
            ..fast_refresh()
        };
        let channel = serve(&with_500_books(), &options);
        let mut sequence = Vec::new();
        for _ in 0..5 {
            let books = recommend(&channel, BookCategory::Poetry, 10).await;
            sequence.push(books.expect("books are recommended"));
        }
        assert!(sequence.windows(2).any(|pair| pair[0] != pair[1]));
        responses.push(sequence);
    }
    assert_eq!(responses[0], responses[1]);
    assert_ne!(responses[0], responses[2]);
}
