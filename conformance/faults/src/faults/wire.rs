//! Faults in how a server decodes messages, headers and paths.

use bytes::Bytes;
use proofread::{
    case::Phase::{self, Baseline, Boundary, Wire},
    finding::FindingKind::{self, Crash, Protocol, UndeclaredError, ValidRefused, WrongCode},
};
use prost_reflect::MessageDescriptor;
use tonic::Status;

use super::{
    Fault, FaultyResponse,
    fault_behaviour::{ChangeCall, RespondInstead},
};
use crate::{
    accept_anyway::accept_anyway,
    call::{Call, Reply},
    image,
    wire_fields::{self, WireField},
};

const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";
const BATCH: &str = "/bookstore.inventory.v1.InventoryService/BatchGetBooks";
const SET_STOCK: &str = "/bookstore.inventory.v1.InventoryService/SetStock";
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const STRINGS: &str = "/rules.v1.StringService/CheckStrings";
const BOOLS_AND_ENUMS: &str = "/rules.v1.StructureService/CheckBoolsAndEnums";
const NESTED: &str = "/rules.v1.StructureService/CheckNested";
const LISTS: &str = "/rules.v1.StructureService/CheckLists";
const COUNT: &str = "/rules.v1.BehaviourService/Count";

/// Whether the predicate is true for the encoded fields of any message of the call.
pub(super) fn any(call: &Call, is: impl Fn(&[WireField], &MessageDescriptor) -> bool) -> bool {
    let Some(method) = image::method(&call.path) else {
        return false;
    };
    let mut read = call.messages.iter().filter_map(wire_fields::read);
    read.any(|records| is(&records, &method.input()))
}

/// Returns `answer` for calls for which `is` is true.
pub(super) fn instead(
    is: impl Fn(&Call) -> bool + Send + Sync,
    response: impl Fn(&Call) -> FaultyResponse + Send + Sync,
) -> RespondInstead<impl Fn(&Call) -> Option<FaultyResponse>> {
    RespondInstead(move |call: &Call| is(call).then(|| response(call)))
}

pub(super) fn fails(
    status: impl Fn() -> Status + Send + Sync,
) -> impl Fn(&Call) -> FaultyResponse + Send + Sync {
    move |_: &Call| FaultyResponse::Reply(Reply::status(status()))
}

pub(super) fn accepts(call: &Call) -> FaultyResponse {
    FaultyResponse::Reply(accept_anyway(call))
}

/// Changes the encoded fields of each message, like a wrong decoder.
pub(super) fn misreads(
    change: impl Fn(&mut Vec<WireField>, &MessageDescriptor) + Send + Sync,
) -> ChangeCall<impl Fn(Call) -> Call> {
    ChangeCall(move |call: Call| {
        let Some(method) = image::method(&call.path) else {
            return call;
        };
        let changed = call
            .messages
            .iter()
            .map(|message| match wire_fields::read(message) {
                Some(mut records) => {
                    change(&mut records, &method.input());
                    wire_fields::write(&records)
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
        .any(|message| wire_fields::read(message).is_none())
}

/// Whether an encoded string is not UTF-8.
fn has_broken_text(call: &Call) -> bool {
    any(call, |records, descriptor| {
        records.iter().any(|record| {
            let field = descriptor.get_field(record.number);
            let text = field.is_some_and(|it| it.kind() == prost_reflect::Kind::String);
            // The length prefix is one byte below 128, which is valid UTF-8.
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
        Fault::new("wire/unknown-field-refused", "refuses unknown fields", RECOMMEND, refused,
            instead(|call| any(call, wire_fields::has_unknown), fails(|| Status::invalid_argument("unknown field")))),
        Fault::new("wire/unknown-field-crashes", "panics on unknown fields", STRINGS, undeclared,
            instead(|call| any(call, wire_fields::has_unknown), fails(|| Status::internal("panicked")))),
        Fault::new("wire/unknown-enum-crashes", "panics on an unknown enum number", BOOLS_AND_ENUMS, (Boundary, WrongCode),
            instead(has_unknown_number, fails(|| Status::internal("panicked")))),
        Fault::new("wire/unknown-enum-resets", "resets the stream on an unknown enum number", RECOMMEND, (Boundary, Protocol),
            instead(has_unknown_number, |_| FaultyResponse::ResetStream)),
        Fault::new("wire/first-wins", "uses the first value of a field that occurs twice", INT32, (Wire, ValidRefused), misreads(wire_fields::keep_first_occurrence)),
        Fault::new("wire/first-enum-wins", "uses the first value of an enum that occurs twice", RECOMMEND, (Wire, ValidRefused), misreads(wire_fields::keep_first_occurrence)),
        Fault::new("wire/duplicate-field-refused", "refuses a field that occurs twice", SET_STOCK, undeclared,
            instead(|call| any(call, |records, descriptor| {
                let mut once = records.to_vec();
                wire_fields::keep_first_occurrence(&mut once, descriptor);
                once.len() < records.len()
            }), fails(|| Status::internal("duplicate field")))),
        Fault::new("wire/messages-not-merged", "does not merge a message that is sent in two parts", NESTED, refused, misreads(wire_fields::keep_last_message)),
        Fault::new("wire/packed-refused", "refuses packed lists", BATCH, (Baseline, UndeclaredError),
            instead(|call| any(call, |it, descriptor| wire_fields::has_list(it, descriptor, true)), fails(|| Status::internal("cannot decode")))),
        Fault::new("wire/unpacked-refused", "refuses unpacked lists", BATCH, undeclared,
            instead(|call| any(call, |it, descriptor| wire_fields::has_list(it, descriptor, false)), fails(|| Status::internal("cannot decode")))),
        Fault::new("wire/field-order-required", "requires fields to be in the order of their numbers", INT32, undeclared,
            instead(|call| any(call, |records, _| !records.is_sorted_by_key(|it| it.number)), fails(|| Status::internal("cannot decode")))),
        Fault::new("wire/not-utf-8-accepted", "accepts strings that are not UTF-8", STRINGS, protocol, instead(has_broken_text, accepts)),
        Fault::new("wire/truncated-accepted", "accepts a truncated message", INT32, protocol, instead(is_malformed, accepts)),
        Fault::new("wire/wrong-type-accepted", "accepts a field with the wrong wire type", INT32, protocol,
            instead(|call| any(call, wire_fields::has_wrong_type), accepts)),
        Fault::new("wire/malformed-unknown", "returns UNKNOWN for a truncated message", SET_STOCK, protocol,
            instead(is_malformed, fails(|| Status::unknown("DecodeError")))),
        Fault::new("wire/malformed-closes", "closes the connection on a truncated message", LISTS, (Wire, Crash), instead(is_malformed, |_| FaultyResponse::CloseConnection)),
        Fault::new("wire/no-message-accepted", "treats a missing message as an empty one", COUNT, protocol,
            instead(|call| call.messages.is_empty(), accepts)),
    ];
    faults.extend(headers());
    faults
}

/// Faults in the handling of headers and paths.
#[rustfmt::skip]
fn headers() -> Vec<Fault> {
    let protocol = (Wire, Protocol);
    vec![
        Fault::new("wire/timeout-crashes", "resets the stream on an invalid grpc-timeout", RECOMMEND, (Wire, Protocol),
            instead(|call| call.headers.get("grpc-timeout").is_some_and(|it| rpc::parse_timeout(it.as_bytes()).is_err()), |_| FaultyResponse::ResetStream)),
        Fault::new("wire/binary-metadata-crashes", "resets the stream on binary metadata that is not base64", RECOMMEND, (Wire, Protocol),
            instead(|call| call.headers.iter().any(|(name, value)| name.as_str().ends_with("-bin") && value.as_bytes().iter().any(|it| !it.is_ascii_alphanumeric() && !b"+/=,".contains(it))), |_| FaultyResponse::ResetStream)),
        Fault::new("wire/compressed-accepted", "ignores the compressed flag", INT32, protocol,
            ChangeCall(|call: Call| match call.body().split_first() {
                Some((1, rest)) => { let body = [&[0], rest].concat(); call.with_body(&body.into()) }
                _ => call,
            })),
        Fault::new("wire/unknown-method-ok", "returns OK for unknown methods", "/", protocol,
            instead(is_unknown_method, |_| FaultyResponse::Reply(Reply::ok(&())))),
        Fault::new("wire/unknown-method-hangs", "never responds to unknown methods", "/", (Wire, Crash),
            instead(is_unknown_method, |_| FaultyResponse::NoResponse)),
        Fault::new("wire/unknown-method-not-found", "returns NOT_FOUND for unknown methods", "/", protocol,
            instead(is_unknown_method, fails(|| Status::not_found("no such method")))),
        Fault::new("wire/big-message-closes", "closes the connection on messages larger than one MiB", STRINGS, (Wire, Crash),
            instead(|call| call.messages.iter().map(Bytes::len).sum::<usize>() > 1 << 20, |_| FaultyResponse::CloseConnection)),
        Fault::new("wire/deep-nesting-crashes", "closes the connection on deeply nested messages, like a stack overflow", NESTED, (Wire, Crash),
            instead(|call| call.messages.iter().any(|it| depth(it, 0) > 60), |_| FaultyResponse::CloseConnection)),
    ]
}

/// Whether the contract does not define the called method.
fn is_unknown_method(call: &Call) -> bool {
    let infrastructure = ["/grpc.health.", "/grpc.reflection."];
    image::method(&call.path).is_none()
        && !infrastructure.iter().any(|it| call.path.starts_with(it))
}

/// The nesting depth of length-delimited fields.
fn depth(message: &Bytes, depth_so_far: usize) -> usize {
    if depth_so_far > 200 {
        return depth_so_far;
    }
    let records = wire_fields::read(message).unwrap_or_default();
    let nested = records.iter().filter(|record| record.wire_type == 2);
    let depths = nested.map(|record| {
        let mut value = record.value.clone();
        match prost::encoding::decode_varint(&mut value) {
            Ok(length) if length > 1 => depth(&value, depth_so_far + 1),
            _ => depth_so_far,
        }
    });
    depths.max().unwrap_or(depth_so_far)
}
