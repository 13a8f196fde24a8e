//! Tests of the HTTP API on both engines.

mod webhooks;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use store::testing::{TestDb, prepare_all};
use tower::ServiceExt;

use crate::{Options, Simulator};

store::both_engines! {
    crate::SCHEMA =>
    all_statements_are_valid,
    charge_is_made_once_for_each_key,
    tokens_decline_for_the_reason_in_their_name,
    refunds_are_limited_to_the_charge,
    lost_answer_is_given_to_the_second_request,
    error_changes_nothing,
    refused_request_changes_nothing,
}

async fn all_statements_are_valid(database: TestDb) {
    prepare_all(database.db(), crate::store_rows::STATEMENTS).await;
}

fn simulator(database: &TestDb) -> Simulator {
    Simulator::new(database.db().clone(), Options::default())
}

/// The status and the body, or `None` if the response breaks off.
async fn post(
    simulator: &Simulator,
    path: &str,
    key: &str,
    body: &Value,
) -> Option<(StatusCode, Value)> {
    let request = Request::post(path)
        .header("idempotency-key", key)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("the request is valid");
    let response = simulator.routes().oneshot(request).await;
    let response = response.expect("the router cannot fail");
    let status = response.status();
    let body = response.into_body().collect().await.ok()?.to_bytes();
    Some((status, serde_json::from_slice(&body).expect("it is JSON")))
}

async fn charge(simulator: &Simulator, key: &str, token: &str) -> Option<(StatusCode, Value)> {
    let body = json!({
        "token": token, "amount_minor": 10_000, "currency_code": "USD", "reference": "order",
    });
    post(simulator, "/v1/charges", key, &body).await
}

async fn totals(simulator: &Simulator) -> (i64, i64, i64) {
    simulator.totals().await.expect("the database answers")
}

async fn charge_is_made_once_for_each_key(database: TestDb) {
    let simulator = simulator(&database);
    let first = charge(&simulator, "one", "tok_visa").await;
    let (status, body) = first.clone().expect("it is answered");
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["fee_minor"], 140);
    assert_eq!(body["method_label"], "Visa ending in 4242");
    assert_eq!(charge(&simulator, "one", "tok_visa").await, first);
    let other = charge(&simulator, "one", "tok_mastercard").await;
    assert_eq!(other.expect("it is answered").0, StatusCode::CONFLICT);
    assert_ne!(charge(&simulator, "two", "tok_visa").await, first);
    assert_eq!(totals(&simulator).await, (2, 20_000, 0));
}

async fn tokens_decline_for_the_reason_in_their_name(database: TestDb) {
    let simulator = simulator(&database);
    for (token, reason) in [
        ("tok_refused", "refused"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_expired", "method_expired"),
        ("tok_else", "method_unknown"),
    ] {
        let (status, body) = charge(&simulator, token, token)
            .await
            .expect("it is answered");
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            (&body["decline_reason"], &body["fee_minor"]),
            (&json!(reason), &json!(0))
        );
    }
    assert_eq!(totals(&simulator).await, (0, 0, 0));
}

async fn refunds_are_limited_to_the_charge(database: TestDb) {
    let simulator = simulator(&database);
    let (_, charged) = charge(&simulator, "one", "tok_visa")
        .await
        .expect("it is answered");
    let path = format!(
        "/v1/charges/{}/refunds",
        charged["charge_id"].as_str().expect("it has an id")
    );
    for (path, key, amount, expected) in [
        (&*path, "a", 6_000, StatusCode::OK),
        (&*path, "a", 6_000, StatusCode::OK),
        (&*path, "a", 5_000, StatusCode::CONFLICT),
        (&*path, "b", 4_001, StatusCode::UNPROCESSABLE_ENTITY),
        (&*path, "b", 0, StatusCode::BAD_REQUEST),
        (&*path, "b", 4_000, StatusCode::OK),
        ("/v1/charges/ch_x/refunds", "c", 1, StatusCode::NOT_FOUND),
    ] {
        let body = json!({ "amount_minor": amount });
        let answer = post(&simulator, path, key, &body).await;
        assert_eq!(
            answer.expect("it is answered").0,
            expected,
            "{key} {amount}"
        );
    }
    assert_eq!(totals(&simulator).await, (1, 10_000, 10_000));
}

async fn lost_answer_is_given_to_the_second_request(database: TestDb) {
    let simulator = simulator(&database);
    assert_eq!(charge(&simulator, "one", "tok_answer_lost").await, None);
    assert_eq!(totals(&simulator).await, (1, 10_000, 0));
    let second = charge(&simulator, "one", "tok_answer_lost").await;
    assert_eq!(second.expect("it is answered").0, StatusCode::OK);
    assert_eq!(totals(&simulator).await, (1, 10_000, 0));
}

async fn refused_request_changes_nothing(database: TestDb) {
    let simulator = simulator(&database);
    for _ in 0..2 {
        let answer = charge(&simulator, "one", "tok_request_refused").await;
        let (status, _) = answer.expect("it is answered");
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(totals(&simulator).await, (0, 0, 0));
}

async fn error_changes_nothing(database: TestDb) {
    let simulator = simulator(&database);
    let token = "tok_error_then_success";
    let first = charge(&simulator, "one", token).await;
    assert_eq!(
        first.expect("it is answered").0,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(totals(&simulator).await, (0, 0, 0));
    let second = charge(&simulator, "one", token).await;
    assert_eq!(second.expect("it is answered").0, StatusCode::OK);
    assert_eq!(totals(&simulator).await, (1, 10_000, 0));
}
