//! Sends the answer of a call.

use bytes::Bytes;
use h2::{SendStream, server::SendResponse};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};

use super::{Control, status::Status};
use crate::probe::frame;

/// The answer of a call, which may be a stream.
pub(super) struct Reply {
    respond: SendResponse<Bytes>,
    /// The stream after the headers were sent.
    stream: Option<SendStream<Bytes>>,
}

impl Reply {
    pub(super) fn new(respond: SendResponse<Bytes>) -> Self {
        Self {
            respond,
            stream: None,
        }
    }

    /// Sends a message. The errors of a closed stream have no handler: the client is gone.
    pub(super) fn message(&mut self, message: &[u8]) {
        if self.stream.is_none() {
            self.stream = self.respond.send_response(grpc_response(), false).ok();
        }
        if let Some(stream) = &mut self.stream {
            let _ = stream.send_data(frame(0, message).into(), false);
        }
    }

    /// Ends the answer. Without messages, the trailers are the headers.
    pub(super) fn finish(mut self, status: &Status, control: &Control) {
        let trailers = status.trailers(control);
        match &mut self.stream {
            Some(stream) => drop(stream.send_trailers(trailers)),
            None => {
                let mut response = grpc_response();
                response.headers_mut().extend(trailers);
                let _ = self.respond.send_response(response, true);
            }
        }
    }

    /// Answers a request that is not gRPC.
    pub(super) fn refuse(mut self, status: StatusCode) {
        let mut response = Response::new(());
        *response.status_mut() = status;
        let _ = self.respond.send_response(response, true);
    }

    /// Completes when the client has cancelled the call.
    pub(super) async fn cancelled(&mut self) {
        let cancelled = std::future::poll_fn(|context| match &mut self.stream {
            Some(stream) => stream.poll_reset(context).map(drop),
            None => self.respond.poll_reset(context).map(drop),
        });
        cancelled.await;
    }
}

fn grpc_response() -> Response<()> {
    let mut response = Response::new(());
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    response
}
