//! Faults that concern the whole server: health checks, reflection, authentication,
//! deadlines, cancellation and crashes.

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
    Fault, FaultBehaviour, FaultyResponse,
    fault_behaviour::{ChangeReply, RespondInstead},
};
use crate::{
    call::{Call, Reply},
    credentials::{ACCOUNT_TOKEN, CART, OPERATOR_TOKEN, REVIEWS, SERVICE_KEY},
    field_values,
    server::CorrectServer,
};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/";
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const LISTS: &str = "/rules.v1.StructureService/CheckLists";
const STRINGS: &str = "/rules.v1.StringService/CheckStrings";
const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";

const SET_STOCK: &str = "/bookstore.inventory.v1.InventoryService/SetStock";
const GET_BASKET: &str = "/rules.v1.AccessService/GetBasket";
const CLOSE_BASKET: &str = "/rules.v1.AccessService/CloseBasket";
const WATCH: &str = "/bookstore.inventory.v1.InventoryService/WatchStock";

/// The id of the fault that exits the process.
pub(super) const EXITS_PROCESS: &str = "behaviour/process-exits";

fn health(status: ServingStatus) -> Reply {
    Reply::ok(&HealthCheckResponse {
        status: status.into(),
    })
}

/// Ignores the deadline.
struct IgnoreDeadline;

#[tonic::async_trait]
impl FaultBehaviour for IgnoreDeadline {
    async fn respond(&self, mut call: Call, correct: &CorrectServer) -> FaultyResponse {
        call.headers.remove("grpc-timeout");
        FaultyResponse::Stream(correct.handle_request(call.into_request()).await)
    }
}

/// Accepts calls without a valid token.
struct SkipAuthentication {
    /// The token that the method requires.
    token: &'static str,
    /// Whether some token is required, even an invalid one.
    requires_token: bool,
}

#[tonic::async_trait]
impl FaultBehaviour for SkipAuthentication {
    async fn respond(&self, mut call: Call, correct: &CorrectServer) -> FaultyResponse {
        if !self.requires_token || call.headers.contains_key("authorization") {
            let token = format!("Bearer {}", self.token);
            if let Ok(token) = HeaderValue::try_from(token) {
                call.headers.insert("authorization", token);
            }
        }
        FaultyResponse::Reply(correct.handle_call(call).await)
    }
}

/// Validates a request before it checks the credential.
struct ValidateBeforeAuthentication;

#[tonic::async_trait]
impl FaultBehaviour for ValidateBeforeAuthentication {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let reply = correct.handle_call(call.clone()).await;
        if reply.code() != Code::Unauthenticated {
            return FaultyResponse::Reply(reply);
        }
        let trusted = SkipAuthentication {
            token: OPERATOR_TOKEN,
            requires_token: false,
        };
        match trusted.respond(call, correct).await {
            FaultyResponse::Reply(refusal) if refusal.refusal().is_some() => {
                FaultyResponse::Reply(refusal)
            }
            _ => FaultyResponse::Reply(reply),
        }
    }
}

/// Accepts every service that proves its name.
struct AcceptEveryService;

#[tonic::async_trait]
impl FaultBehaviour for AcceptEveryService {
    async fn respond(&self, mut call: Call, correct: &CorrectServer) -> FaultyResponse {
        if call
            .headers
            .get(SERVICE_KEY)
            .is_some_and(|service| service == REVIEWS)
        {
            call.headers
                .insert(SERVICE_KEY, HeaderValue::from_static(CART));
        }
        FaultyResponse::Reply(correct.handle_call(call).await)
    }
}

/// Refuses a call without the token of an account, as if the method had no condition.
fn refuse_without_account(call: &Call) -> Option<FaultyResponse> {
    let token = format!("Bearer {ACCOUNT_TOKEN}");
    let given = call.headers.get("authorization");
    let has_token = given.is_some_and(|given| given.as_bytes() == token.as_bytes());
    let status = || {
        let missing = contract::errors::shared::CREDENTIAL_MISSING;
        rpc::failure(missing, "sign in first").into_status()
    };
    (!has_token).then(|| FaultyResponse::Reply(Reply::status(status())))
}

/// Never responds again after a client has cancelled a call.
#[derive(Default)]
struct HangAfterCancellation(AtomicBool);

#[tonic::async_trait]
impl FaultBehaviour for HangAfterCancellation {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        if self.0.load(Ordering::Relaxed) {
            FaultyResponse::NoResponse
        } else {
            FaultyResponse::Reply(correct.handle_call(call).await)
        }
    }

    fn cancelled(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Changes the file descriptors that reflection returns.
fn files(
    change: impl Fn(&mut Vec<Bytes>) + Send + Sync,
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    use tonic_reflection::pb::v1::{
        FileDescriptorResponse, ServerReflectionResponse,
        server_reflection_response::MessageResponse,
    };
    ChangeReply(move |reply: &mut Reply, _: &Call| {
        for bytes in &mut reply.messages {
            let mut response = ServerReflectionResponse::decode(bytes.clone()).unwrap_or_default();
            if let Some(MessageResponse::FileDescriptorResponse(given)) =
                &mut response.message_response
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
                *bytes = response.encode_to_vec().into();
            }
        }
    })
}

/// Changes the list of services that reflection returns.
fn services(
    change: impl Fn(&mut Vec<String>) + Send + Sync,
) -> ChangeReply<impl Fn(&mut Reply, &Call)> {
    use tonic_reflection::pb::v1::{
        ServerReflectionResponse, ServiceResponse, server_reflection_response::MessageResponse,
    };
    ChangeReply(move |reply: &mut Reply, _: &Call| {
        for bytes in &mut reply.messages {
            let mut response = ServerReflectionResponse::decode(bytes.clone()).unwrap_or_default();
            if let Some(MessageResponse::ListServicesResponse(list)) =
                &mut response.message_response
            {
                let mut names = list.service.drain(..).map(|it| it.name).collect();
                change(&mut names);
                list.service = names
                    .into_iter()
                    .map(|name| ServiceResponse { name })
                    .collect();
                *bytes = response.encode_to_vec().into();
            }
        }
    })
}

/// Renames the field `size` of `Checked` in its file descriptor.
fn with_renamed_field(file: &Bytes) -> Bytes {
    let name: &[u8] = b"rules/v1/checked.proto";
    let found = file.windows(name.len()).any(|window| window == name);
    let mut bytes = file.to_vec();
    // The new name has the same length, so that no length prefix changes.
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

/// Removes the rules from a file descriptor.
fn without_rules(file: &Bytes) -> Bytes {
    // Decoding with prost drops all extensions, which the rules are.
    match prost_types::FileDescriptorProto::decode(file.clone()) {
        Ok(file) => file.encode_to_vec().into(),
        Err(_) => file.clone(),
    }
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let claim = (Behaviour, Misbehaved);
    vec![
        Fault::new("health/not-serving", "reports NOT_SERVING although it serves", CHECK, claim,
            RespondInstead(|_: &Call| Some(FaultyResponse::Reply(health(ServingStatus::NotServing))))),
        Fault::new("health/unknown-serves", "reports SERVING for unknown services", CHECK, claim,
            ChangeReply(|reply: &mut Reply, _: &Call| *reply = health(ServingStatus::Serving))),
        Fault::new("health/fails", "fails the health check", CHECK, claim,
            RespondInstead(|_: &Call| Some(FaultyResponse::Reply(Reply::status(Status::internal("health is unknown")))))),
        Fault::new("reflection/service-missing", "omits one of its services", REFLECTION, claim,
            services(|names| names.retain(|name| name != "rules.v1.StringService"))),
        Fault::new("reflection/unknown-service-listed", "lists a service that it does not implement", REFLECTION, claim,
            services(|names| names.push("rules.v1.UnknownService".to_owned()))),
        Fault::new("reflection/field-renamed", "returns a descriptor with another field name", REFLECTION, claim,
            files(|files| files.iter_mut().for_each(|file| *file = with_renamed_field(file)))),
        Fault::new("reflection/rules-missing", "returns descriptors without the rules", REFLECTION, claim,
            files(|files| files.iter_mut().for_each(|file| *file = without_rules(file)))),
        Fault::new("behaviour/stream-outlives-deadline", "continues a stream after its deadline", WATCH, claim, IgnoreDeadline),
        Fault::new("behaviour/hangs-after-cancellation", "never responds again after a client has cancelled a call", RECOMMEND, claim, HangAfterCancellation::default()),
        Fault::new("access/everybody", "does not require the declared credential", SET_STOCK, claim, SkipAuthentication { token: OPERATOR_TOKEN, requires_token: false }),
        Fault::new("access/any-token", "accepts any token as the operator's", SET_STOCK, claim, SkipAuthentication { token: OPERATOR_TOKEN, requires_token: true }),
        Fault::new("access/validates-first", "reports violations to clients without a credential", SET_STOCK, claim, ValidateBeforeAuthentication),
        Fault::new("access/condition-ignored", "opens all requests of a method that is open for some", GET_BASKET, claim, SkipAuthentication { token: ACCOUNT_TOKEN, requires_token: false }),
        Fault::new("access/open-request-refused", "requires a credential for requests that are open to anybody", GET_BASKET, claim, RespondInstead(refuse_without_account)),
        Fault::new("access/every-service", "accepts every service, not only the listed ones", CLOSE_BASKET, claim, AcceptEveryService),
        Fault::new("behaviour/crash-on-item", "closes the connection on a certain value", LISTS, (Boundary, Crash),
            RespondInstead(|call: &Call| call.decode().iter().any(|it| field_values::items(it, "items").iter().any(|it| it.as_str().is_some_and(|it| it.chars().count() > 3))).then_some(FaultyResponse::CloseConnection))),
        Fault::new("behaviour/hangs-on-empty", "never responds to an empty message", STRINGS, (proofread::case::Phase::Unset, Crash),
            RespondInstead(|call: &Call| call.messages.iter().any(Bytes::is_empty).then_some(FaultyResponse::NoResponse))),
        Fault::new("behaviour/hangs-on-incomplete-message", "waits for the rest of a message after the stream has ended", INT32, (Wire, Crash),
            RespondInstead(|call: &Call| call.ends_in_incomplete_frame().then_some(FaultyResponse::NoResponse))),
        Fault::new(EXITS_PROCESS, "exits the process", INT32, (Baseline, Crash), ExitProcess),
    ]
}

/// Exits the process.
struct ExitProcess;

#[tonic::async_trait]
impl FaultBehaviour for ExitProcess {
    #[expect(
        clippy::disallowed_methods,
        reason = "the end of the process is the fault"
    )]
    async fn respond(&self, _: Call, _: &CorrectServer) -> FaultyResponse {
        std::process::exit(101)
    }
}
