//! A deleted account is deleted at all services, also if they do not respond at first and if the
//! process of Accounts is killed meanwhile.

use contract::bookstore::{
    accounts::v1::{
        DeleteAccountRequest, GetAccountRequest, VerifyEmailRequest,
        account_service_client::AccountServiceClient,
    },
    cart::v1::{
        ExportAccountDataRequest, PutItemRequest, cart_service_client::CartServiceClient,
        checkout_service_client::CheckoutServiceClient,
    },
    reviews::v1::{
        ListReviewsRequest, PutReviewRequest, review_service_client::ReviewServiceClient,
    },
};

use crate::{
    accounts::{PASSWORD, mailed_token, session_token, sign_up, with_token},
    test_process::{Folder, SERVICE_SECRET, TestProcess, eventually, free_address},
};

const BOOK: i32 = 8;

#[tokio::test]
async fn account_is_deleted_everywhere_after_kills_of_both_sides() {
    let folder = Folder::new();
    let (of_accounts, of_others) = (free_address(), free_address());
    let peer = |name, address| format!("--peer={name}=http://{address}");
    let start_others = || {
        let address = format!("--grpc-addr={of_others}");
        let to_accounts = peer("accounts", of_accounts);
        let services = ["inventory", "cart", "transactions", "reviews"];
        let arguments = [&["serve"], &services[..], &[&*address, &*to_accounts]].concat();
        TestProcess::start(&folder, &arguments)
    };
    let start_accounts = || {
        let address = format!("--grpc-addr={of_accounts}");
        let peers = ["cart", "transactions", "reviews"].map(|name| peer(name, of_others));
        let [cart, transactions, reviews] = &peers;
        let arguments = ["serve", "accounts", &address, cart, transactions, reviews];
        TestProcess::start(&folder, &arguments)
    };
    let (others, accounts) = (start_others(), start_accounts());
    sign_up(&accounts).await;
    let request = VerifyEmailRequest {
        verification_token: mailed_token(&folder.path("data")).await,
    };
    let mut client = AccountServiceClient::new(accounts.channel());
    client.verify_email(request).await.expect("it is valid");
    let token = session_token(&accounts).await;
    let account = client
        .get_account(with_token(GetAccountRequest {}, &token))
        .await;
    let account = account.expect("it is open").into_inner().account;
    let account_id = account
        .expect("required")
        .account_id
        .parse()
        .expect("a UUID");
    fill(&others, &token).await;

    others.kill().await;
    let request = DeleteAccountRequest {
        current_password: PASSWORD.to_owned(),
    };
    let deleted = client.delete_account(with_token(request, &token)).await;
    deleted.expect("the password is right");
    eventually("a failed delivery", async || {
        let log = accounts.log();
        let failed = log.contains("account-deletions") && log.contains("was not delivered");
        failed.then_some(())
    })
    .await;
    accounts.kill().await;

    let (accounts, others) = (start_accounts(), start_others());
    let channel = others.channel();
    let channel = channel.as_service(&"accounts".into(), Some(SERVICE_SECRET));
    let channel = channel.on_behalf_of(rpc::AccountId(account_id));
    let mut checkout = CheckoutServiceClient::new(channel);
    let mut reviews = ReviewServiceClient::new(others.channel());
    eventually("a deleted cart, and a review without a name", async || {
        let request = ExportAccountDataRequest::default();
        let kept = checkout.export_account_data(request).await.ok()?;
        let request = ListReviewsRequest {
            book_id: BOOK,
            ..ListReviewsRequest::default()
        };
        let listed = reviews.list_reviews(request).await.ok()?.into_inner();
        let [review] = &listed.reviews[..] else {
            panic!("{listed:?}");
        };
        let is_deleted = kept.into_inner().cart_items.is_empty() && review.author_name.is_empty();
        is_deleted.then_some(())
    })
    .await;
    accounts.stop().await;
    others.stop().await;
}

/// Puts a book into the cart of the account, and reviews it.
async fn fill(others: &TestProcess, token: &str) {
    let request = PutItemRequest {
        cart_id: String::new(),
        book_id: BOOK,
        quantity: 2,
    };
    let mut carts = CartServiceClient::new(others.channel());
    let added = carts.put_item(with_token(request, token)).await;
    added.expect("there is room");
    let request = PutReviewRequest {
        book_id: BOOK,
        stars: 4,
        author_name: "Ada".to_owned(),
        ..PutReviewRequest::default()
    };
    let mut reviews = ReviewServiceClient::new(others.channel());
    let written = reviews.put_review(with_token(request, token)).await;
    let review = written.expect("the book exists").into_inner().review;
    assert_eq!(review.expect("required").author_name, "Ada");
}
