//! Faults with state: answers that depend on earlier calls or on the connection, effects of
//! calls that must have none, and leaks between calls.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI32, Ordering},
    },
};

use bytes::Bytes;
use contract::bookstore::inventory::v1::BatchGetStockResponse;
use http::{HeaderMap, HeaderName, HeaderValue};
use proofread::{
    case::Phase::{self, Behaviour, Boundary},
    finding::FindingKind::{self, Behaviour as Misbehaved, RuleNotChecked, WrongViolations},
};
use prost::Message;
use tonic::{Code, Status};

use super::{
    Fault, FaultyResponse,
    fault_behaviour::{ChangeRefusal, ChangeReply, RespondInstead},
    wire::accepts,
};
use crate::{
    call::{Call, Reply},
    error_status::error_status,
    refusal::Refusal,
    rules::v1::{ChargeRequest, Checked, GetItemResponse},
};

const BEHAVIOURS: &str = "/rules.v1.BehaviourService/";
const CHARGE: &str = "/rules.v1.BehaviourService/Charge";
const GET_ITEM: &str = "/rules.v1.BehaviourService/GetItem";
const LIST_ITEMS: &str = "/rules.v1.BehaviourService/ListItems";
const INVENTORY: &str = "/bookstore.inventory.v1.InventoryService/";
const SET_STOCK: &str = "/bookstore.inventory.v1.InventoryService/SetStock";
const GET_STOCK: &str = "/bookstore.inventory.v1.InventoryService/BatchGetStock";
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const STRINGS: &str = "/rules.v1.StringService/CheckStrings";

/// A value that is kept from call to call.
#[derive(Default)]
pub(super) struct Kept<T>(Mutex<T>);

impl<T> Kept<T> {
    /// Reads and changes the value.
    pub(super) fn with<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn is_ok(reply: &Reply) -> bool {
    reply.code() == Code::Ok
}

/// Shows how many calls were counted, as the weight of an item.
fn counts(
    counted: impl Fn(&Call, &Reply) -> bool + Send + Sync,
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    let count = AtomicI32::new(0);
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        if counted(call, reply) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if call.path == GET_ITEM && is_ok(reply) {
            for message in &mut reply.messages {
                let mut response = GetItemResponse::decode(message.clone()).unwrap_or_default();
                if let Some(item) = &mut response.item {
                    item.weight = Some(count.load(Ordering::Relaxed) % 1_000);
                }
                *message = response.encode_to_vec().into();
            }
        }
    })
}

/// Returns the previous answer of the method.
fn previous_answer() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    let previous: Kept<Option<Reply>> = Kept::default();
    ChangeReply(move |reply: &mut Reply, _: &Call| {
        if is_ok(reply) {
            let current = reply.clone();
            let before = previous.with(|previous| previous.replace(current));
            *reply = before.unwrap_or_else(|| reply.clone());
        }
    })
}

/// Adds one to the stock when a call that sets it is repeated.
fn repeated_set_adds() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    let kept: Kept<(Vec<Bytes>, i32)> = Kept::default();
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        if call.path == SET_STOCK && is_ok(reply) {
            kept.with(|(last, added)| {
                if *last == call.messages {
                    *added += 1;
                }
                last.clone_from(&call.messages);
            });
        }
        if call.path == GET_STOCK && is_ok(reply) {
            let added = kept.with(|(_, added)| *added % 100);
            for message in &mut reply.messages {
                let mut response =
                    BatchGetStockResponse::decode(message.clone()).unwrap_or_default();
                if let Some(level) = response.levels.first_mut() {
                    level.on_hand += added;
                    level.available += added;
                }
                *message = response.encode_to_vec().into();
            }
        }
    })
}

fn not_found() -> Reply {
    Reply::status(error_status(
        Code::NotFound,
        "ITEM_NOT_FOUND",
        "no item has this name",
    ))
}

/// Does not find an item that the call before has found.
fn found_once() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    let found = AtomicI32::new(0);
    ChangeReply(move |reply: &mut Reply, _: &Call| {
        if is_ok(reply) && found.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
            *reply = not_found();
        }
    })
}

/// Does not find an item in the call after a refused one.
fn not_found_after_refusal() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    let refused: Kept<bool> = Kept::default();
    ChangeReply(move |reply: &mut Reply, _: &Call| {
        let after_refusal =
            refused.with(|refused| std::mem::replace(refused, reply.refusal().is_some()));
        if after_refusal && is_ok(reply) {
            *reply = not_found();
        }
    })
}

/// Accepts every third request that breaks rules.
fn third_unchecked() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    let refused = AtomicI32::new(0);
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        if reply.refusal().is_some() && refused.fetch_add(1, Ordering::Relaxed) % 3 == 2 {
            *reply = crate::accept_anyway::accept_anyway(call);
        }
    })
}

/// Remembers the request ids of refused charges, and refuses them from then on.
fn refused_key_is_used() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    let used: Kept<BTreeSet<String>> = Kept::default();
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        let ids = call.messages.iter().filter_map(|message| {
            let request = ChargeRequest::decode(message.clone()).ok()?;
            Some(request.request_id)
        });
        for id in ids {
            if reply.refusal().is_some() {
                used.with(|used| used.insert(id));
            } else if used.with(|used| used.contains(&id)) {
                let text = "the request id was used with another body";
                *reply =
                    Reply::status(error_status(Code::AlreadyExists, "REQUEST_ID_REUSED", text));
            }
        }
    })
}

/// Adds the violations of earlier requests to those of a refused one.
fn violations_accumulate() -> ChangeRefusal<impl Fn(&mut Refusal)> {
    let earlier: Kept<Option<Refusal>> = Kept::default();
    ChangeRefusal(move |refusal: &mut Refusal| {
        let current = refusal.clone();
        let Some(before) = earlier.with(|earlier| earlier.replace(current)) else {
            return;
        };
        let violations = before.violations.violations.into_iter();
        for (violation, field) in violations.zip(before.bad_request.field_violations) {
            if !refusal.violations.violations.contains(&violation) {
                refusal.violations.violations.push(violation);
                refusal.bad_request.field_violations.push(field);
            }
        }
    })
}

/// Refuses a request because of the violations of the request before.
fn previous_refusal() -> ChangeRefusal<impl Fn(&mut Refusal)> {
    let previous: Kept<Option<Refusal>> = Kept::default();
    ChangeRefusal(move |refusal: &mut Refusal| {
        let current = refusal.clone();
        if let Some(before) = previous.with(|previous| previous.replace(current)) {
            *refusal = before;
        }
    })
}

/// Appends the text of the request before to the message of a refusal.
fn text_in_refusal() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    let previous: Kept<String> = Kept::default();
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        let before = previous.with(|previous| std::mem::replace(previous, texts(call)));
        if let Some(mut refusal) = reply.refusal() {
            refusal.message = format!("{} (after {before})", refusal.message);
            refusal.inner_message.clone_from(&refusal.message);
            reply.set_status(&refusal.status());
        }
    })
}

/// The text in a call, without other characters than ASCII.
fn texts(call: &Call) -> String {
    let bytes = call.messages.iter().flat_map(|message| message.iter());
    let text = bytes.filter(|byte| byte.is_ascii_alphanumeric());
    text.take(200).map(|byte| char::from(*byte)).collect()
}

/// Sends the text of the request before in metadata.
fn text_in_metadata() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    let previous: Kept<String> = Kept::default();
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        let before = previous.with(|previous| std::mem::replace(previous, texts(call)));
        if let Ok(value) = HeaderValue::try_from(before) {
            reply.status_fields_mut().insert("x-debug", value);
        }
    })
}

/// Sends the metadata of the call before.
fn metadata_of_previous_call() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    let previous: Kept<HeaderMap> = Kept::default();
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        let custom = call.headers.iter();
        let custom = custom.filter(|(name, _)| name.as_str().starts_with("x-"));
        let custom: HeaderMap = custom
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Vec<(HeaderName, HeaderValue)>>()
            .into_iter()
            .collect();
        let before = previous.with(|previous| std::mem::replace(previous, custom));
        reply.status_fields_mut().extend(before);
    })
}

/// Sends the credential of the call back.
fn credential_returned() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        if let Some(credential) = call.headers.get("authorization").cloned() {
            reply.status_fields_mut().insert("x-debug", credential);
        }
    })
}

fn on_connection(
    is: impl Fn(&Call) -> bool + Send + Sync,
    response: impl Fn(&Call) -> FaultyResponse + Send + Sync,
) -> RespondInstead<impl Fn(&Call) -> Option<FaultyResponse>> {
    RespondInstead(move |call: &Call| is(call).then(|| response(call)))
}

/// Returns another size to the first call of each connection.
fn first_call_differs() -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ChangeReply(|reply: &mut Reply, call: &Call| {
        if call.origin.calls_before > 0 || !is_ok(reply) {
            return;
        }
        for message in &mut reply.messages {
            let mut checked = Checked::decode(message.clone()).unwrap_or_default();
            checked.size += 1;
            *message = checked.encode_to_vec().into();
        }
    })
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let claim: (Phase, FindingKind) = (Behaviour, Misbehaved);
    let unchecked = (Behaviour, RuleNotChecked);
    let violations = (Boundary, WrongViolations);
    let closes = |_: &Call| FaultyResponse::CloseConnection;
    let fails = |_: &Call| FaultyResponse::Reply(Reply::status(Status::internal("too many calls")));
    vec![
        Fault::new("state/refused-charge-counts", "counts charges that it refuses because of their rules", BEHAVIOURS, claim,
            counts(|call, reply| call.path == CHARGE && reply.refusal().is_some())),
        Fault::new("state/refused-read-counts", "counts requests for items that it refuses because of their rules", GET_ITEM, claim,
            counts(|_, reply| reply.refusal().is_some())),
        Fault::new("state/list-counts", "counts the calls of a method that is declared to have no side effects", BEHAVIOURS, claim,
            counts(|call, _| call.path == LIST_ITEMS)),
        Fault::new("state/repeated-set-adds", "adds to the stock when a call that sets it is repeated", INVENTORY, claim, repeated_set_adds()),
        Fault::new("state/previous-item", "returns the answer of the call before", LIST_ITEMS, claim, previous_answer()),
        Fault::new("state/found-once", "does not find an item that the call before has found", GET_ITEM, claim, found_once()),
        Fault::new("state/not-found-after-refusal", "does not find an item in the call after a refused one", GET_ITEM, claim, not_found_after_refusal()),
        Fault::new("state/third-unchecked", "accepts every third request that breaks rules", INT32, unchecked, third_unchecked()),
        Fault::new("state/refused-key-is-used", "treats the request id of a refused charge as used", CHARGE, claim, refused_key_is_used()),
        Fault::new("state/violations-accumulate", "adds the violations of the request before", STRINGS, violations, violations_accumulate()),
        Fault::new("state/previous-refusal", "reports the violations of the request before", INT32, violations, previous_refusal()),
        Fault::new("connections/call-limit", "fails after 100 calls on a connection", INT32, claim,
            on_connection(|call| call.origin.calls_before >= 100, fails)),
        Fault::new("connections/connection-limit", "closes all connections after the tenth", INT32, claim,
            on_connection(|call| call.origin.connection >= 10, closes)),
        Fault::new("connections/first-call-differs", "returns another answer to the first call on a connection", INT32, claim, first_call_differs()),
        Fault::new("connections/first-call-unchecked", "does not check the rules of the first call on a connection", INT32, unchecked,
            on_connection(|call| call.origin.calls_before == 0, accepts)),
        Fault::new("leaks/text-in-refusal", "repeats the request before in the message of a refusal", STRINGS, claim, text_in_refusal()),
        Fault::new("leaks/text-in-metadata", "repeats the request before in metadata", GET_ITEM, claim, text_in_metadata()),
        Fault::new("leaks/metadata", "sends the metadata of the call before", GET_ITEM, claim, metadata_of_previous_call()),
        Fault::new("leaks/credential", "sends the credential of the call back", SET_STOCK, claim, credential_returned()),
    ]
}
