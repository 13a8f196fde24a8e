//! Faults in how a server reads what is on the wire.

use bytes::Bytes;
use proofread::{
    case::Phase::{self, Baseline, Boundary, Wire},
    finding::FindingKind::{self, Crash, Protocol, UndeclaredError, ValidRefused, WrongCode},
};
use prost_reflect::MessageDescriptor;
use tonic::Status;

use super::{
    Answer, Fault,
    wrong::{Instead, Misreading},
};
use crate::{
    call::{Call, Reply},
    image,
    pardon::pardon,
    records::{self, Record},
};

const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";
const BATCH: &str = "/bookstore.inventory.v1.InventoryService/BatchGetBooks";
const SET_STOCK: &str = "/bookstore.inventory.v1.InventoryService/SetStock";
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const TEXTS: &str = "/rules.v1.TextService/CheckTexts";
const CHOICES: &str = "/rules.v1.StructureService/CheckChoices";
const NESTED: &str = "/rules.v1.StructureService/CheckNested";
const LISTS: &str = "/rules.v1.StructureService/CheckLists";
const COUNT: &str = "/rules.v1.ShelfService/Count";

/// Whether a message of the call is so, by its fields on the wire.
fn any(call: &Call, is: impl Fn(&[Record], &MessageDescriptor) -> bool) -> bool {
    let Some(method) = image::method(&call.path) else {
        return false;
    };
    let mut read = call.messages.iter().filter_map(records::read);
    read.any(|records| is(&records, &method.input()))
}

/// Answers some calls by itself.
fn instead(
    is: impl Fn(&Call) -> bool + Send + Sync,
    answer: impl Fn(&Call) -> Answer + Send + Sync,
) -> Instead<impl Fn(&Call) -> Option<Answer>> {
    Instead(move |call: &Call| is(call).then(|| answer(call)))
}

fn fails(status: impl Fn() -> Status + Send + Sync) -> impl Fn(&Call) -> Answer + Send + Sync {
    move |_: &Call| Answer::Reply(Reply::status(status()))
}

fn accepts(call: &Call) -> Answer {
    Answer::Reply(pardon(call))
}

/// Reads the fields of each message in another way.
fn misreads(
    change: impl Fn(&mut Vec<Record>, &MessageDescriptor) + Send + Sync,
) -> Misreading<impl Fn(Call) -> Call> {
    Misreading(move |call: Call| {
        let Some(method) = image::method(&call.path) else {
            return call;
        };
        let changed = call
            .messages
            .iter()
            .map(|message| match records::read(message) {
                Some(mut records) => {
                    change(&mut records, &method.input());
                    records::write(&records)
                }
                None => message.clone(),
            });
        let changed = changed.collect();
        call.with_messages(changed)
    })
}

fn is_malformed(call: &Call) -> bool {
    call.messages
        .iter()
        .any(|message| records::read(message).is_none())
}

/// Whether a text on the wire is not UTF-8.
fn has_broken_text(call: &Call) -> bool {
    any(call, |records, descriptor| {
        records.iter().any(|record| {
            let field = descriptor.get_field(record.number);
            let text = field.is_some_and(|it| it.kind() == prost_reflect::Kind::String);
            // The length in front is UTF-8 in any case, as it is below 128.
            text && std::str::from_utf8(&record.value).is_err()
        })
    })
}

fn has_unknown_number(call: &Call) -> bool {
    call.decode().iter().any(|message| {
        message
            .fields()
            .any(|(field, value)| match (field.kind(), value) {
                (prost_reflect::Kind::Enum(kind), prost_reflect::Value::EnumNumber(number)) => {
                    kind.get_value(*number).is_none()
                }
                _ => false,
            })
    })
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let refused: (Phase, FindingKind) = (Wire, ValidRefused);
    let undeclared = (Wire, UndeclaredError);
    let protocol = (Wire, Protocol);
    let mut faults = vec![
        Fault::new("wire/unknown-field-refused", "refuses fields that it does not know", RECOMMEND, refused,
            instead(|call| any(call, records::has_unknown), fails(|| Status::invalid_argument("unknown field")))),
        Fault::new("wire/unknown-field-crashes", "panics on fields that it does not know", TEXTS, undeclared,
            instead(|call| any(call, records::has_unknown), fails(|| Status::internal("panicked")))),
        Fault::new("wire/unknown-enum-crashes", "panics on a number of an enum that it does not know", CHOICES, (Boundary, WrongCode),
            instead(has_unknown_number, fails(|| Status::internal("panicked")))),
        Fault::new("wire/unknown-enum-resets", "hangs up on a number of an enum that it does not know", RECOMMEND, (Boundary, Protocol),
            instead(has_unknown_number, |_| Answer::Reset)),
        Fault::new("wire/first-wins", "takes the first value of a field that comes twice", INT32, (Wire, ValidRefused), misreads(records::first_wins)),
        Fault::new("wire/first-enum-wins", "takes the first value of an enum that comes twice", RECOMMEND, (Wire, ValidRefused), misreads(records::first_wins)),
        Fault::new("wire/twice-refused", "refuses a field that comes twice", SET_STOCK, undeclared,
            instead(|call| any(call, |records, descriptor| {
                let mut once = records.to_vec();
                records::first_wins(&mut once, descriptor);
                once.len() < records.len()
            }), fails(|| Status::internal("duplicate field")))),
        Fault::new("wire/messages-not-merged", "does not merge a message that comes in two pieces", NESTED, refused, misreads(records::last_message_only)),
        Fault::new("wire/packed-refused", "does not know packed lists", BATCH, (Baseline, UndeclaredError),
            instead(|call| any(call, |it, descriptor| records::has_list(it, descriptor, true)), fails(|| Status::internal("cannot decode")))),
        Fault::new("wire/unpacked-refused", "does not know lists that are not packed", BATCH, undeclared,
            instead(|call| any(call, |it, descriptor| records::has_list(it, descriptor, false)), fails(|| Status::internal("cannot decode")))),
        Fault::new("wire/order-of-fields", "wants the fields in the order of their numbers", INT32, undeclared,
            instead(|call| any(call, |records, _| !records.is_sorted_by_key(|it| it.number)), fails(|| Status::internal("cannot decode")))),
        Fault::new("wire/not-utf-8-accepted", "accepts texts that are not UTF-8", TEXTS, protocol, instead(has_broken_text, accepts)),
        Fault::new("wire/truncated-accepted", "accepts a message that is cut off", INT32, protocol, instead(is_malformed, accepts)),
        Fault::new("wire/wrong-type-accepted", "accepts a field of the wrong wire type", INT32, protocol,
            instead(|call| any(call, records::has_wrong_type), accepts)),
        Fault::new("wire/malformed-unknown", "says UNKNOWN of a message that is cut off", SET_STOCK, protocol,
            instead(is_malformed, fails(|| Status::unknown("DecodeError")))),
        Fault::new("wire/malformed-closes", "closes the connection on a message that is cut off", LISTS, (Wire, Crash), instead(is_malformed, |_| Answer::Close)),
        Fault::new("wire/no-message-accepted", "takes no message for the empty one, and so answers that it is invalid or fine", COUNT, protocol,
            instead(|call| call.messages.is_empty(), accepts)),
    ];
    faults.extend(headers());
    faults
}

/// Faults about headers and paths.
#[rustfmt::skip]
fn headers() -> Vec<Fault> {
    let protocol = (Wire, Protocol);
    vec![
        Fault::new("wire/timeout-crashes", "panics on a grpc-timeout that is none", RECOMMEND, (Wire, Protocol),
            instead(|call| call.headers.get("grpc-timeout").is_some_and(|it| rpc::parse_timeout(it.as_bytes()).is_err()), |_| Answer::Reset)),
        Fault::new("wire/binary-metadata-crashes", "panics on binary metadata that is no base64", RECOMMEND, (Wire, Protocol),
            instead(|call| call.headers.iter().any(|(name, value)| name.as_str().ends_with("-bin") && value.as_bytes().iter().any(|it| !it.is_ascii_alphanumeric() && !b"+/=,".contains(it))), |_| Answer::Reset)),
        Fault::new("wire/compressed-accepted", "ignores the compressed flag", INT32, protocol,
            Misreading(|call: Call| match call.body().split_first() {
                Some((1, rest)) => { let body = [&[0], rest].concat(); call.with_body(&body.into()) }
                _ => call,
            })),
        Fault::new("wire/unknown-method-ok", "answers OK to methods that it does not have", "/", protocol,
            instead(is_made_up, |_| Answer::Reply(Reply::ok(&())))),
        Fault::new("wire/unknown-method-hangs", "never answers to methods that it does not have", "/", (Wire, Crash),
            instead(is_made_up, |_| Answer::Silence)),
        Fault::new("wire/unknown-method-not-found", "answers NOT_FOUND to methods that it does not have", "/", protocol,
            instead(is_made_up, fails(|| Status::not_found("no such method")))),
        Fault::new("wire/big-message-closes", "closes the connection on a message of a megabyte and more", TEXTS, (Wire, Crash),
            instead(|call| call.messages.iter().map(Bytes::len).sum::<usize>() > 1 << 20, |_| Answer::Close)),
        Fault::new("wire/deep-nesting-crashes", "overflows the stack on messages nested a hundred deep", NESTED, (Wire, Crash),
            instead(|call| call.messages.iter().any(|it| depth(it, 0) > 60), |_| Answer::Close)),
    ]
}

/// Whether the path is of the contract's services and of no method of theirs.
fn is_made_up(call: &Call) -> bool {
    let housekeeping = ["/grpc.health.", "/grpc.reflection."];
    image::method(&call.path).is_none() && !housekeeping.iter().any(|it| call.path.starts_with(it))
}

/// How deep the first fields with a length are nested.
fn depth(message: &Bytes, so_far: usize) -> usize {
    if so_far > 200 {
        return so_far;
    }
    let records = records::read(message).unwrap_or_default();
    let nested = records.iter().filter(|record| record.wire_type == 2);
    let depths = nested.map(|record| {
        let mut value = record.value.clone();
        match prost::encoding::decode_varint(&mut value) {
            Ok(length) if length > 1 => depth(&value, so_far + 1),
            _ => so_far,
        }
    });
    depths.max().unwrap_or(so_far)
}
