//! The pieces that faults are made of: each stands in front of the correct server
//! and does one thing wrongly.

use prost_reflect::DynamicMessage;

use crate::{
    call::{Call, Reply},
    pardon::pardon,
    refusal::{Named, Refusal},
    server::Right,
};

/// What a server with a fault answers.
pub enum Answer {
    /// An HTTP response.
    Reply(Reply),
    /// An HTTP response that may go on for ever.
    Stream(http::Response<tonic::body::Body>),
    /// The stream is reset.
    Reset,
    /// The connection is closed.
    Close,
    /// Nothing, ever.
    Silence,
}

/// A way to answer wrongly.
#[tonic::async_trait]
pub trait Wrong: Send + Sync {
    /// Answers a call, with the help of the correct server.
    async fn answer(&self, call: Call, right: &Right) -> Answer;

    /// Is told that a caller hung up before the end of the request.
    fn cancelled(&self) {}
}

/// Does something to every refusal by rules.
pub(super) struct Refusing<F>(pub F);

#[tonic::async_trait]
impl<F: Fn(&mut Refusal) + Send + Sync> Wrong for Refusing<F> {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        let mut reply = right.answer(call).await;
        if let Some(mut refusal) = reply.refusal() {
            self.0(&mut refusal);
            reply.set_status(&refusal.status());
        }
        Answer::Reply(reply)
    }
}

/// Does something to every answer.
pub(super) struct Answering<F>(pub F);

#[tonic::async_trait]
impl<F: Fn(&mut Reply, &Call) + Send + Sync> Wrong for Answering<F> {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        let mut reply = right.answer(call.clone()).await;
        self.0(&mut reply, &call);
        Answer::Reply(reply)
    }
}

/// Answers some calls without asking the correct server.
pub(super) struct Instead<F>(pub F);

#[tonic::async_trait]
impl<F: Fn(&Call) -> Option<Answer> + Send + Sync> Wrong for Instead<F> {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        match self.0(&call) {
            Some(answer) => answer,
            None => Answer::Reply(right.answer(call).await),
        }
    }
}

/// Reads another call than was sent.
pub(super) struct Misreading<F>(pub F);

#[tonic::async_trait]
impl<F: Fn(Call) -> Call + Send + Sync> Wrong for Misreading<F> {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        Answer::Reply(right.answer(self.0(call)).await)
    }
}

/// Does not see some violations; accepts where none is left.
pub(super) struct Forgiving<F>(pub F);

#[tonic::async_trait]
impl<F: Fn(&Named, &[DynamicMessage]) -> bool + Send + Sync> Wrong for Forgiving<F> {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        let mut reply = right.answer(call.clone()).await;
        let Some(mut refusal) = reply.refusal() else {
            return Answer::Reply(reply);
        };
        let messages = call.decode();
        refusal.drop_violations(|named| self.0(named, &messages));
        if refusal.is_empty() {
            return Answer::Reply(pardon(&call));
        }
        if Some(&refusal) != reply.refusal().as_ref() {
            refusal.tell_anew();
            reply.set_status(&refusal.status());
        }
        Answer::Reply(reply)
    }
}

/// Refuses, for this rule of this field, what it should not.
pub(super) struct Refuse<F> {
    pub path: &'static str,
    pub rule: &'static str,
    pub when: F,
}

#[tonic::async_trait]
impl<F: Fn(&DynamicMessage) -> bool + Send + Sync> Wrong for Refuse<F> {
    async fn answer(&self, call: Call, right: &Right) -> Answer {
        match call.decode().iter().any(&self.when) {
            true => {
                let refusal = Refusal::of(self.path, self.rule);
                Answer::Reply(Reply::status(refusal.status()))
            }
            false => Answer::Reply(right.answer(call).await),
        }
    }
}
