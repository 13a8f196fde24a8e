//! A server that answers with scripted failures, below the layers of `rpc`.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use h2::{Reason, server::SendResponse};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use rpc::Channel;
use tokio::net::{TcpListener, TcpStream};
use tonic::{Status, body::Body};
use tower::Service;

/// What the server does with a call.
#[derive(Clone)]
pub enum Answer {
    Fails(Status),
    /// Resets the stream with REFUSED_STREAM.
    Refuses,
    /// Never answers.
    Hangs,
}

/// Answers with an empty message, unless there is a scripted answer.
#[derive(Clone, Default)]
pub struct ScriptedServer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    next: VecDeque<Answer>,
    otherwise: Option<Answer>,
    /// The headers of all calls so far.
    calls: Vec<HeaderMap>,
}

impl ScriptedServer {
    pub async fn start() -> (Self, Channel) {
        let (server, url) = Self::listen().await;
        (server, Channel::connect(&url).expect("an address"))
    }

    /// Starts a server, and returns its URL.
    pub async fn listen() -> (Self, String) {
        let listener = rpc::bind(([127, 0, 0, 1], 0).into()).await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("a bound socket");
        let server = Self::default();
        tokio::spawn(server.clone().accept(listener));
        (server, format!("http://{address}"))
    }

    /// The answers to the next calls.
    pub fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.lock().next.extend(answers);
    }

    /// The answer to all calls without a scripted one; `None` for success.
    pub fn otherwise(&self, answer: Option<Answer>) {
        self.lock().otherwise = answer;
    }

    pub fn calls(&self) -> Vec<HeaderMap> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no panic")
    }

    async fn accept(self, listener: TcpListener) {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(self.clone().serve(socket));
        }
    }

    async fn serve(self, socket: TcpStream) {
        let mut connection = h2::server::handshake(socket).await.expect("HTTP/2");
        let mut hanging = Vec::new();
        while let Some(Ok((request, respond))) = connection.accept().await {
            let answer = {
                let mut state = self.lock();
                state.calls.push(request.headers().clone());
                let next = state.next.pop_front();
                next.or_else(|| state.otherwise.clone())
            };
            hanging.extend(answer_call(answer, respond));
        }
    }
}

/// Returns a call that must stay open.
fn answer_call(
    answer: Option<Answer>,
    mut respond: SendResponse<Bytes>,
) -> Option<SendResponse<Bytes>> {
    match answer {
        Some(Answer::Fails(status)) => {
            let response = status.into_http::<()>();
            respond.send_response(response, true).expect("sent");
        }
        Some(Answer::Refuses) => respond.send_reset(Reason::REFUSED_STREAM),
        Some(Answer::Hangs) => return Some(respond),
        None => {
            let response = Response::builder()
                .header("content-type", "application/grpc")
                .body(())
                .expect("a response");
            let mut body = respond.send_response(response, false).expect("sent");
            body.send_data(Bytes::from_static(&[0; 5]), false)
                .expect("sent");
            let ok = HeaderMap::from_iter([("grpc-status".parse().expect("a name"), 0.into())]);
            body.send_trailers(ok).expect("sent");
        }
    }
    None
}

/// Makes a call with an empty message to a method such as
/// `bookstore.inventory.v1.InventoryService/GetBook`.
pub async fn call(channel: &Channel, method: &str, timeout: &str) -> Result<(), Status> {
    let mut request = Request::post(format!("/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if !timeout.is_empty() {
        request = request.header("grpc-timeout", timeout);
    }
    let message = http_body_util::Full::from(Bytes::from_static(&[0; 5]));
    let request = request.body(Body::new(message)).expect("a request");
    let response = channel.clone().call(request).await?;
    if let Some(status) = Status::from_header_map(response.headers()) {
        return Err(status);
    }
    let body = response.into_body().collect().await?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    match Status::from_header_map(&trailers) {
        Some(status) if status.code() != tonic::Code::Ok => Err(status),
        _ => Ok(()),
    }
}
