//! What readers buy changes what the shop recommends.

use contract::bookstore::{
    accounts::v1::{GetAccountRequest, account_service_client::AccountServiceClient},
    inventory::v1::BookCategory,
    recommendations::v1::{BookRecommendation, ListAlsoBoughtRequest, RecommendRequest},
};

use crate::{
    accounts::{open_account, with_token},
    test_process::{
        Folder, TestProcess, eventually,
        user_journey::{place_order, wait_until_paid},
    },
};

fn ids(books: &[BookRecommendation]) -> Vec<i32> {
    books.iter().map(|book| book.book_id).collect()
}

#[tokio::test]
async fn book_that_others_bought_too_is_recommended_until_it_is_ordered() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let data = folder.path("data");
    for email in ["ada@example.org", "bob@example.org"] {
        let token = open_account(&process, &data, email).await;
        let placed = place_order(&process, &token, &[(7, 1), (9, 1)]).await;
        wait_until_paid(&process, placed, &token).await;
    }
    let mut client = process.recommendations();
    let request = ListAlsoBoughtRequest {
        book_id: 7,
        max_results: 10,
    };
    eventually("what readers of book 7 also bought", async || {
        let answer = client.list_also_bought(request).await.ok()?.into_inner();
        (ids(&answer.recommendations) == [9]).then_some(())
    })
    .await;
    let page = process.page("/books/7").await;
    assert!(page.body.contains("Readers also bought"), "{}", page.body);

    let token = open_account(&process, &data, "carol@example.org").await;
    let mut accounts = AccountServiceClient::new(process.channel());
    let account = accounts.get_account(with_token(GetAccountRequest {}, &token));
    let account = account.await.expect("it is signed in").into_inner().account;
    let user_id = account.expect("required").account_id;
    let mut recommend = async |max_results| {
        let request = RecommendRequest {
            user_id: user_id.clone(),
            category: BookCategory::SelfHelp.into(),
            max_results,
        };
        let answer = client.recommend(request).await;
        ids(&answer.expect("Cart responds").into_inner().recommendations)
    };
    // The order need not be paid, and nothing is learned in between.
    place_order(&process, &token, &[(7, 1)]).await;
    let books = recommend(100).await;
    assert_eq!(books[0], 9);
    assert!(books.len() > 20 && !books.contains(&7), "{books:?}");
    place_order(&process, &token, &[(9, 1)]).await;
    let books = recommend(100).await;
    assert!(!books.contains(&7) && !books.contains(&9), "{books:?}");
    process.stop().await;
}
