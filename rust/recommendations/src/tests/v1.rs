//! `bookstore.recommendations.v1`.

use std::collections::HashSet;

use contract::bookstore::{
    inventory::v1::BookCategory,
    recommendations::v1::{
        BookRecommendation, RecommendRequest, recommendation_service_client as client,
    },
};
use rpc::Channel;
use tonic::{Code, Status};
use uuid::Uuid;

use super::{FakeInventory, Options, TUTORIAL, fast, serve};
use crate::{BookId, Owned, Recommendations};

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
    let answer = client::RecommendationServiceClient::new(channel.clone())
        .recommend(request)
        .await?;
    Ok(answer.into_inner().recommendations)
}

fn ids(books: &[BookRecommendation]) -> HashSet<i32> {
    books.iter().map(|book| book.book_id).collect()
}

/// Five hundred books, every fifth of them a mystery: three pages.
fn large() -> FakeInventory {
    let category = |number| match number % 5 {
        0 => BookCategory::Mystery,
        _ => BookCategory::Poetry,
    };
    FakeInventory::with(
        (1..=500).map(|number| (number, format!("Book {number}"), category(number))),
    )
}

#[tokio::test]
async fn a_sample_holds_distinct_books_of_the_category_with_their_titles() {
    let channel = serve(&large(), &Options::default());
    for _ in 0..50 {
        let books = recommend(&channel, BookCategory::Mystery, 30).await;
        let books = books.expect("books are drawn");
        assert_eq!((books.len(), ids(&books).len()), (30, 30));
        for book in books {
            assert_eq!(book.book_id % 5, 0);
            assert_eq!(book.title, format!("Book {}", book.book_id));
        }
    }
}

#[tokio::test]
async fn a_small_category_is_answered_whole() {
    let channel = serve(&FakeInventory::with(TUTORIAL), &Options::default());
    let books = recommend(&channel, BookCategory::SelfHelp, 100).await;
    assert_eq!(
        ids(&books.expect("books are drawn")),
        HashSet::from([7, 8, 9])
    );
}

#[tokio::test]
async fn a_category_without_books_is_answered_empty() {
    let channel = serve(&FakeInventory::with(TUTORIAL), &Options::default());
    let books = recommend(&channel, BookCategory::Horror, 3).await;
    assert_eq!(books.expect("none is an answer"), []);
}

#[tokio::test]
async fn unset_fields_are_refused() {
    let channel = serve(&FakeInventory::with(TUTORIAL), &Options::default());
    for (category, max_results) in [(BookCategory::Unspecified, 3), (BookCategory::Mystery, 0)] {
        let refused = recommend(&channel, category, max_results).await;
        let code = refused.expect_err("the request is refused").code();
        assert_eq!(code, Code::InvalidArgument);
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answers() {
    let mut answers = Vec::new();
    for seed in [7, 7, 8] {
        let options = Options {
            seed: Some(seed),
            ..fast()
        };
        let channel = serve(&large(), &options);
        let mut sequence = Vec::new();
        for _ in 0..5 {
            let books = recommend(&channel, BookCategory::Poetry, 10).await;
            sequence.push(books.expect("books are drawn"));
        }
        assert!(sequence.windows(2).any(|pair| pair[0] != pair[1]));
        answers.push(sequence);
    }
    assert_eq!(answers[0], answers[1]);
    assert_ne!(answers[0], answers[2]);
}

/// Owns what it is given, whoever asks.
struct Owns(HashSet<BookId>);

impl Owned for Owns {
    async fn books_of(&self, _reader: Uuid) -> HashSet<BookId> {
        self.0.clone()
    }
}

#[tokio::test]
async fn a_reader_is_not_offered_what_the_reader_owns() {
    use contract::bookstore::inventory::v1::inventory_service_server::InventoryServiceServer;
    let upstream = rpc::Router::new(rpc::Options::default())
        .add(InventoryServiceServer::new(FakeInventory::with(TUTORIAL)))
        .in_process();
    let owns = Owns(HashSet::from([BookId(1), BookId(2), BookId(77)]));
    let service = Recommendations::start_with(upstream, &fast(), owns);

    let drawn = |reader| service.recommend(reader, BookCategory::Mystery, 3);
    let reader = drawn(Some(Uuid::now_v7())).await.expect("books are drawn");
    let visitor = drawn(None).await.expect("books are drawn");
    assert_eq!(reader[0].book_id, BookId(3));
    assert_eq!((reader.len(), visitor.len()), (1, 3));
}
