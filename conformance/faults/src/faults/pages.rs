//! Faults of lists in pages, and of calls that are repeated.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use proofread::{case::Phase::Behaviour, finding::FindingKind::Behaviour as Misbehaved};
use prost::Message;
use tonic::Code;

use super::{
    Answer, Fault, Wrong,
    wrong::{Answering, Misreading},
};
use crate::{
    call::{Call, Reply},
    rules::v1::{ChargeRequest, ChargeResponse, ListThingsRequest, ListThingsResponse, Thing},
    server::Right,
};

const LIST: &str = "/rules.v1.ShelfService/ListThings";
const LIST_BOOKS: &str = "/bookstore.inventory.v1.InventoryService/ListBooks";
const CHARGE: &str = "/rules.v1.ShelfService/Charge";
const RESERVE: &str = "/bookstore.inventory.v1.InventoryService/ReserveStock";

/// Reads other requests than were sent.
fn asks(
    change: impl Fn(&mut ListThingsRequest) + Send + Sync,
) -> Misreading<impl Fn(Call) -> Call> {
    Misreading(move |call: Call| {
        let messages = call.messages.iter().map(|bytes| {
            let mut request = ListThingsRequest::decode(bytes.clone()).unwrap_or_default();
            change(&mut request);
            request.encode_to_vec().into()
        });
        let messages = messages.collect();
        call.with_messages(messages)
    })
}

/// Answers other pages than there are.
fn answers(
    change: impl Fn(&mut ListThingsResponse, &ListThingsRequest) + Send + Sync,
) -> Answering<impl Fn(&mut Reply, &Call)> {
    Answering(move |reply: &mut Reply, call: &Call| {
        let (Code::Ok, Some(bytes), Some(asked)) =
            (reply.code(), reply.messages.first(), call.messages.first())
        else {
            return;
        };
        let request = ListThingsRequest::decode(asked.clone()).unwrap_or_default();
        let mut page = ListThingsResponse::decode(bytes.clone()).unwrap_or_default();
        change(&mut page, &request);
        reply.messages = vec![page.encode_to_vec().into()];
    })
}

/// Forgets the id by which a repeated call is the same call.
struct Forgetting {
    calls: std::sync::atomic::AtomicU64,
}

#[tonic::async_trait]
impl Wrong for Forgetting {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        let number = self
            .calls
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let id = uuid::Uuid::from_u128(u128::from(number)).to_string();
        let accepted = right.answer(call.clone()).await.code() == Code::Ok;
        if !accepted {
            return Answer::Reply(right.answer(call).await);
        }
        // The first field of both requests is the id.
        let messages = call.messages.iter().map(|bytes| {
            let mut records = crate::records::read(bytes).unwrap_or_default();
            for record in records.iter_mut().filter(|record| record.number == 1) {
                record.value = [&[36], id.as_bytes()].concat().into();
            }
            crate::records::write(&records)
        });
        let messages = messages.collect();
        Answer::Reply(right.answer(call.with_messages(messages)).await)
    }
}

/// Remembers the first answer to an id and looks at nothing else.
#[derive(Default)]
struct BodyIgnored(Mutex<HashMap<String, ChargeResponse>>);

#[tonic::async_trait]
impl Wrong for BodyIgnored {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        let request = call
            .messages
            .first()
            .and_then(|it| ChargeRequest::decode(it.clone()).ok());
        let id = request.unwrap_or_default().request_id;
        let mut reply = right.answer(call).await;
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match reply.code() {
            Code::Ok => {
                let answer = reply.messages.first().cloned().unwrap_or_default();
                first.insert(id, ChargeResponse::decode(answer).unwrap_or_default());
            }
            Code::AlreadyExists => reply = Reply::ok(&first.get(&id).copied().unwrap_or_default()),
            _ => {}
        }
        Answer::Reply(reply)
    }
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let claim = (Behaviour, Misbehaved);
    vec![
        Fault::new("pages/overlap", "begins each page with the last thing of the page before", LIST, claim,
            answers(|page, asked| if !asked.page_token.is_empty() { page.things.insert(0, Thing { name: before(&asked.page_token), weight: None }); page.things.truncate(usize::try_from(asked.page_size).unwrap_or(5).max(1)); })),
        Fault::new("pages/skip", "leaves out the first thing of each page but the first", LIST, claim,
            answers(|page, asked| if !asked.page_token.is_empty() && page.things.len() > 1 { page.things.remove(0); })),
        Fault::new("pages/size-ignored", "answers pages of five, whatever is asked for", LIST, claim, asks(|request| request.page_size = 5)),
        Fault::new("pages/one-more", "answers one thing more than fits on the page", LIST, claim, asks(|request| if (1..100).contains(&request.page_size) { request.page_size += 1; })),
        Fault::new("pages/last-lost", "ends the list one page early", LIST, claim,
            answers(|page, asked| if !asked.page_token.is_empty() { page.next_page_token.clear(); })),
        Fault::new("pages/endless", "begins again after the last page", LIST, claim,
            answers(|page, _| if page.next_page_token.is_empty() { page.next_page_token = "from-1".to_owned(); })),
        Fault::new("pages/token-ignored", "answers the first page to any token", LIST, claim, asks(|request| request.page_token.clear())),
        Fault::new("pages/bad-token-accepted", "answers the first page to a token that it did not give", LIST_BOOKS, claim, BadToken),
        Fault::new("pages/too-long", "answers more things than a response may hold", LIST, claim,
            answers(|page, asked| if asked.page_size > 0 { let first = page.things.clone(); while page.things.len() < 101 { page.things.extend(first.iter().cloned()); } })),
        Fault::new("replay/charges-twice", "charges again when a call is repeated", CHARGE, claim, Forgetting { calls: Default::default() }),
        Fault::new("replay/reserves-twice", "makes another reservation when a call is repeated", RESERVE, claim, Forgetting { calls: Default::default() }),
        Fault::new("replay/other-body-accepted", "answers the first charge to another body with the same id", CHARGE, claim, BodyIgnored::default()),
        Fault::new("replay/absent-is-zero", "takes an absent tip for no tip, and so another body for the same", CHARGE, claim,
            Misreading(|call: Call| {
                let messages = call.messages.iter().map(|bytes| {
                    let mut request = ChargeRequest::decode(bytes.clone()).unwrap_or_default();
                    let whole = request.encoded_len() == bytes.len();
                    if request.tip_minor.is_none() && !bytes.is_empty() { request.tip_minor = Some(0); }
                    if whole { request.encode_to_vec().into() } else { bytes.clone() }
                });
                let messages = messages.collect();
                call.with_messages(messages)
            })),
        Fault::new("replay/repeat-refused", "refuses a repeated call, with a declared error", CHARGE, claim, RepeatRefused::default()),
    ]
}

/// The name of the thing before the place of a token.
fn before(token: &str) -> String {
    let place = token.trim_start_matches("from-").parse::<usize>();
    let names = crate::server::THINGS;
    let name = place
        .ok()
        .and_then(|place| names.get(place.checked_sub(1)?));
    (*name.unwrap_or(&"anvil")).to_owned()
}

/// Starts anew where the token is refused.
struct BadToken;

#[tonic::async_trait]
impl Wrong for BadToken {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        let reply = right.answer(call.clone()).await;
        let bad_token = reply.code() == Code::InvalidArgument && reply.refusal().is_none();
        if !bad_token || call.decode().is_empty() {
            return Answer::Reply(reply);
        }
        // Field 3 of ListBooksRequest is the token.
        let messages = call.messages.iter().map(|bytes| {
            let mut records = crate::records::read(bytes).unwrap_or_default();
            records.retain(|record| record.number != 3);
            crate::records::write(&records)
        });
        let messages = messages.collect();
        Answer::Reply(right.answer(call.with_messages(messages)).await)
    }
}

/// Takes every repeated id for a reused one.
#[derive(Default)]
struct RepeatRefused(Mutex<Vec<String>>);

#[tonic::async_trait]
impl Wrong for RepeatRefused {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        let request = call
            .messages
            .first()
            .and_then(|it| ChargeRequest::decode(it.clone()).ok());
        let id = request.unwrap_or_default().request_id;
        let reply = right.answer(call).await;
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reply.code() == Code::Ok && seen.contains(&id) {
            let status = rpc::failure(Code::AlreadyExists, "REQUEST_ID_REUSED", "the id was used");
            return Answer::Reply(Reply::status(status.into_status()));
        }
        seen.push(id);
        Answer::Reply(reply)
    }
}
