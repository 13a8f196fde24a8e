//! Faults in what a server answers to a request that it accepts.

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
use rpc::failure;
use tonic::{Code, Status};

use super::{
    Answer, Fault,
    wrong::{Answering, Instead},
};
use crate::{
    call::{Call, Reply},
    rules::v1::{Checked, CountResponse, GetThingResponse},
};

const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";
const BATCH: &str = "/bookstore.inventory.v1.InventoryService/BatchGetBooks";
const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";
const GET_THING: &str = "/rules.v1.ShelfService/GetThing";
const COUNT: &str = "/rules.v1.ShelfService/Count";
const WEIGH: &str = "/rules.v1.ShelfService/Weigh";
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const TEXTS: &str = "/rules.v1.TextService/CheckTexts";
const LISTS: &str = "/rules.v1.StructureService/CheckLists";

/// Fails where the correct server answers OK.
fn fails(status: impl Fn() -> Status + Send + Sync) -> Answering<impl Fn(&mut Reply, &Call)> {
    Answering(move |reply: &mut Reply, _: &Call| {
        if reply.code() == Code::Ok {
            *reply = Reply::status(status());
        }
    })
}

/// Changes answers that are OK.
fn answers(change: impl Fn(&mut Reply) + Send + Sync) -> Answering<impl Fn(&mut Reply, &Call)> {
    Answering(move |reply: &mut Reply, _: &Call| {
        if reply.code() == Code::Ok {
            change(reply);
        }
    })
}

/// Changes the message of answers that are OK.
fn messages<M: Message + Default>(
    change: impl Fn(&mut M) + Send + Sync,
) -> Answering<impl Fn(&mut Reply, &Call)> {
    answers(move |reply| {
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
        Fault::new("answers/undeclared-code", "answers an error that the method does not declare", BATCH, undeclared,
            fails(|| failure(Code::NotFound, "BOOK_NOT_FOUND", "one of the books does not exist").into_status())),
        Fault::new("answers/undeclared-reason", "answers a declared code with another reason", GET_THING, undeclared,
            Answering(|reply: &mut Reply, _: &Call| if reply.code() != Code::InvalidArgument {
                *reply = Reply::status(failure(Code::NotFound, "GONE", "it was here yesterday").into_status());
            })),
        Fault::new("answers/no-reason", "answers a declared code without google.rpc.ErrorInfo", GET_THING, undeclared,
            Answering(|reply: &mut Reply, _: &Call| if reply.code() != Code::InvalidArgument {
                *reply = Reply::status(Status::not_found("no thing has this name"));
            })),
        Fault::new("answers/internal", "fails with INTERNAL on a valid request", TEXTS, undeclared, fails(|| Status::internal("panicked"))),
        Fault::new("answers/unknown", "fails with UNKNOWN on a valid request", LISTS, undeclared, fails(|| Status::unknown("Exception"))),
        Fault::new("answers/unimplemented", "does not implement a method", WEIGH, undeclared, fails(|| Status::unimplemented("later"))),
        Fault::new("answers/unauthenticated", "wants a credential that the contract does not ask for", RECOMMEND, undeclared,
            fails(|| Status::unauthenticated("who are you?"))),
        Fault::new("answers/made-up-code", "answers a code that gRPC does not have", INT32, protocol,
            answers(|reply| { reply.end().insert("grpc-status", HeaderValue::from_static("42")); })),
        Fault::new("answers/out-of-range", "answers a number that its rule does not allow", INT32, response,
            messages(|it: &mut Checked| it.size = -1)),
        Fault::new("answers/wrong-text", "answers a text that does not match its pattern", TEXTS, response,
            messages(|it: &mut Checked| it.method = "check".to_owned())),
        Fault::new("answers/required-left-out", "leaves a message out of the response that is required", GET_THING, response,
            Answering(|reply: &mut Reply, _: &Call| if reply.code() != Code::InvalidArgument {
                *reply = Reply::ok(&GetThingResponse::default());
            })),
        Fault::new("answers/nested-rule", "answers a book without a price", GET_BOOK, response,
            Answering(|reply: &mut Reply, _: &Call| if reply.code() != Code::InvalidArgument {
                *reply = Reply::ok(&GetBookResponse { book: Some(Book { book_id: 1, title: "Free".to_owned(), category: 1, ..Book::default() }) });
            })),
        Fault::new("answers/unknown-enum", "answers a category that there is not", BATCH, response,
            Answering(|reply: &mut Reply, _: &Call| if reply.code() == Code::Ok {
                let mut answer = BatchGetBooksResponse::default();
                answer.books.push(Book { book_id: 1, title: "Odd".to_owned(), category: 99, price: Some(Default::default()), ..Book::default() });
                *reply = Reply::ok(&answer);
            })),
        Fault::new("answers/stream-item", "breaks a rule in the last message of a stream", COUNT, response,
            answers(|reply| reply.messages.push(CountResponse { number: 21 }.encode_to_vec().into()))),
        Fault::new("answers/undecodable", "answers bytes that are not the response", INT32, response,
            answers(|reply| reply.messages = vec![Bytes::from_static(&[0x0a, 0xff, 0x01])])),
        Fault::new("answers/not-utf-8", "answers a text that is not UTF-8", INT32, response,
            answers(|reply| reply.messages = vec![Bytes::from_static(&[0x12, 0x06, b'C', b'h', b'e', b'c', 0xff, 0xfe])])),
        Fault::new("answers/no-message", "answers OK to a unary call without a message", INT32, response, answers(|reply| reply.messages.clear())),
        Fault::new("answers/two-messages", "answers two messages to a unary call", INT32, response,
            answers(|reply| { let first = reply.messages.clone(); reply.messages.extend(first); })),
        Fault::new("answers/torn", "ends in the middle of a message", INT32, protocol,
            answers(|reply| reply.rest = Bytes::from_static(&[0, 0, 0, 0, 9, 1]))),
    ];
    faults.extend(transport());
    faults
}

/// Faults below the messages.
#[rustfmt::skip]
fn transport() -> Vec<Fault> {
    let protocol = (Baseline, Protocol);
    vec![
        Fault::new("answers/no-status", "ends a call without a status", RECOMMEND, protocol,
            answers(|reply| { reply.end().remove("grpc-status"); })),
        Fault::new("answers/status-no-number", "says the status in words", RECOMMEND, protocol,
            answers(|reply| { reply.end().insert("grpc-status", HeaderValue::from_static("OK")); })),
        Fault::new("answers/status-in-headers", "sends the status before the message and not after it", RECOMMEND, protocol,
            answers(|reply| {
                let status = reply.end().clone();
                reply.trailers = None;
                reply.headers.extend(status);
            })),
        Fault::new("answers/content-type", "answers as text/html", RECOMMEND, protocol,
            answers(|reply| { reply.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html")); })),
        Fault::new("answers/no-content-type", "answers without a content type", RECOMMEND, protocol,
            answers(|reply| { reply.headers.remove(header::CONTENT_TYPE); })),
        Fault::new("answers/http-500", "answers HTTP 500", RECOMMEND, protocol,
            answers(|reply| { reply.http = StatusCode::INTERNAL_SERVER_ERROR; })),
        Fault::new("answers/compressed", "says that the message is compressed, which it is not", INT32, protocol,
            answers(|reply| {
                let mut framed = crate::call::frame(&std::mem::take(&mut reply.messages)).to_vec();
                if let Some(flag) = framed.first_mut() { *flag = 1; }
                reply.rest = framed.into();
            })),
        Fault::new("answers/hangs", "never answers", TEXTS, (Baseline, Crash), Instead(|_: &Call| Some(Answer::Silence))),
        Fault::new("answers/resets", "resets the stream", LISTS, (Baseline, Protocol), Instead(|_: &Call| Some(Answer::Reset))),
        Fault::new("answers/closes", "closes the connection", LISTS, (Baseline, Crash), Instead(|_: &Call| Some(Answer::Close))),
        Fault::new("answers/forgets", "answers equal calls without side effects differently", INT32, (Behaviour, Misbehaved),
            messages({
                let calls = std::sync::atomic::AtomicI64::new(0);
                move |it: &mut Checked| it.size = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            })),
    ]
}
