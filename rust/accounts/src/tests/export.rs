use contract::bookstore::{
    accounts::v1::Address,
    cart::v1::{Order, OrderLine, OrderState},
    reviews::v1::PutReviewRequest,
    transactions::v1::{Refund, Transaction, TransactionState},
    r#type::v1::Money,
};
use fakes::Fault;
use futures::TryStreamExt as _;
use prost_types::Timestamp;
use serde_json::Value;
use service::AccountId;
use store::testing::TestDb;
use uuid::Uuid;

use super::TestAccounts;
use crate::{AccountsError, DataService};

store::both_engines! {
    crate::SCHEMA =>
    export_has_the_account_and_no_secret,
    export_has_the_parts_of_all_services,
    export_of_ten_thousand_orders_comes_in_bounded_pieces,
    export_without_a_service_fails,
    export_fails_if_a_service_stops_between_two_pages,
    export_of_one_account_has_no_data_of_another,
}

/// The most characters of a piece, as the contract says.
const MAX_PIECE: usize = 1_000_000;

async fn pieces(
    service: &TestAccounts,
    account_id: AccountId,
) -> Result<Vec<String>, AccountsError> {
    let pieces = service.accounts.export(account_id).await?;
    pieces.try_collect().await
}

async fn document(service: &TestAccounts, account_id: AccountId) -> Value {
    let pieces = pieces(service, account_id).await.expect("exported");
    serde_json::from_str(&pieces.concat()).expect("JSON")
}

fn usd(amount_minor: i64) -> Option<Money> {
    Some(Money {
        currency_code: "USD".to_owned(),
        amount_minor: Some(amount_minor),
    })
}

fn order_id(number: usize) -> String {
    Uuid::from_u128(number as u128).to_string()
}

fn order(account_id: AccountId, number: usize) -> Order {
    let mut order = Order {
        order_id: order_id(number),
        account_id: account_id.to_string(),
        lines: vec![OrderLine {
            book_id: 7,
            title: "The \"Dune\" Chronicles".to_owned(),
            quantity: 2,
            unit_price: usd(999),
        }],
        total: usd(1998),
        shipping_address: Some(Address {
            recipient: "Ada Lovelace".to_owned(),
            street_lines: vec!["12 St James's Square".to_owned()],
            city: "London".to_owned(),
            country_code: "GB".to_owned(),
            ..Address::default()
        }),
        reservation_id: order_id(number),
        create_time: Some(Timestamp::default()),
        update_time: Some(Timestamp::default()),
        ..Order::default()
    };
    order.set_state(OrderState::Paid);
    order
}

async fn export_has_the_account_and_no_secret(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    let (token, session) = service.sign_in("ada@example.org").await;
    let document = document(&service, account_id).await;
    assert_eq!(document["export_time"], service.now().to_string());
    assert_eq!(document["accounts"]["email"], "ada@example.org");
    let sessions = &document["accounts"]["sessions"];
    assert_eq!(sessions[0]["session_id"], session.session_id.to_string());
    let text = document.to_string();
    assert!(!text.contains("argon2") && !text.contains(token.expose()));
    // What is empty is there, so that nobody wonders whether it was forgotten.
    let empty = serde_json::json!({"cart_items": [], "orders": []});
    assert_eq!(document["cart"], empty);
    assert_eq!(
        document["transactions"],
        serde_json::json!({"payments": []})
    );
    assert_eq!(document["reviews"], serde_json::json!({"reviews": []}));
}

async fn export_has_the_parts_of_all_services(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    let others = &service.others;
    others.checkout.add(order(account_id, 1));
    let mut payment = Transaction {
        transaction_id: order_id(2),
        account_id: account_id.to_string(),
        reference: order_id(1),
        amount: usd(1998),
        method_label: "Visa".to_owned(),
        receipt_email: "ada@example.org".to_owned(),
        refunds: vec![Refund {
            refund_id: order_id(3),
            amount: usd(500),
            reason: "A torn page".to_owned(),
            create_time: Some(Timestamp::default()),
        }],
        refunded_amount: usd(500),
        create_time: Some(Timestamp::default()),
        ..Transaction::default()
    };
    payment.set_state(TransactionState::PartlyRefunded);
    others.transactions.add(payment);
    let review = PutReviewRequest {
        book_id: 7,
        stars: 4,
        title: "Sand\u{2019}s everywhere".to_owned(),
        ..PutReviewRequest::default()
    };
    others.reviews.add_of(&account_id.to_string(), review);
    let document = document(&service, account_id).await;
    let order = &document["cart"]["orders"][0];
    assert_eq!(order["lines"][0]["title"], "The \"Dune\" Chronicles");
    assert_eq!(order["shipping_address"]["city"], "London");
    assert_eq!(order["state"], "ORDER_STATE_PAID");
    assert_eq!(order["total"]["amount_minor"], 1998);
    let payment = &document["transactions"]["payments"][0];
    assert_eq!(payment["receipt_email"], "ada@example.org");
    let refund = &payment["transaction"]["refunds"][0];
    assert_eq!(refund["reason"], "A torn page");
    let review = &document["reviews"]["reviews"][0];
    assert_eq!(review["title"], "Sand\u{2019}s everywhere");
}

async fn export_of_ten_thousand_orders_comes_in_bounded_pieces(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    for number in 0..10_000 {
        service.others.checkout.add(order(account_id, number));
    }
    let pieces = pieces(&service, account_id).await.expect("exported");
    for piece in &pieces {
        assert!((1..=MAX_PIECE).contains(&piece.chars().count()));
    }
    assert!(
        pieces.concat().len() > 4 * 1024 * 1024,
        "more than a message"
    );
    let document: Value = serde_json::from_str(&pieces.concat()).expect("JSON");
    let orders = document["cart"]["orders"].as_array().expect("a list");
    assert_eq!(orders.len(), 10_000);
    assert_eq!(orders[0]["order_id"], order_id(9_999));
    assert_eq!(orders[9_999]["order_id"], order_id(0));
}

async fn export_without_a_service_fails(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    let others = &service.others;
    for (faults, expected) in [
        (&others.checkout.faults, DataService::Cart),
        (&others.transactions.faults, DataService::Transactions),
        (&others.reviews.faults, DataService::Reviews),
    ] {
        faults.set("export_account_data", Fault::Down);
        let failed = pieces(&service, account_id).await;
        let Err(AccountsError::ExportIncomplete(missing)) = failed else {
            panic!("{failed:?}");
        };
        assert_eq!(missing, expected);
        faults.clear();
    }
    pieces(&service, account_id)
        .await
        .expect("all answer again");
}

async fn export_fails_if_a_service_stops_between_two_pages(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    let checkout = &service.others.checkout;
    for number in 0..201 {
        checkout.add(order(account_id, number));
    }
    let faults = [Fault::None, Fault::Failing];
    checkout.faults.set_next("export_account_data", &faults);
    let failed = pieces(&service, account_id).await;
    assert!(
        matches!(
            failed,
            Err(AccountsError::ExportIncomplete(DataService::Cart))
        ),
        "{failed:?}"
    );
    let document = document(&service, account_id).await;
    let orders = document["cart"]["orders"].as_array();
    assert_eq!(orders.map(Vec::len), Some(201));
}

async fn export_of_one_account_has_no_data_of_another(database: TestDb) {
    let service = TestAccounts::open(&database);
    let ada = service.create("ada@example.org").await;
    let bob = service.create("bob@example.org").await;
    service.others.checkout.add(order(ada, 1));
    let document = document(&service, bob).await;
    assert_eq!(document["cart"]["orders"], serde_json::json!([]));
    assert!(!document.to_string().contains(&ada.to_string()));
}
