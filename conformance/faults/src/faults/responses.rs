//! Faults in the responses to valid requests.

use bytes::Bytes;
use contract::bookstore::inventory::v1::{BatchGetBooksResponse, Book, GetBookResponse};
use http::{HeaderValue, StatusCode, header};
use proofread::{
    case::Phase::{Baseline, Behaviour},
    finding::FindingKind::{
        BadResponse, Behaviour as Misbehaved, Crash, Protocol, UndeclaredError,
    },
};
use prost::Message;
use tonic::{Code, Status};

use super::{
    Fault, FaultyResponse,
    fault_behaviour::{ChangeReply, RespondInstead},
};
use crate::{
    call::{Call, Reply},
    error_status::error_status,
    rules::v1::{Checked, CountResponse, GetItemResponse},
};

const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";
const BATCH: &str = "/bookstore.inventory.v1.InventoryService/BatchGetBooks";
const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";
const GET_ITEM: &str = "/rules.v1.BehaviourService/GetItem";
const COUNT: &str = "/rules.v1.BehaviourService/Count";
const SUM_WEIGHTS: &str = "/rules.v1.BehaviourService/SumWeights";
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const STRINGS: &str = "/rules.v1.StringService/CheckStrings";
const LISTS: &str = "/rules.v1.StructureService/CheckLists";

/// Returns this error where the correct server returns OK.
fn fails(status: impl Fn() -> Status + Send + Sync) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ChangeReply(move |reply: &mut Reply, _: &Call| {
        if reply.code() == Code::Ok {
            *reply = Reply::status(status());
        }
    })
}

/// Changes responses with status OK.
fn changes_ok_reply(
    change: impl Fn(&mut Reply) + Send + Sync,
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ChangeReply(move |reply: &mut Reply, _: &Call| {
        if reply.code() == Code::Ok {
            change(reply);
        }
    })
}

/// Changes the messages of responses with status OK.
fn changes_message<M: Message + Default>(
    change: impl Fn(&mut M) + Send + Sync,
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    changes_ok_reply(move |reply| {
        for bytes in &mut reply.messages {
            let mut message = M::decode(bytes.clone()).unwrap_or_default();
            change(&mut message);
            *bytes = message.encode_to_vec().into();
        }
    })
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let undeclared = (Baseline, UndeclaredError);
    let response = (Baseline, BadResponse);
    let protocol = (Baseline, Protocol);
    let mut faults = vec![
        Fault::new("responses/undeclared-code", "returns an error that the method does not declare", BATCH, undeclared,
            fails(|| error_status(Code::NotFound, "BOOK_NOT_FOUND", "one of the books does not exist"))),
        Fault::new("responses/undeclared-reason", "returns a declared code with an undeclared reason", GET_ITEM, undeclared,
            ChangeReply(|reply: &mut Reply, _: &Call| if reply.code() != Code::InvalidArgument {
                *reply = Reply::status(error_status(Code::NotFound, "GONE", "the item was removed"));
            })),
        Fault::new("responses/no-reason", "returns a declared code without google.rpc.ErrorInfo", GET_ITEM, undeclared,
            ChangeReply(|reply: &mut Reply, _: &Call| if reply.code() != Code::InvalidArgument {
                *reply = Reply::status(Status::not_found("no item has this name"));
            })),
        Fault::new("responses/internal", "fails with INTERNAL on a valid request", STRINGS, undeclared, fails(|| Status::internal("panicked"))),
        Fault::new("responses/unknown", "fails with UNKNOWN on a valid request", LISTS, undeclared, fails(|| Status::unknown("Exception"))),
        Fault::new("responses/unimplemented", "does not implement a method", SUM_WEIGHTS, undeclared, fails(|| Status::unimplemented("later"))),
        Fault::new("unimplemented/included-method", "does not implement a method that the user names", SUM_WEIGHTS, undeclared, fails(|| Status::unimplemented("later"))),
        Fault::new("unimplemented/included-service", "implements no method of a service that the user names", "/rules.v1.NumberService/", undeclared, fails(|| Status::unimplemented("later"))),
        Fault::new("responses/unauthenticated", "requires a credential that the contract does not declare", RECOMMEND, undeclared,
            fails(|| Status::unauthenticated("a credential is required"))),
        Fault::new("responses/undefined-code", "returns a code that gRPC does not define", INT32, protocol,
            changes_ok_reply(|reply| { reply.status_fields_mut().insert("grpc-status", HeaderValue::from_static("42")); })),
        Fault::new("responses/out-of-range", "returns a number that violates its rule", INT32, response,
            changes_message(|it: &mut Checked| it.size = -1)),
        Fault::new("responses/wrong-text", "returns a string that does not match its pattern", STRINGS, response,
            changes_message(|it: &mut Checked| it.method = "check".to_owned())),
        Fault::new("responses/required-field-missing", "omits a required message from the response", GET_ITEM, response,
            ChangeReply(|reply: &mut Reply, _: &Call| if reply.code() != Code::InvalidArgument {
                *reply = Reply::ok(&GetItemResponse::default());
            })),
        Fault::new("responses/nested-rule", "returns a book without a price", GET_BOOK, response,
            ChangeReply(|reply: &mut Reply, _: &Call| if reply.code() != Code::InvalidArgument {
                *reply = Reply::ok(&GetBookResponse { book: Some(Book { book_id: 1, title: "Free".to_owned(), category: 1, ..Book::default() }) });
            })),
        Fault::new("responses/unknown-enum", "returns an undefined category", BATCH, response,
            ChangeReply(|reply: &mut Reply, _: &Call| if reply.code() == Code::Ok {
                let mut response = BatchGetBooksResponse::default();
                response.books.push(Book { book_id: 1, title: "Odd".to_owned(), category: 99, price: Some(Default::default()), ..Book::default() });
                *reply = Reply::ok(&response);
            })),
        Fault::new("responses/stream-item", "violates a rule in the last message of a stream", COUNT, response,
            changes_ok_reply(|reply| reply.messages.push(CountResponse { number: 21 }.encode_to_vec().into()))),
        Fault::new("responses/undecodable", "returns bytes that can't be decoded as the response", INT32, response,
            changes_ok_reply(|reply| reply.messages = vec![Bytes::from_static(&[0x0a, 0xff, 0x01])])),
        Fault::new("responses/not-utf-8", "returns a string that is not UTF-8", INT32, response,
            changes_ok_reply(|reply| reply.messages = vec![Bytes::from_static(&[0x12, 0x06, b'C', b'h', b'e', b'c', 0xff, 0xfe])])),
        Fault::new("responses/no-message", "returns OK to a unary call without a message", INT32, response, changes_ok_reply(|reply| reply.messages.clear())),
        Fault::new("responses/two-messages", "returns two messages to a unary call", INT32, response,
            changes_ok_reply(|reply| { let first = reply.messages.clone(); reply.messages.extend(first); })),
        Fault::new("responses/truncated-message", "ends the response in the middle of a message", INT32, protocol,
            changes_ok_reply(|reply| reply.rest = Bytes::from_static(&[0, 0, 0, 0, 9, 1]))),
    ];
    faults.extend(transport());
    faults
}

/// Faults in headers, trailers and the transport.
#[rustfmt::skip]
fn transport() -> Vec<Fault> {
    let protocol = (Baseline, Protocol);
    vec![
        Fault::new("responses/no-status", "ends a call without a status", RECOMMEND, protocol,
            changes_ok_reply(|reply| { reply.status_fields_mut().remove("grpc-status"); })),
        Fault::new("responses/status-not-a-number", "sends the status as a name instead of a number", RECOMMEND, protocol,
            changes_ok_reply(|reply| { reply.status_fields_mut().insert("grpc-status", HeaderValue::from_static("OK")); })),
        Fault::new("responses/status-in-headers", "sends the status before the message and no trailers", RECOMMEND, protocol,
            changes_ok_reply(|reply| {
                let status = reply.status_fields_mut().clone();
                reply.trailers = None;
                reply.headers.extend(status);
            })),
        Fault::new("responses/content-type", "responds with content type text/html", RECOMMEND, protocol,
            changes_ok_reply(|reply| { reply.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html")); })),
        Fault::new("responses/no-content-type", "responds without a content type", RECOMMEND, protocol,
            changes_ok_reply(|reply| { reply.headers.remove(header::CONTENT_TYPE); })),
        Fault::new("responses/http-500", "responds with HTTP 500", RECOMMEND, protocol,
            changes_ok_reply(|reply| { reply.http = StatusCode::INTERNAL_SERVER_ERROR; })),
        Fault::new("responses/compressed", "marks an uncompressed message as compressed", INT32, protocol,
            changes_ok_reply(|reply| {
                let mut framed = crate::call::frame(&std::mem::take(&mut reply.messages)).to_vec();
                if let Some(flag) = framed.first_mut() { *flag = 1; }
                reply.rest = framed.into();
            })),
        Fault::new("responses/hangs", "never responds", STRINGS, (Baseline, Crash), RespondInstead(|_: &Call| Some(FaultyResponse::NoResponse))),
        Fault::new("responses/resets", "resets the stream", LISTS, (Baseline, Protocol), RespondInstead(|_: &Call| Some(FaultyResponse::ResetStream))),
        Fault::new("responses/closes", "closes the connection", LISTS, (Baseline, Crash), RespondInstead(|_: &Call| Some(FaultyResponse::CloseConnection))),
        Fault::new("responses/nondeterministic", "returns different responses to equal calls without side effects", INT32, (Behaviour, Misbehaved),
            changes_message({
                let calls = std::sync::atomic::AtomicI64::new(0);
                move |it: &mut Checked| it.size = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            })),
    ]
}
