//! Faults that no tester can detect from the contract alone, each with the reason. The
//! kill table fails if one of them is detected: it then belongs to another list.

use std::time::Duration;

use proofread::{case::Phase::Baseline, finding::FindingKind::Behaviour};
use prost::Message;
use tonic::Code;

use super::{
    Expectation, Fault, FaultBehaviour, FaultyResponse,
    fault_behaviour::{ChangeCall, ChangeRefusal, ChangeReply},
};
use crate::{
    accept_anyway::accept_anyway,
    call::{Call, Reply},
    refusal::Refusal,
    rules::v1::{CountResponse, ListItemsRequest},
    server::CorrectServer,
    wire_fields,
};

const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const LIST: &str = "/rules.v1.BehaviourService/ListItems";
const COUNT: &str = "/rules.v1.BehaviourService/Count";

fn fault(
    id: &str,
    does: &str,
    method: &str,
    why: &'static str,
    behaviour: impl FaultBehaviour + 'static,
) -> Fault {
    let mut fault = Fault::new(id, does, method, (Baseline, Behaviour), behaviour);
    fault.expectation = Expectation::Undetectable(why);
    fault
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    vec![
        fault("undetectable/answers-after-deadline", "returns OK after the deadline", RECOMMEND,
            "with a short deadline, the response may have been sent in time and still be on its way; streams that continue are tested (behaviour/stream-outlives-deadline)",
            RespondAfterDeadline),
        fault("undetectable/second-message-ignored", "uses the first of two messages in a unary call", INT32,
            "tonic does this too, and its profile allows it; `strict` does not",
            ChangeCall(|call: Call| match call.messages.len() {
                2.. => { let first = call.messages.first().cloned().into_iter().collect(); call.with_messages(first) }
                _ => call,
            })),
        fault("undetectable/content-type-any", "accepts any content type", RECOMMEND,
            "tonic does this too, and its profile allows it; `strict` does not",
            ChangeCall(|mut call: Call| {
                call.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/grpc"));
                call
            })),
        fault("undetectable/other-default", "returns pages of six where unset means five", LIST,
            "the meaning of an unset field is declared as text, which only a person can check",
            ChangeCall(|call: Call| {
                let messages = call.messages.iter().map(|bytes| {
                    let mut request = ListItemsRequest::decode(bytes.clone()).unwrap_or_default();
                    let is_canonical = request.encoded_len() == bytes.len();
                    if is_canonical && request.page_size == 0 { request.page_size = 6; }
                    if is_canonical { request.encode_to_vec().into() } else { bytes.clone() }
                });
                let messages = messages.collect();
                call.with_messages(messages)
            })),
        fault("undetectable/stream-too-short", "ends the stream one message early", COUNT,
            "no rule declares the number of messages of a stream",
            ChangeReply(|reply: &mut Reply, _: &Call| if reply.code() == Code::Ok && reply.messages.len() > 1 { reply.messages.pop(); })),
        fault("undetectable/other-valid-answer", "returns another number that satisfies its rule", COUNT,
            "rules declare which values a response may have, not which one is correct",
            ChangeReply(|reply: &mut Reply, _: &Call| if reply.code() == Code::Ok {
                reply.messages.iter_mut().for_each(|it| *it = CountResponse { number: 3 }.encode_to_vec().into());
            })),
        fault("undetectable/unknown-fields-kept", "returns the unknown fields of a request with its response", INT32,
            "protobuf lets a server keep unknown fields, and most libraries do",
            ChangeReply(|reply: &mut Reply, call: &Call| {
                let unknown = wire_fields::unknown_fields(call);
                if reply.code() == Code::Ok {
                    reply.messages.iter_mut().for_each(|it| *it = [it.as_ref(), &unknown].concat().into());
                }
            })),
        fault("undetectable/violation-order", "reports the violations in another order", RECOMMEND,
            "the order is not defined, and clients must not rely on it",
            ChangeRefusal(|refusal: &mut Refusal| {
                refusal.violations.violations.reverse();
                refusal.bad_request.field_violations.reverse();
            })),
        fault("undetectable/violation-messages", "describes violations with wrong messages", RECOMMEND,
            "messages are for people; programs read paths and rule ids",
            ChangeRefusal(|refusal: &mut Refusal| {
                refusal.violations.violations.iter_mut().for_each(|it| it.message = Some("must be red".to_owned()));
                refusal.bad_request.field_violations.iter_mut().for_each(|it| it.description = "must be red".to_owned());
            })),
    ]
}

/// Responds with OK after the deadline has passed.
struct RespondAfterDeadline;

#[tonic::async_trait]
impl FaultBehaviour for RespondAfterDeadline {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let timeout = call.headers.get("grpc-timeout");
        let timeout = timeout.and_then(|it| rpc::parse_timeout(it.as_bytes()).ok());
        let mut reply = correct.handle_call(call.clone()).await;
        if let Some(timeout) = timeout {
            let max_delay = Duration::from_secs(2);
            tokio::time::sleep(timeout.min(max_delay) + Duration::from_millis(50)).await;
            if reply.code() == Code::DeadlineExceeded {
                reply = accept_anyway(&call);
            }
        }
        FaultyResponse::Reply(reply)
    }
}
