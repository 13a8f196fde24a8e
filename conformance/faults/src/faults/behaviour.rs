//! Faults of the server as a whole: health, reflection, deadlines, crashes.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::HeaderValue;
use proofread::{
    case::Phase::{Baseline, Behaviour, Boundary, Wire},
    finding::FindingKind::{Behaviour as Misbehaved, Crash},
};
use prost::Message;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckResponse, health_check_response::ServingStatus};

use super::{
    Answer, Fault, Wrong,
    wrong::{Answering, Instead},
};
use crate::{
    call::{Call, Reply},
    server::{OPERATOR_TOKEN, Right},
    values,
};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/";
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const LISTS: &str = "/rules.v1.StructureService/CheckLists";
const TEXTS: &str = "/rules.v1.TextService/CheckTexts";
const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";

const SET_STOCK: &str = "/bookstore.inventory.v1.InventoryService/SetStock";
const WATCH: &str = "/bookstore.inventory.v1.InventoryService/WatchStock";

/// The fault that ends the process.
pub(super) const KILLS: &str = "behaviour/process-dies";

fn health(status: ServingStatus) -> Reply {
    Reply::ok(&HealthCheckResponse {
        status: status.into(),
    })
}

/// Does not see the deadline, and goes on.
struct Timeless;

#[tonic::async_trait]
impl Wrong for Timeless {
    async fn answer(&self, mut call: Call, right: &Right) -> Answer {
        call.headers.remove("grpc-timeout");
        Answer::Stream(right.pass(call.into_request()).await)
    }
}

/// Asks for the operator's token as it should not.
struct Trusting {
    /// Whether a wrong token is asked for, at least.
    some_token: bool,
}

#[tonic::async_trait]
impl Wrong for Trusting {
    async fn answer(&self, mut call: Call, right: &Right) -> Answer {
        if !self.some_token || call.headers.contains_key("authorization") {
            let token = format!("Bearer {OPERATOR_TOKEN}");
            if let Ok(token) = HeaderValue::try_from(token) {
                call.headers.insert("authorization", token);
            }
        }
        Answer::Reply(right.answer(call).await)
    }
}

/// Validates before it asks who calls.
struct Talkative;

#[tonic::async_trait]
impl Wrong for Talkative {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        let reply = right.answer(call.clone()).await;
        if reply.code() != Code::Unauthenticated {
            return Answer::Reply(reply);
        }
        let trusted = Trusting { some_token: false };
        match trusted.answer(call, right).await {
            Answer::Reply(told) if told.refusal().is_some() => Answer::Reply(told),
            _ => Answer::Reply(reply),
        }
    }
}

/// Hears nothing any more once a caller has hung up.
#[derive(Default)]
struct Offended(AtomicBool);

#[tonic::async_trait]
impl Wrong for Offended {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        match self.0.load(Ordering::Relaxed) {
            true => Answer::Silence,
            false => Answer::Reply(right.answer(call).await),
        }
    }

    fn cancelled(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Changes the files that reflection gives out.
fn files(change: impl Fn(&mut Vec<Bytes>) + Send + Sync) -> Answering<impl Fn(&mut Reply, &Call)> {
    use tonic_reflection::pb::v1::{
        FileDescriptorResponse, ServerReflectionResponse,
        server_reflection_response::MessageResponse,
    };
    Answering(move |reply: &mut Reply, _: &Call| {
        for bytes in &mut reply.messages {
            let mut answer = ServerReflectionResponse::decode(bytes.clone()).unwrap_or_default();
            if let Some(MessageResponse::FileDescriptorResponse(given)) =
                &mut answer.message_response
            {
                let mut files = given
                    .file_descriptor_proto
                    .drain(..)
                    .map(Bytes::from)
                    .collect();
                change(&mut files);
                *given = FileDescriptorResponse {
                    file_descriptor_proto: files.into_iter().map(Vec::from).collect(),
                };
                *bytes = answer.encode_to_vec().into();
            }
        }
    })
}

/// Changes the list of services that reflection gives out.
fn services(
    change: impl Fn(&mut Vec<String>) + Send + Sync,
) -> Answering<impl Fn(&mut Reply, &Call)> {
    use tonic_reflection::pb::v1::{
        ServerReflectionResponse, ServiceResponse, server_reflection_response::MessageResponse,
    };
    Answering(move |reply: &mut Reply, _: &Call| {
        for bytes in &mut reply.messages {
            let mut answer = ServerReflectionResponse::decode(bytes.clone()).unwrap_or_default();
            if let Some(MessageResponse::ListServicesResponse(list)) = &mut answer.message_response
            {
                let mut names = list.service.drain(..).map(|it| it.name).collect();
                change(&mut names);
                list.service = names
                    .into_iter()
                    .map(|name| ServiceResponse { name })
                    .collect();
                *bytes = answer.encode_to_vec().into();
            }
        }
    })
}

/// Makes the file with this message say that a number of it is another one.
fn older(file: &Bytes) -> Bytes {
    let name: &[u8] = b"rules/v1/checked.proto";
    let found = file.windows(name.len()).any(|window| window == name);
    let mut bytes = file.to_vec();
    // The field `size` under another name, of the same length.
    let field = b"\x0a\x04size";
    if found
        && let Some(at) = bytes
            .windows(field.len())
            .position(|window| window == field)
    {
        bytes[at + 2..at + 6].copy_from_slice(b"long");
    }
    bytes.into()
}

/// Takes the rules out of a file.
fn without_rules(file: &Bytes) -> Bytes {
    // Decoding by prost drops all options that are extensions: the rules.
    match prost_types::FileDescriptorProto::decode(file.clone()) {
        Ok(file) => file.encode_to_vec().into(),
        Err(_) => file.clone(),
    }
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let claim = (Behaviour, Misbehaved);
    vec![
        Fault::new("health/not-serving", "says that it does not serve, and serves", CHECK, claim,
            Instead(|_: &Call| Some(Answer::Reply(health(ServingStatus::NotServing))))),
        Fault::new("health/unknown-serves", "says of services that there are not that they serve", CHECK, claim,
            Answering(|reply: &mut Reply, _: &Call| *reply = health(ServingStatus::Serving))),
        Fault::new("health/fails", "cannot say whether it serves", CHECK, claim,
            Instead(|_: &Call| Some(Answer::Reply(Reply::status(Status::internal("no idea")))))),
        Fault::new("reflection/service-missing", "does not list one of its services", REFLECTION, claim,
            services(|names| names.retain(|name| name != "rules.v1.TextService"))),
        Fault::new("reflection/service-made-up", "lists a service that it does not have", REFLECTION, claim,
            services(|names| names.push("rules.v1.DreamService".to_owned()))),
        Fault::new("reflection/other-field", "shows another contract than it keeps", REFLECTION, claim,
            files(|files| files.iter_mut().for_each(|file| *file = older(file)))),
        Fault::new("reflection/rules-missing", "shows its contract without the rules", REFLECTION, claim,
            files(|files| files.iter_mut().for_each(|file| *file = without_rules(file)))),
        Fault::new("behaviour/stream-outlives-deadline", "goes on with a stream after its deadline", WATCH, claim, Timeless),
        Fault::new("behaviour/cancelled-for-good", "answers nobody any more once a caller has hung up", RECOMMEND, claim, Offended::default()),
        Fault::new("access/everybody", "does not ask for the credential that the contract wants", SET_STOCK, claim, Trusting { some_token: false }),
        Fault::new("access/any-token", "takes any token for the operator's", SET_STOCK, claim, Trusting { some_token: true }),
        Fault::new("access/validates-first", "tells strangers what is wrong with their requests", SET_STOCK, claim, Talkative),
        Fault::new("behaviour/crash-on-item", "hangs up on a certain value", LISTS, (Boundary, Crash),
            Instead(|call: &Call| call.decode().iter().any(|it| values::items(it, "items").iter().any(|it| it.as_str().is_some_and(|it| it.chars().count() > 3))).then_some(Answer::Close))),
        Fault::new("behaviour/hangs-on-empty", "never answers the empty message", TEXTS, (proofread::case::Phase::Unset, Crash),
            Instead(|call: &Call| call.messages.iter().any(Bytes::is_empty).then_some(Answer::Silence))),
        Fault::new("behaviour/hangs-on-half-message", "waits for the rest of a message after the stream has ended", INT32, (Wire, Crash),
            Instead(|call: &Call| call.is_torn().then_some(Answer::Silence))),
        Fault::new(KILLS, "ends the process", INT32, (Baseline, Crash), Killing),
    ]
}

/// Ends the process.
struct Killing;

#[tonic::async_trait]
impl Wrong for Killing {
    async fn answer(&self, _: Call, _: &Right) -> Answer {
        std::process::exit(101)
    }
}
