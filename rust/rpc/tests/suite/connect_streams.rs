//! Streams in the Connect protocol.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

use crate::{
    fakes::{ECHO, PANICS},
    harness::{Server, TOKEN, Transport},
    http_client::{Answer, HttpClient},
};

const WATCH_STOCK: &str = "/bookstore.inventory.v1.InventoryService/WatchStock";
const IMPORT_BOOKS: &str = "/bookstore.inventory.v1.InventoryService/ImportBooks";
const JSON_STREAM: (&str, &str) = ("content-type", "application/connect+json");

fn envelope(flags: u8, message: &str) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(flags);
    bytes.put_u32(u32::try_from(message.len()).expect("short"));
    bytes.put_slice(message.as_bytes());
    bytes.freeze()
}

/// The flags and the JSON of each message of a response.
fn messages(answer: &Answer) -> Vec<(u8, Value)> {
    let mut rest = &answer.body[..];
    let mut messages = Vec::new();
    while let Some((prefix, after)) = rest.split_first_chunk::<5>() {
        let [flags, length @ ..] = *prefix;
        let (message, after) = after.split_at(u32::from_be_bytes(length) as usize);
        messages.push((flags, serde_json::from_slice(message).expect("JSON")));
        rest = after;
    }
    assert!(rest.is_empty(), "a message is incomplete");
    messages
}

async fn start() -> (Server, HttpClient) {
    let server = Server::start(Transport::Tcp).await;
    let client = HttpClient::of(&server);
    (server, client)
}

#[tokio::test]
async fn server_stream_ends_with_its_status() {
    let (_server, client) = start().await;
    let watch = |book: i32| envelope(0, &json!({"bookIds": [book]}).to_string());
    let headers = [JSON_STREAM, ("x-request-id", "seven")];
    let answer = client
        .send("POST", WATCH_STOCK, &headers, watch(ECHO))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/connect+json");
    assert_eq!(answer.header("x-request-id"), "seven");
    let length = json!({"level": {"bookId": 1, "onHand": 5, "available": 5}});
    assert_eq!(
        messages(&answer),
        [
            (0, json!({"level": {"bookId": 1}})),
            (0, length),
            (2, json!({}))
        ]
    );

    let answer = client
        .send("POST", WATCH_STOCK, &headers, watch(PANICS))
        .await;
    let messages = messages(&answer);
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[1].0, 2);
    assert_eq!(messages[1].1["error"]["code"], "internal");
}

#[tokio::test]
async fn request_that_breaks_a_rule_ends_the_stream_at_once() {
    let (_server, client) = start().await;
    let answer = client
        .send("POST", WATCH_STOCK, &[JSON_STREAM], envelope(0, "{}"))
        .await;
    assert_eq!(answer.status, 200);
    let [(2, end)] = &messages(&answer)[..] else {
        panic!("only the end: {answer:?}");
    };
    assert_eq!(end["error"]["code"], "invalid_argument");
    assert_eq!(
        end["error"]["details"][0]["type"],
        "buf.validate.Violations"
    );
}

#[tokio::test]
async fn server_stream_has_exactly_one_request() {
    let (_server, client) = start().await;
    let watch = envelope(0, &json!({"bookIds": [ECHO]}).to_string());
    for body in [Bytes::new(), [watch.clone(), watch].concat().into()] {
        let answer = client.send("POST", WATCH_STOCK, &[JSON_STREAM], body).await;
        let [(2, end)] = &messages(&answer)[..] else {
            panic!("only the end: {answer:?}");
        };
        assert_eq!(end["error"]["code"], "unimplemented", "{end}");
    }
}

#[tokio::test]
async fn client_stream_is_received_and_answered() {
    let (server, client) = start().await;
    let book = json!({"bookId": 1, "title": "A", "authors": ["B"], "category": 1,
        "price": {"currencyCode": "USD", "amountMinor": "1"}});
    let import = json!({"books": [{"book": book, "onHand": 0}]}).to_string();
    let body = [envelope(0, &import), envelope(0, &import)].concat();
    let authorization = format!("Bearer {TOKEN}");
    let headers = [JSON_STREAM, ("authorization", &*authorization)];
    let answer = client
        .send("POST", IMPORT_BOOKS, &headers, body.clone())
        .await;
    assert_eq!(
        messages(&answer),
        [(0, json!({"created": "2"})), (2, json!({}))]
    );
    server.gate.wait_for_end_of_import().await;

    let cut_off = body[..body.len() - 1].to_vec();
    let answer = client.send("POST", IMPORT_BOOKS, &headers, cut_off).await;
    let end = &messages(&answer)[0].1;
    assert_eq!(end["error"]["code"], "invalid_argument", "{end}");
}

#[tokio::test]
async fn method_has_the_media_type_of_its_kind() {
    let (_server, client) = start().await;
    let json = [("content-type", "application/json")];
    let answer = client.send("POST", WATCH_STOCK, &json, "{}").await;
    assert_eq!(answer.status, 415, "{answer:?}");
    assert!(
        answer
            .header("accept-post")
            .contains("application/connect+json")
    );
    let unary = "/bookstore.inventory.v1.InventoryService/GetBook";
    let answer = client
        .send("POST", unary, &[JSON_STREAM], envelope(0, "{}"))
        .await;
    assert_eq!(answer.status, 415, "{answer:?}");
}
