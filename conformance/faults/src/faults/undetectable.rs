//! Faults that no tester can find from the contract alone, each with the reason.
//! The kill table holds that nothing finds them: when something does, it belongs to
//! another list.

use std::time::Duration;

use proofread::{case::Phase::Baseline, finding::FindingKind::Behaviour};
use prost::Message;
use tonic::Code;

use super::{
    Answer, Claim, Fault, Wrong,
    wrong::{Answering, Misreading, Refusing},
};
use crate::{
    call::{Call, Reply},
    pardon::pardon,
    refusal::Refusal,
    rules::v1::{CountResponse, ListThingsRequest},
    server::Right,
};

const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const LIST: &str = "/rules.v1.ShelfService/ListThings";
const COUNT: &str = "/rules.v1.ShelfService/Count";

fn fault(
    id: &str,
    does: &str,
    method: &str,
    why: &'static str,
    wrong: impl Wrong + 'static,
) -> Fault {
    let mut fault = Fault::new(id, does, method, (Baseline, Behaviour), wrong);
    fault.claim = Claim::Undetectable(why);
    fault
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    vec![
        fault("undetectable/late", "answers OK after the deadline has passed", RECOMMEND,
            "a deadline short enough to pass may have been kept by an answer that was under way; streams that go on are tried (behaviour/stream-outlives-deadline)",
            Late),
        fault("undetectable/second-message-ignored", "takes the first of two messages in a unary call", INT32,
            "tonic does so too, and its profile allows it; `strict` does not",
            Misreading(|call: Call| match call.messages.len() {
                2.. => { let first = call.messages.first().cloned().into_iter().collect(); call.with_messages(first) }
                _ => call,
            })),
        fault("undetectable/content-type-any", "takes any content type for gRPC", RECOMMEND,
            "tonic does so too, and its profile allows it; `strict` does not",
            Misreading(|mut call: Call| {
                call.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/grpc"));
                call
            })),
        fault("undetectable/another-meaning", "answers pages of six where unset means five", LIST,
            "what unset means is said in words; only a person can hold a server to them",
            Misreading(|call: Call| {
                let messages = call.messages.iter().map(|bytes| {
                    let mut request = ListThingsRequest::decode(bytes.clone()).unwrap_or_default();
                    let whole = request.encoded_len() == bytes.len();
                    if whole && request.page_size == 0 { request.page_size = 6; }
                    if whole { request.encode_to_vec().into() } else { bytes.clone() }
                });
                let messages = messages.collect();
                call.with_messages(messages)
            })),
        fault("undetectable/one-fewer", "counts up to one less", COUNT,
            "no rule says how many messages the stream has",
            Answering(|reply: &mut Reply, _: &Call| if reply.code() == Code::Ok && reply.messages.len() > 1 { reply.messages.pop(); })),
        fault("undetectable/another-answer", "answers another number, within its rule", COUNT,
            "rules say which values a response may have, not which it must have",
            Answering(|reply: &mut Reply, _: &Call| if reply.code() == Code::Ok {
                reply.messages.iter_mut().for_each(|it| *it = CountResponse { number: 3 }.encode_to_vec().into());
            })),
        fault("undetectable/order-of-violations", "names the violations in another order", RECOMMEND,
            "no order is promised, and clients must not rely on one",
            Refusing(|refusal: &mut Refusal| {
                refusal.violations.violations.reverse();
                refusal.bad_request.field_violations.reverse();
            })),
        fault("undetectable/words-of-violations", "describes violations wrongly in words", RECOMMEND,
            "words are for people; programs read paths and rule ids",
            Refusing(|refusal: &mut Refusal| {
                refusal.violations.violations.iter_mut().for_each(|it| it.message = Some("must be red".to_owned()));
                refusal.bad_request.field_violations.iter_mut().for_each(|it| it.description = "must be red".to_owned());
            })),
    ]
}

/// Answers later than the caller can wait, and says OK then.
struct Late;

#[tonic::async_trait]
impl Wrong for Late {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        let timeout = call.headers.get("grpc-timeout");
        let timeout = timeout.and_then(|it| rpc::parse_timeout(it.as_bytes()).ok());
        let mut reply = right.answer(call.clone()).await;
        if let Some(timeout) = timeout {
            let most = Duration::from_secs(2);
            tokio::time::sleep(timeout.min(most) + Duration::from_millis(50)).await;
            if reply.code() == Code::DeadlineExceeded {
                reply = pardon(&call);
            }
        }
        Answer::Reply(reply)
    }
}
