//! Responses, statuses and error details of single calls.

use std::sync::atomic::Ordering;

use contract::bookstore::{
    inventory::v1::{BookImport, ImportBooksRequest},
    recommendations::v1::RecommendRequest,
};
use futures::{StreamExt, stream};
use http::Request;
use http_body_util::BodyExt;
use prost::Message;
use rpc::Options;
use tonic::{Code, body::Body};
use tower::Service;

use crate::{
    fakes::{ECHO, INTERNAL_ERROR, MISSING, book},
    harness::{Server, Transport, details, error_info, on_both_transports, options, request_id},
};

on_both_transports!(
    validation_error_lists_unset_fields,
    domain_error_has_error_info,
    cause_of_internal_error_is_not_sent,
    every_response_has_a_request_id,
    each_stream_message_is_validated,
    cancelled_request_stream_does_not_end_normally,
    message_over_the_size_limit_is_refused,
    unknown_service_or_method_is_unimplemented,
);

async fn validation_error_lists_unset_fields(transport: Transport) {
    let server = Server::start(transport).await;
    let response = server
        .recommendations()
        .recommend(RecommendRequest::default())
        .await;
    let status = response.expect_err("everything is unset");
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = details(&status);
    let names: Vec<_> = details.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["buf.validate.Violations", "google.rpc.BadRequest"]);
    let violations =
        prost_protovalidate_types::Violations::decode(&*details[0].1).expect("violations");
    assert_eq!(violations.violations.len(), 2);
}

async fn domain_error_has_error_info(transport: Transport) {
    let server = Server::start(transport).await;
    let status = server.get_book(MISSING).await.expect_err("it is missing");
    assert_eq!(status.code(), Code::NotFound);
    let info = error_info(&status);
    assert_eq!(
        (&*info.reason, &*info.domain),
        ("BOOK_NOT_FOUND", "bookstore")
    );
    assert_eq!(info.metadata["book_id"], "4");
}

async fn cause_of_internal_error_is_not_sent(transport: Transport) {
    let server = Server::start(transport).await;
    let status = server
        .get_book(INTERNAL_ERROR)
        .await
        .expect_err("the disk is full");
    assert_eq!(
        (status.code(), status.message()),
        (Code::Internal, "internal error")
    );
}

async fn every_response_has_a_request_id(transport: Transport) {
    let server = Server::start(transport).await;
    let mut request =
        tonic::Request::new(contract::bookstore::inventory::v1::GetBookRequest { book_id: ECHO });
    request
        .metadata_mut()
        .insert("x-request-id", "mine".parse().expect("ascii"));
    let response = server
        .inventory()
        .get_book(request)
        .await
        .expect("a response");
    assert_eq!(request_id(response.metadata()), "mine");

    let status = server.get_book(MISSING).await.expect_err("it is missing");
    let made = status.metadata().get("x-request-id").expect("failures too");
    assert_eq!(made.as_bytes().len(), 36);
}

async fn each_stream_message_is_validated(transport: Transport) {
    let server = Server::start(transport).await;
    let good = ImportBooksRequest {
        books: vec![BookImport {
            book: Some(book(7, "Persuasion".to_owned())),
            on_hand: None,
        }],
    };
    let two = stream::iter([good.clone(), good.clone()]);
    let response = server
        .operator()
        .import_books(two)
        .await
        .expect("an import");
    assert_eq!(response.into_inner().created, 2);

    let second_is_bad = stream::iter([good, ImportBooksRequest::default()]);
    let response = server.operator().import_books(second_is_bad).await;
    let status = response.expect_err("the second message is empty");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(details(&status)[0].0, "buf.validate.Violations");
}

async fn cancelled_request_stream_does_not_end_normally(transport: Transport) {
    let server = Server::start(transport).await;
    let first = stream::iter([ImportBooksRequest {
        books: vec![BookImport {
            book: Some(book(7, "Persuasion".to_owned())),
            on_hand: None,
        }],
    }]);
    let mut operator = server.operator();
    let import = operator.import_books(first.chain(stream::pending()));
    tokio::select! {
        ended = import => panic!("the stream has no end: {ended:?}"),
        // Then the client cancels.
        () = server.gate.wait_for_begin_of_import() => {}
    }
    server.gate.wait_for_end_of_import().await;
    assert_eq!(server.gate.imports.load(Ordering::Relaxed), 0);
}

async fn message_over_the_size_limit_is_refused(transport: Transport) {
    let small = Options {
        max_message_bytes: 1000,
        ..options()
    };
    let server = Server::with(transport, small).await;
    let message = |length| {
        let book = book(7, "x".repeat(length));
        let books = vec![BookImport {
            book: Some(book),
            on_hand: None,
        }];
        stream::iter([ImportBooksRequest { books }])
    };
    server
        .operator()
        .import_books(message(300))
        .await
        .expect("below the limit");
    let response = server.operator().import_books(message(2000)).await;
    let status = response.expect_err("over the limit");
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(error_info(&status).reason, "MESSAGE_TOO_LARGE");
    assert_eq!(error_info(&status).metadata["limit_bytes"], "1000");
}

async fn unknown_service_or_method_is_unimplemented(transport: Transport) {
    let mut server = Server::start(transport).await;
    for path in [
        "/no.such.Service/Method",
        "/bookstore.inventory.v1.InventoryService/NoSuchMethod",
        "/payment.PaymentService/ProcessPayment",
        "/",
    ] {
        let request = Request::post(path)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Body::empty())
            .expect("a request");
        let response = server.channel.call(request).await.expect("a response");
        assert_eq!(response.headers()["grpc-status"], "12", "{path}");
        assert!(response.headers().contains_key("x-request-id"));
        let body = response.into_body().collect().await.expect("a body");
        assert!(body.to_bytes().is_empty());
    }
}
