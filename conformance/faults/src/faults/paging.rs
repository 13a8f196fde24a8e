//! Faults of paged lists and of repeated calls.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use proofread::{case::Phase::Behaviour, finding::FindingKind::Behaviour as Misbehaved};
use prost::Message;
use tonic::Code;

use super::{
    Fault, FaultBehaviour, FaultyResponse,
    fault_behaviour::{ChangeCall, ChangeReply},
};
use crate::{
    call::{Call, Reply},
    error_status::error_status,
    rules::v1::{ChargeRequest, ChargeResponse, Item, ListItemsRequest, ListItemsResponse},
    server::CorrectServer,
};

const LIST: &str = "/rules.v1.BehaviourService/ListItems";
const LIST_BOOKS: &str = "/bookstore.inventory.v1.InventoryService/ListBooks";
const CHARGE: &str = "/rules.v1.BehaviourService/Charge";
const RESERVE: &str = "/bookstore.inventory.v1.InventoryService/ReserveStock";

/// Changes list requests before the correct server receives them.
fn changes_request(
    change: impl Fn(&mut ListItemsRequest) + Send + Sync,
) -> ChangeCall<impl Fn(Call) -> Call> {
    ChangeCall(move |call: Call| {
        let messages = call.messages.iter().map(|bytes| {
            let mut request = ListItemsRequest::decode(bytes.clone()).unwrap_or_default();
            change(&mut request);
            request.encode_to_vec().into()
        });
        let messages = messages.collect();
        call.with_messages(messages)
    })
}

/// Changes the pages that the correct server returns.
fn changes_page(
    change: impl Fn(&mut ListItemsResponse, &ListItemsRequest) + Send + Sync,
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    ChangeReply(move |reply: &mut Reply, call: &Call| {
        let (Code::Ok, Some(bytes), Some(request_bytes)) =
            (reply.code(), reply.messages.first(), call.messages.first())
        else {
            return;
        };
        let request = ListItemsRequest::decode(request_bytes.clone()).unwrap_or_default();
        let mut page = ListItemsResponse::decode(bytes.clone()).unwrap_or_default();
        change(&mut page, &request);
        reply.messages = vec![page.encode_to_vec().into()];
    })
}

/// Replaces the request id, so that a repeated call is executed again.
struct IgnoreRequestId {
    calls: std::sync::atomic::AtomicU64,
}

#[tonic::async_trait]
impl FaultBehaviour for IgnoreRequestId {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let number = self
            .calls
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let id = uuid::Uuid::from_u128(u128::from(number)).to_string();
        let accepted = correct.handle_call(call.clone()).await.code() == Code::Ok;
        if !accepted {
            return FaultyResponse::Reply(correct.handle_call(call).await);
        }
        // The first field of both requests is the id.
        let messages = call.messages.iter().map(|bytes| {
            let mut records = crate::wire_fields::read(bytes).unwrap_or_default();
            for record in records.iter_mut().filter(|record| record.number == 1) {
                record.value = [&[36], id.as_bytes()].concat().into();
            }
            crate::wire_fields::write(&records)
        });
        let messages = messages.collect();
        FaultyResponse::Reply(correct.handle_call(call.with_messages(messages)).await)
    }
}

/// Returns the first response for a request id, whatever the body is.
#[derive(Default)]
struct IgnoreChangedBody(Mutex<HashMap<String, ChargeResponse>>);

#[tonic::async_trait]
impl FaultBehaviour for IgnoreChangedBody {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let request = call
            .messages
            .first()
            .and_then(|it| ChargeRequest::decode(it.clone()).ok());
        let id = request.unwrap_or_default().request_id;
        let mut reply = correct.handle_call(call).await;
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match reply.code() {
            Code::Ok => {
                let response = reply.messages.first().cloned().unwrap_or_default();
                first.insert(id, ChargeResponse::decode(response).unwrap_or_default());
            }
            Code::AlreadyExists => reply = Reply::ok(&first.get(&id).copied().unwrap_or_default()),
            _ => {}
        }
        FaultyResponse::Reply(reply)
    }
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let claim = (Behaviour, Misbehaved);
    vec![
        Fault::new("paging/overlap", "starts each page with the last item of the previous page", LIST, claim,
            changes_page(|page, request| if !request.page_token.is_empty() { page.items.insert(0, Item { name: name_before(&request.page_token), weight: None }); page.items.truncate(usize::try_from(request.page_size).unwrap_or(5).max(1)); })),
        Fault::new("paging/first-item-skipped", "omits the first item of each page except the first page", LIST, claim,
            changes_page(|page, request| if !request.page_token.is_empty() && page.items.len() > 1 { page.items.remove(0); })),
        Fault::new("paging/size-ignored", "returns pages of five items, whatever size is requested", LIST, claim, changes_request(|request| request.page_size = 5)),
        Fault::new("paging/page-too-large", "returns one item more than requested", LIST, claim, changes_request(|request| if (1..100).contains(&request.page_size) { request.page_size += 1; })),
        Fault::new("paging/last-page-missing", "ends the list one page early", LIST, claim,
            changes_page(|page, request| if !request.page_token.is_empty() { page.next_page_token.clear(); })),
        Fault::new("paging/endless", "starts again after the last page", LIST, claim,
            changes_page(|page, _| if page.next_page_token.is_empty() { page.next_page_token = "from-1".to_owned(); })),
        Fault::new("paging/token-ignored", "returns the first page for any token", LIST, claim, changes_request(|request| request.page_token.clear())),
        Fault::new("paging/bad-token-accepted", "returns the first page for an invalid token", LIST_BOOKS, claim, AcceptInvalidPageToken),
        Fault::new("paging/response-too-large", "returns more items than a response may have", LIST, claim,
            changes_page(|page, request| if request.page_size > 0 { let first = page.items.clone(); while page.items.len() < 101 { page.items.extend(first.iter().cloned()); } })),
        Fault::new("idempotency/charges-twice", "charges again when a call is repeated", CHARGE, claim, IgnoreRequestId { calls: Default::default() }),
        Fault::new("idempotency/reserves-twice", "makes another reservation when a call is repeated", RESERVE, claim, IgnoreRequestId { calls: Default::default() }),
        Fault::new("idempotency/other-body-accepted", "returns the first charge for another body with the same id", CHARGE, claim, IgnoreChangedBody::default()),
        Fault::new("idempotency/absent-is-zero", "treats an absent tip as zero, and so a different body as a repetition", CHARGE, claim,
            ChangeCall(|call: Call| {
                let messages = call.messages.iter().map(|bytes| {
                    let mut request = ChargeRequest::decode(bytes.clone()).unwrap_or_default();
                    let is_canonical = request.encoded_len() == bytes.len();
                    if request.tip_minor.is_none() && !bytes.is_empty() { request.tip_minor = Some(0); }
                    if is_canonical { request.encode_to_vec().into() } else { bytes.clone() }
                });
                let messages = messages.collect();
                call.with_messages(messages)
            })),
        Fault::new("idempotency/repeat-refused", "refuses a repeated call, with a declared error", CHARGE, claim, RefuseRepeatedCall::default()),
    ]
}

/// The name of the item before the position in a page token.
fn name_before(token: &str) -> String {
    let position = token.trim_start_matches("from-").parse::<usize>();
    let names = crate::server::ITEM_NAMES;
    let name = position
        .ok()
        .and_then(|position| names.get(position.checked_sub(1)?));
    (*name.unwrap_or(&"anvil")).to_owned()
}

/// Returns the first page if the page token is invalid.
struct AcceptInvalidPageToken;

#[tonic::async_trait]
impl FaultBehaviour for AcceptInvalidPageToken {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let reply = correct.handle_call(call.clone()).await;
        let bad_token = reply.code() == Code::InvalidArgument && reply.refusal().is_none();
        if !bad_token || call.decode().is_empty() {
            return FaultyResponse::Reply(reply);
        }
        // Field 3 of ListBooksRequest is the token.
        let messages = call.messages.iter().map(|bytes| {
            let mut records = crate::wire_fields::read(bytes).unwrap_or_default();
            records.retain(|record| record.number != 3);
            crate::wire_fields::write(&records)
        });
        let messages = messages.collect();
        FaultyResponse::Reply(correct.handle_call(call.with_messages(messages)).await)
    }
}

/// Refuses every repeated request id as reused.
#[derive(Default)]
struct RefuseRepeatedCall(Mutex<Vec<String>>);

#[tonic::async_trait]
impl FaultBehaviour for RefuseRepeatedCall {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let request = call
            .messages
            .first()
            .and_then(|it| ChargeRequest::decode(it.clone()).ok());
        let id = request.unwrap_or_default().request_id;
        let reply = correct.handle_call(call).await;
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reply.code() == Code::Ok && seen.contains(&id) {
            let status = error_status(Code::AlreadyExists, "REQUEST_ID_REUSED", "the id was used");
            return FaultyResponse::Reply(Reply::status(status));
        }
        seen.push(id);
        FaultyResponse::Reply(reply)
    }
}
