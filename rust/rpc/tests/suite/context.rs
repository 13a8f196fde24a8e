//! Request context, deadlines, and what nested calls inherit.

use std::time::{Duration, Instant};

use contract::bookstore::{
    inventory::v1::{BookCategory, GetBookRequest, WatchStockRequest},
    recommendations::v1::RecommendRequest,
};
use rpc::parse_timeout;
use tonic::{Code, Request};

use crate::{
    fakes::{ECHO, NEVER_ANSWERS},
    harness::{Server, Transport, on_both_transports},
};

on_both_transports!(
    nested_call_inherits_request_id_trace_and_deadline,
    call_without_headers_gets_new_request_id_and_trace,
    expired_deadline_ends_the_call,
    expired_deadline_ends_nested_calls,
    expired_deadline_ends_a_stream,
    malformed_timeout_is_refused,
    response_stream_keeps_the_call_context,
);

/// A request for which the fake recommendations service calls `GetBook(book_id)`.
fn recommend(book_id: i32) -> Request<RecommendRequest> {
    Request::new(RecommendRequest {
        category: BookCategory::Mystery.into(),
        max_results: book_id,
        ..Default::default()
    })
}

async fn nested_call_inherits_request_id_trace_and_deadline(transport: Transport) {
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let server = Server::start(transport).await;
    let mut request = recommend(ECHO);
    let metadata = request.metadata_mut();
    metadata.insert("x-request-id", "order-7".parse().expect("ascii"));
    metadata.insert("traceparent", PARENT.parse().expect("ascii"));
    request.set_timeout(Duration::from_secs(20));
    let response = server
        .recommendations()
        .recommend(request)
        .await
        .expect("a response");
    let title = &response.into_inner().recommendations[0].title;

    let [id, id_header, parent, timeout, _caller] = title.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{title}");
    };
    assert_eq!((id, id_header), ("order-7", "order-7"));
    assert_eq!(parent[..36], PARENT[..36], "the same trace");
    assert_ne!(parent[36..52], PARENT[36..52], "another span");
    assert_eq!(parent[52..], PARENT[52..], "sampled as before");
    let timeout = parse_timeout(timeout.as_bytes()).expect("a timeout");
    assert!(
        timeout < Duration::from_secs(20) && timeout > Duration::from_secs(15),
        "{timeout:?}"
    );
}

async fn call_without_headers_gets_new_request_id_and_trace(transport: Transport) {
    let server = Server::start(transport).await;
    let response = server.recommendations().recommend(recommend(ECHO)).await;
    let title = response.expect("a response").into_inner().recommendations[0]
        .title
        .clone();
    let [id, id_header, parent, timeout, _] = title.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{title}");
    };
    assert_eq!((id.len(), id), (36, id_header));
    let timeout = parse_timeout(timeout.as_bytes()).expect("the default");
    assert!(timeout <= Duration::from_secs(10), "{timeout:?}");
    assert_eq!(parent.len(), 55);
}

async fn expired_deadline_ends_the_call(transport: Transport) {
    let server = Server::start(transport).await;
    let mut request = Request::new(GetBookRequest {
        book_id: NEVER_ANSWERS,
    });
    request.set_timeout(Duration::from_millis(100));
    let began = Instant::now();
    let status = server
        .inventory()
        .get_book(request)
        .await
        .expect_err("it never responds");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert!(began.elapsed() < Duration::from_secs(3));
}

async fn expired_deadline_ends_nested_calls(transport: Transport) {
    let server = Server::start(transport).await;
    let mut request = recommend(NEVER_ANSWERS);
    request.set_timeout(Duration::from_millis(100));
    let response = server.recommendations().recommend(request).await;
    assert_eq!(
        response.expect_err("it never responds").code(),
        Code::DeadlineExceeded
    );
}

async fn expired_deadline_ends_a_stream(transport: Transport) {
    let server = Server::start(transport).await;
    let mut request = Request::new(WatchStockRequest {
        book_ids: vec![NEVER_ANSWERS],
    });
    // Long enough for the first level to arrive on a busy machine.
    request.set_timeout(Duration::from_secs(2));
    let response = server.inventory().watch_stock(request).await;
    let mut levels = response.expect("a stream").into_inner();
    assert!(levels.message().await.expect("the first level").is_some());
    let status = levels.message().await.expect_err("nothing more comes");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

async fn malformed_timeout_is_refused(transport: Transport) {
    let server = Server::start(transport).await;
    let mut request = Request::new(GetBookRequest { book_id: ECHO });
    request
        .metadata_mut()
        .insert("grpc-timeout", "soon".parse().expect("ascii"));
    let status = server
        .inventory()
        .get_book(request)
        .await
        .expect_err("it is malformed");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().starts_with("grpc-timeout"), "{status}");
}

async fn response_stream_keeps_the_call_context(transport: Transport) {
    let server = Server::start(transport).await;
    let request = WatchStockRequest {
        book_ids: vec![ECHO],
    };
    let response = server.inventory().watch_stock(request).await;
    let mut levels = response.expect("a stream").into_inner();
    levels.message().await.expect("the first level");
    let second = levels
        .message()
        .await
        .expect("a second level")
        .expect("not the end");
    assert_eq!(
        second.level.expect("required").on_hand,
        36,
        "the length of a UUID"
    );
}
