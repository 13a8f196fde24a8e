//! Unary calls in the Connect protocol, with JSON and with binary messages.

use std::io::{Read as _, Write as _};

use contract::bookstore::inventory::v1::{GetBookRequest, GetBookResponse};
use prost::Message as _;
use rpc::Options;
use serde_json::json;

use crate::{
    fakes::{ECHO, INTERNAL_ERROR, MISSING, NEVER_ANSWERS},
    harness::{Server, TOKEN, Transport, options},
    http_client::{Answer, HttpClient},
};

const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";
const SET_STOCK: &str = "/bookstore.inventory.v1.InventoryService/SetStock";
const LIST_BOOKS: &str = "/bookstore.inventory.v1.InventoryService/ListBooks";
const JSON: (&str, &str) = ("content-type", "application/json");

async fn start() -> (Server, HttpClient) {
    let server = Server::start(Transport::Tcp).await;
    let client = HttpClient::of(&server);
    (server, client)
}

fn expect_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.json()["code"], code, "{answer:?}");
}

#[tokio::test]
async fn call_with_json_is_answered_with_json() {
    let (_server, client) = start().await;
    let headers = [
        JSON,
        ("x-request-id", "seven"),
        ("connect-timeout-ms", "5000"),
    ];
    let answer = client
        .send("POST", GET_BOOK, &headers, r#"{"bookId": 1}"#)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-request-id"), "seven");
    assert!(!answer.headers.contains_key("grpc-status"));
    let book = &answer.json()["book"];
    assert_eq!(book["bookId"], 1);
    assert_eq!(book["category"], "BOOK_CATEGORY_MYSTERY");
    assert_eq!(
        book["price"],
        json!({"currencyCode": "USD", "amountMinor": "1299"})
    );
    // The metadata that the handler got.
    let title = book["title"].as_str().expect("a title");
    let echo: Vec<_> = title.split(' ').collect();
    assert_eq!(&echo[..3], ["seven", "seven", "none"]);
    assert!(echo[3].ends_with(['m', 'u', 'n']), "a timeout: {title}");
    assert_eq!(echo[4], "Anonymous");
}

#[tokio::test]
async fn request_that_breaks_a_rule_is_refused_with_both_details() {
    let (_server, client) = start().await;
    for body in [
        "{}",
        r#"{"bookId": null}"#,
        r#"{"bookId": 0}"#,
        r#"{"unknown": 7}"#,
    ] {
        let answer = client.call(GET_BOOK, body).await;
        expect_error(&answer, 400, "invalid_argument");
        let details = &answer.json()["details"];
        assert_eq!(details[0]["type"], "buf.validate.Violations");
        assert_eq!(
            details[1]["debug"]["fieldViolations"][0]["field"], "book_id",
            "{body}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn error_has_the_reason_that_the_contract_declares() {
    let (_server, client) = start().await;
    let answer = client
        .call(GET_BOOK, &format!(r#"{{"bookId": {MISSING}}}"#))
        .await;
    expect_error(&answer, 404, "not_found");
    let error = answer.json();
    assert_eq!(error["message"], "no book has number 4");
    assert_eq!(error["details"][0]["debug"]["reason"], "BOOK_NOT_FOUND");
    assert!(answer.headers.contains_key("x-request-id"));

    let answer = client
        .call(GET_BOOK, &format!(r#"{{"bookId": {INTERNAL_ERROR}}}"#))
        .await;
    expect_error(&answer, 500, "internal");
    assert!(!answer.json().to_string().contains("disk"), "{answer:?}");
}

#[tokio::test]
async fn request_may_be_written_in_every_form_of_the_json_mapping() {
    let (_server, client) = start().await;
    for body in [
        r#"{"bookId": 1}"#,
        r#"{"book_id": 1}"#,
        r#"{"bookId": "1"}"#,
        r#"{"bookId": 1.0}"#,
        r#"{"bookId": 1e0}"#,
        r#" {"unknown": {"nested": [1]}, "bookId": 1} "#,
    ] {
        let answer = client.call(GET_BOOK, body).await;
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
    }
    // The fake does not implement the method, so a readable request gets 501.
    for (body, status) in [
        (r#"{"category": "BOOK_CATEGORY_MYSTERY"}"#, 501),
        (r#"{"category": 1}"#, 501),
        (
            r#"{"category": "BOOK_CATEGORY_MYSTERY", "unknown": 1}"#,
            501,
        ),
        (r#"{"category": "BOOK_CATEGORY_NO_SUCH"}"#, 400),
        (
            r#"{"category": "BOOK_CATEGORY_NO_SUCH", "unknown": 1}"#,
            400,
        ),
        (r#"{"category": 999}"#, 400),
        (r#"{"category": null}"#, 501),
    ] {
        let answer = client.call(LIST_BOOKS, body).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
    }
}

#[tokio::test]
async fn body_that_is_no_json_of_the_message_is_refused() {
    let (_server, client) = start().await;
    for body in [
        "",
        "null",
        "[]",
        "1",
        "{",
        "{}{}",
        r#"{"bookId": "one"}"#,
        r#"{"bookId": 1.5}"#,
        r#"{"bookId": 2147483648}"#,
        r#"{"bookId": [1]}"#,
        r#"{"bookId": 1,}"#,
        "\u{feff}{}",
    ] {
        let answer = client.call(GET_BOOK, body).await;
        expect_error(&answer, 400, "invalid_argument");
        let message = answer.json()["message"].to_string();
        assert!(
            message.contains("the JSON of GetBookRequest cannot be read"),
            "{body:?}: {message}"
        );
    }
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = client
        .call(GET_BOOK, &format!(r#"{{"unknown": {nested}}}"#))
        .await;
    expect_error(&answer, 400, "invalid_argument");
}

#[tokio::test]
async fn call_with_binary_messages_is_answered_with_one() {
    let (_server, client) = start().await;
    let request = GetBookRequest { book_id: ECHO }.encode_to_vec();
    let headers = [
        ("content-type", "application/proto"),
        ("connect-protocol-version", "1"),
    ];
    let answer = client.send("POST", GET_BOOK, &headers, request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/proto");
    let book = GetBookResponse::decode(answer.body).expect("it decodes");
    assert_eq!(book.book.expect("required").book_id, ECHO);

    let answer = client.send("POST", GET_BOOK, &headers, "\x08").await;
    expect_error(&answer, 500, "internal");
}

#[tokio::test]
async fn read_by_get_may_be_cached_and_is_revalidated() {
    let (_server, client) = start().await;
    let query = "?connect=v1&encoding=json&message=%7B%22bookId%22%3A1%7D";
    let path = format!("{GET_BOOK}{query}");
    let same_id = ("x-request-id", "same");
    let answer = client.get(&path, &[same_id]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "public, no-cache");
    assert_eq!(answer.json()["book"]["bookId"], 1);
    let tag = answer.header("etag").to_owned();

    let again = client.get(&path, &[same_id, ("if-none-match", &tag)]).await;
    assert_eq!(again.status, 304, "{again:?}");
    assert!(again.body.is_empty());
    assert_eq!(again.header("etag"), tag);
    // Its title, and so the answer, is another one.
    let changed = [("x-request-id", "other"), ("if-none-match", &*tag)];
    assert_eq!(client.get(&path, &changed).await.status, 200);

    let authorization = format!("Bearer {TOKEN}");
    let private = client
        .get(&path, &[("authorization", &authorization)])
        .await;
    assert_eq!(private.header("cache-control"), "private, no-cache");
    let error = client
        .get(&format!("{GET_BOOK}?encoding=json&message=%7B%7D"), &[])
        .await;
    expect_error(&error, 400, "invalid_argument");
}

#[tokio::test]
async fn only_methods_without_side_effects_may_be_called_by_get() {
    let (_server, client) = start().await;
    let query = "?encoding=json&message=%7B%22bookId%22%3A1%2C%22onHand%22%3A1%7D";
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("authorization", &*authorization)];
    let answer = client.get(&format!("{SET_STOCK}{query}"), &headers).await;
    assert_eq!(answer.status, 405, "{answer:?}");
    assert_eq!(answer.header("allow"), "POST, OPTIONS");
    let answer = client.send("PUT", GET_BOOK, &[JSON], "{}").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), "GET, POST, OPTIONS");
    assert_eq!(client.get("/nothing", &[]).await.status, 404);
}

#[tokio::test]
async fn credentials_are_those_of_grpc() {
    let (_server, client) = start().await;
    let body = r#"{"bookId": 1, "onHand": 0}"#;
    let answer = client.call(SET_STOCK, body).await;
    expect_error(&answer, 401, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let wrong = [JSON, ("authorization", "Bearer wrong")];
    let answer = client.send("POST", SET_STOCK, &wrong, body).await;
    expect_error(&answer, 403, "permission_denied");
    let right = format!("Bearer {TOKEN}");
    let right = [JSON, ("authorization", &*right)];
    let answer = client.send("POST", SET_STOCK, &right, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // Zero is left out, as the JSON mapping says.
    assert_eq!(answer.json(), json!({"level": {"bookId": 1}}));
    // A caller cannot claim to be another by headers of gRPC.
    let unset = client
        .send("POST", SET_STOCK, &right, r#"{"bookId": 1}"#)
        .await;
    expect_error(&unset, 400, "invalid_argument");
}

#[tokio::test]
async fn deadline_of_the_client_ends_the_call() {
    let (_server, client) = start().await;
    let headers = [JSON, ("connect-timeout-ms", "50")];
    let body = format!(r#"{{"bookId": {NEVER_ANSWERS}}}"#);
    let answer = client.send("POST", GET_BOOK, &headers, body).await;
    expect_error(&answer, 504, "deadline_exceeded");
    let headers = [JSON, ("connect-timeout-ms", "soon")];
    let answer = client
        .send("POST", GET_BOOK, &headers, r#"{"bookId": 1}"#)
        .await;
    expect_error(&answer, 400, "invalid_argument");
    assert!(answer.headers.contains_key("x-request-id"), "it is logged");
}

#[tokio::test]
async fn unknown_method_is_unimplemented_and_not_found() {
    let (_server, client) = start().await;
    let answer = client.call("/no.such.Service/Method", "{}").await;
    expect_error(&answer, 404, "unimplemented");
    let answer = client.call("/", "{}").await;
    expect_error(&answer, 404, "unimplemented");
    let health = client.call("/grpc.health.v1.Health/Check", "{}").await;
    assert_eq!(health.json(), json!({"status": "SERVING"}));
}

#[tokio::test]
async fn compression_is_that_of_the_headers() {
    let (_server, client) = start().await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(br#"{"bookId": 1}"#).expect("in memory");
    let compressed = encoder.finish().expect("in memory");
    let long_id = "x".repeat(128);
    let headers = [
        JSON,
        ("content-encoding", "gzip"),
        ("accept-encoding", "gzip"),
        ("x-request-id", &long_id),
    ];
    let answer = client.send("POST", GET_BOOK, &headers, compressed).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // Too short to be compressed.
    assert_eq!(answer.header("content-encoding"), "none");
    let answer = client
        .send("POST", GET_BOOK, &[JSON, ("content-encoding", "br")], "x")
        .await;
    expect_error(&answer, 501, "unimplemented");

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::repeat(b' ').take(100_000_000), &mut encoder).expect("in memory");
    let bomb = encoder.finish().expect("in memory");
    let headers = [JSON, ("content-encoding", "gzip")];
    let answer = client.send("POST", GET_BOOK, &headers, bomb).await;
    expect_error(&answer, 429, "resource_exhausted");
}

#[tokio::test]
async fn message_over_the_limit_is_refused() {
    let options = Options {
        max_message_bytes: 1000,
        ..options()
    };
    let server = Server::with(Transport::Tcp, options).await;
    let client = HttpClient::of(&server);
    let padded = |length: usize| format!("{}{}", r#"{"bookId": 1}"#, " ".repeat(length - 13));
    assert_eq!(client.call(GET_BOOK, &padded(1000)).await.status, 200);
    let answer = client.call(GET_BOOK, &padded(1001)).await;
    expect_error(&answer, 429, "resource_exhausted");
    let details = &answer.json()["details"];
    assert_eq!(details[0]["debug"]["reason"], "MESSAGE_TOO_LARGE");
}
