//! Tests of the first tutorial's contract: the encoding and the behaviour of the original.

use std::collections::BTreeSet;

use contract::{
    BookCategory, BookRecommendation, RecommendationRequest, RecommendationResponse,
    recommendations_client::RecommendationsClient,
};
use prost::Message;
use rpc::Channel;
use tonic::{Code, Status};

use super::{FakeInventory, Options, TUTORIAL, books, reason, serve, tutorial_inventory};

async fn recommend(
    channel: &Channel,
    request: RecommendationRequest,
) -> Result<Vec<BookRecommendation>, Status> {
    let response = RecommendationsClient::new(channel.clone())
        .recommend(request)
        .await?;
    Ok(response.into_inner().recommendations)
}

fn request(category: i32, max_results: i32) -> RecommendationRequest {
    RecommendationRequest {
        user_id: 1,
        category,
        max_results,
    }
}

fn tutorial() -> Channel {
    serve(&tutorial_inventory(), &Options::default())
}

#[test]
fn messages_are_encoded_as_in_the_original() {
    let golden =
        |message: Vec<u8>| -> String { message.iter().map(|byte| format!("{byte:02x}")).collect() };
    let mystery = request(BookCategory::Mystery.into(), 3);
    assert_eq!(golden(mystery.encode_to_vec()), "08011803");
    let science_fiction = request(BookCategory::ScienceFiction.into(), 3);
    assert_eq!(golden(science_fiction.encode_to_vec()), "080110011803");
    let response = RecommendationResponse {
        recommendations: vec![BookRecommendation {
            id: 1,
            title: "The Maltese Falcon".to_owned(),
        }],
    };
    let bytes = response.encode_to_vec();
    assert_eq!(RecommendationResponse::decode(&*bytes), Ok(response));
    assert_eq!(
        golden(bytes),
        "0a1608011212546865204d616c746573652046616c636f6e"
    );
}

#[tokio::test]
async fn each_category_returns_its_own_books() {
    let channel = tutorial();
    for category in [
        BookCategory::Mystery,
        BookCategory::ScienceFiction,
        BookCategory::SelfHelp,
    ] {
        let number = i32::from(category);
        let books = recommend(&channel, request(number, 3)).await;
        let books: BTreeSet<_> = books
            .expect("books are recommended")
            .into_iter()
            .map(|book| (book.id, book.title))
            .collect();
        let first = number * 3;
        let expected: BTreeSet<_> = TUTORIAL[first as usize..][..3]
            .iter()
            .map(|(id, title, _)| (*id, (*title).to_owned()))
            .collect();
        assert_eq!(books, expected);
    }
}

#[tokio::test]
async fn zero_and_unset_max_results_get_no_books() {
    let channel = tutorial();
    for request in [RecommendationRequest::default(), request(2, 0)] {
        let books = recommend(&channel, request).await;
        assert_eq!(books.expect("an empty response is no error"), []);
    }
}

#[tokio::test]
async fn max_results_has_no_upper_bound() {
    let many = (1..=250).map(|id| (id, format!("Book {id}"), TUTORIAL[0].2));
    let channel = serve(&FakeInventory::of(&books(many)), &Options::default());
    for (max_results, expected) in [(150, 150), (250, 250), (i32::MAX, 250)] {
        let books = recommend(&channel, request(0, max_results)).await;
        assert_eq!(books.expect("books are recommended").len(), expected);
    }
}

#[tokio::test]
async fn any_user_id_is_accepted() {
    let channel = tutorial();
    for user_id in [0, -1, i32::MIN, i32::MAX] {
        let request = RecommendationRequest {
            user_id,
            ..request(0, 1)
        };
        let books = recommend(&channel, request).await;
        assert_eq!(books.expect("books are recommended").len(), 1);
    }
}

#[tokio::test]
async fn unknown_category_is_not_found_with_the_original_message() {
    let channel = tutorial();
    for (category, max_results) in [(3, 3), (-1, 3), (17, 0), (3, -1)] {
        let refused = recommend(&channel, request(category, max_results)).await;
        let refused = refused.expect_err("there is no such category");
        assert_eq!(
            (refused.code(), refused.message()),
            (Code::NotFound, "Category not found")
        );
        assert_eq!(reason(&refused), "CATEGORY_NOT_FOUND");
    }
}

#[tokio::test]
async fn negative_max_results_is_refused() {
    let channel = tutorial();
    for max_results in [-1, i32::MIN] {
        let refused = recommend(&channel, request(0, max_results)).await;
        let refused = refused.expect_err("it is negative");
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(reason(&refused), "MAX_RESULTS_NEGATIVE");
    }
}
