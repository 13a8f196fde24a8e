//! Calls by the `google.api.http` annotations, on the gRPC port and by [`rpc::HttpApi`].

use std::collections::HashMap;

use rpc::{HttpApi, Options, RateLimits};
use serde_json::json;

use crate::{
    fakes::MISSING,
    harness::{Server, TOKEN, Transport, options},
    http_client::HttpClient,
};

const JSON: (&str, &str) = ("content-type", "application/json");
const INVENTORY: &str = "bookstore.inventory.v1.InventoryService";

async fn start() -> (Server, HttpClient) {
    let server = Server::start(Transport::Tcp).await;
    let client = HttpClient::of(&server);
    (server, client)
}

#[tokio::test]
async fn path_query_and_body_are_the_fields_of_the_request() {
    let (_server, client) = start().await;
    let answer = client.get("/v1/books/1", &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["book"]["bookId"], 1);
    assert_eq!(answer.header("cache-control"), "public, no-cache");
    let authorization = format!("Bearer {TOKEN}");
    let headers = [JSON, ("authorization", &*authorization)];
    let answer = client
        .send("PUT", "/v1/books/7/stock", &headers, r#"{"onHand": 3}"#)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let level = json!({"level": {"bookId": 7, "onHand": 3, "available": 3}});
    assert_eq!(answer.json(), level);
}

#[tokio::test]
async fn errors_are_those_of_the_method() {
    let (_server, client) = start().await;
    for (path, status, code) in [
        (&*format!("/v1/books/{MISSING}"), 404, "not_found"),
        ("/v1/books/0", 400, "invalid_argument"),
        ("/v1/books/one", 400, "invalid_argument"),
        ("/v1/books/1?unknown=1", 400, "invalid_argument"),
        ("/v1/reservations", 401, "unauthenticated"),
    ] {
        let answer = client.get(path, &[]).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert_eq!(answer.json()["code"], code, "{path}");
        assert!(answer.headers.contains_key("x-request-id"), "{path}");
    }
    let answer = client.send("DELETE", "/v1/books/1", &[], "").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), "GET");
    let text = [("content-type", "text/plain")];
    let answer = client.send("PUT", "/v1/books/7/stock", &text, "{}").await;
    assert_eq!(answer.status, 415);
    assert_eq!(client.get("/v1/nothing", &[]).await.status, 404);
}

/// Serves the API on a port of its own, as the shop does.
async fn serve_api(server: &Server, options: Options) -> HttpClient {
    let channel = server
        .channel
        .clone()
        .as_service(&"marketplace".into(), None);
    let api = HttpApi::new(HashMap::from([(INVENTORY, channel)]), &options, "/api");
    let listener = rpc::bind(([127, 0, 0, 1], 0).into())
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    tokio::spawn(async move {
        rpc::serve_http(listener, "test", api, &options, std::future::pending()).await
    });
    HttpClient::to(address)
}

async fn api_has_the_credentials_of_its_clients(transport: Transport) {
    let server = Server::with(transport, options()).await;
    let client = serve_api(&server, options()).await;
    let answer = client
        .get("/v1/books/1", &[("cookie", "session=secret")])
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let title = answer.json()["book"]["title"].to_string();
    assert!(title.ends_with("Anonymous\""), "{title}");
    let set_stock = format!("/{INVENTORY}/SetStock");
    let body = r#"{"bookId": 1, "onHand": 0}"#;
    let answer = client.call(&set_stock, body).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    let authorization = format!("Bearer {TOKEN}");
    let headers = [JSON, ("authorization", &*authorization)];
    let answer = client.send("POST", &set_stock, &headers, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // The fake cart calls these; the API must not.
    let commit = format!("/{INVENTORY}/CommitReservation");
    let answer = client.send("POST", &commit, &headers, "{}").await;
    assert_eq!(answer.status, 403, "{answer:?}");
    let elsewhere = client
        .call("/bookstore.cart.v1.CartService/GetCart", "{}")
        .await;
    assert_eq!(elsewhere.status, 501, "{elsewhere:?}");
}

crate::harness::on_both_transports! {
    api_has_the_credentials_of_its_clients,
}

#[tokio::test]
async fn http_port_limits_the_clients_of_the_api() {
    let server = Server::start(Transport::InProcess).await;
    let rates = "
        exempt = []
        http.read = { per_second = 0.001, burst = 2 }
    ";
    let options = Options {
        rate_limits: RateLimits::parse(rates).expect("valid rates"),
        ..options()
    };
    let client = serve_api(&server, options).await;
    let mut statuses = Vec::new();
    for _ in 0..200 {
        statuses.push(client.get("/v1/books/1", &[]).await.status.as_u16());
        if statuses.last() == Some(&429) {
            break;
        }
    }
    assert_eq!(statuses.first(), Some(&200));
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}

#[tokio::test]
async fn api_describes_itself() {
    let (server, client) = start().await;
    let document = client.get("/openapi.json", &[]).await;
    assert_eq!(document.json()["openapi"], "3.1.0");
    assert_eq!(document.json()["servers"][0]["url"], "/");
    let tag = document.header("etag").to_owned();
    let again = client
        .get("/openapi.json", &[("if-none-match", &tag)])
        .await;
    assert_eq!(again.status, 304);
    let page = client.get("/openapi", &[]).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let refused = client.send("POST", "/openapi", &[], "").await;
    assert_eq!(refused.status, 405);
    let api = serve_api(&server, options()).await;
    let document = api.get("/openapi.json", &[]).await;
    assert_eq!(document.json()["servers"][0]["url"], "/api");
}
