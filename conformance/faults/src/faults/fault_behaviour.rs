//! Building blocks of faults. Each wraps the correct server and changes one aspect.

use prost_reflect::DynamicMessage;

use crate::{
    accept_anyway::accept_anyway,
    call::{Call, Reply},
    refusal::{Refusal, ViolationId},
    server::CorrectServer,
};

/// How a faulty server responds.
pub enum FaultyResponse {
    /// A complete HTTP response.
    Reply(Reply),
    /// An HTTP response whose body is streamed and may be endless.
    Stream(http::Response<tonic::body::Body>),
    /// The HTTP/2 stream is reset.
    ResetStream,
    /// The connection is closed.
    CloseConnection,
    /// The server never responds.
    NoResponse,
}

/// The behaviour of a faulty server.
#[tonic::async_trait]
pub trait FaultBehaviour: Send + Sync {
    /// Handles a call, usually by calling the correct server.
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse;

    /// Called when a client cancels a call before the end of the request.
    fn cancelled(&self) {}
}

/// Changes every refusal because of violated rules.
pub(super) struct ChangeRefusal<F>(pub F);

#[tonic::async_trait]
impl<F: Fn(&mut Refusal) + Send + Sync> FaultBehaviour for ChangeRefusal<F> {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let mut reply = correct.handle_call(call).await;
        if let Some(mut refusal) = reply.refusal() {
            self.0(&mut refusal);
            reply.set_status(&refusal.status());
        }
        FaultyResponse::Reply(reply)
    }
}

/// Changes every reply.
pub(super) struct ChangeReply<F>(pub F);

#[tonic::async_trait]
impl<F: Fn(&mut Reply, &Call) + Send + Sync> FaultBehaviour for ChangeReply<F> {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let mut reply = correct.handle_call(call.clone()).await;
        self.0(&mut reply, &call);
        FaultyResponse::Reply(reply)
    }
}

/// Responds to some calls without calling the correct server.
pub(super) struct RespondInstead<F>(pub F);

#[tonic::async_trait]
impl<F: Fn(&Call) -> Option<FaultyResponse> + Send + Sync> FaultBehaviour for RespondInstead<F> {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        match self.0(&call) {
            Some(response) => response,
            None => FaultyResponse::Reply(correct.handle_call(call).await),
        }
    }
}

/// Changes calls before the correct server receives them.
pub(super) struct ChangeCall<F>(pub F);

#[tonic::async_trait]
impl<F: Fn(Call) -> Call + Send + Sync> FaultBehaviour for ChangeCall<F> {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        FaultyResponse::Reply(correct.handle_call(self.0(call)).await)
    }
}

/// Removes some violations from refusals, and accepts the request if none remain.
pub(super) struct IgnoreViolations<F>(pub F);

#[tonic::async_trait]
impl<F: Fn(&ViolationId, &[DynamicMessage]) -> bool + Send + Sync> FaultBehaviour
    for IgnoreViolations<F>
{
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let mut reply = correct.handle_call(call.clone()).await;
        let Some(mut refusal) = reply.refusal() else {
            return FaultyResponse::Reply(reply);
        };
        let messages = call.decode();
        refusal.drop_violations(|violation| self.0(violation, &messages));
        if refusal.is_empty() {
            return FaultyResponse::Reply(accept_anyway(&call));
        }
        if Some(&refusal) != reply.refusal().as_ref() {
            refusal.update_messages();
            reply.set_status(&refusal.status());
        }
        FaultyResponse::Reply(reply)
    }
}

/// Refuses valid requests for which `when` is true, reporting this rule of this field.
pub(super) struct RefuseValid<F> {
    pub path: &'static str,
    pub rule: &'static str,
    pub when: F,
}

#[tonic::async_trait]
impl<F: Fn(&DynamicMessage) -> bool + Send + Sync> FaultBehaviour for RefuseValid<F> {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        if call.decode().iter().any(&self.when) {
            let refusal = Refusal::of(self.path, self.rule);
            return FaultyResponse::Reply(Reply::status(refusal.status()));
        }
        FaultyResponse::Reply(correct.handle_call(call).await)
    }
}
