//! Responses as a request defines them, and what they tell about the request.

use std::time::Duration;

use prost::{Message, Name};
use prost_types::Any;
use rpc::parse_timeout;
use tokio::sync::mpsc::Sender;
use tonic::{Code, Status, metadata::MetadataMap};
use tonic_types::pb;

use crate::{
    metadata::{from_metadata, to_metadata},
    suite::{
        ConformancePayload, Error, Header, StreamResponseDefinition, UnaryResponseDefinition,
        conformance_payload::RequestInfo, unary_response_definition::Response as UnaryResponse,
    },
};

/// What a request tells about itself besides its messages.
pub(crate) struct RequestHeaders {
    headers: Vec<Header>,
    timeout_ms: Option<i64>,
}

impl RequestHeaders {
    pub(crate) fn new(metadata: MetadataMap) -> Self {
        let timeout = metadata.get("grpc-timeout");
        let timeout = timeout.and_then(|timeout| parse_timeout(timeout.as_bytes()).ok());
        Self {
            headers: from_metadata(metadata),
            timeout_ms: timeout.and_then(|timeout| i64::try_from(timeout.as_millis()).ok()),
        }
    }

    /// The suite allows that a server does not tell the query of a GET: the bookstore
    /// translates it before a handler sees it.
    fn with_messages(&self, requests: Vec<Any>) -> RequestInfo {
        RequestInfo {
            request_headers: self.headers.clone(),
            timeout_ms: self.timeout_ms,
            requests,
            connect_get_info: None,
        }
    }
}

/// A message of a request, as it is returned.
pub(crate) fn to_any<M: Message + Name>(message: &M) -> Any {
    Any {
        type_url: M::type_url(),
        value: message.encode_to_vec(),
    }
}

/// The response to a call.
#[derive(Default)]
pub(crate) struct Definition {
    pub headers: MetadataMap,
    data: std::vec::IntoIter<Vec<u8>>,
    delay: Duration,
    error: Option<Error>,
    trailers: MetadataMap,
}

impl Definition {
    pub(crate) fn of_stream(definition: Option<StreamResponseDefinition>) -> Result<Self, Status> {
        let Some(definition) = definition else {
            return Ok(Self::default());
        };
        Ok(Self {
            headers: to_metadata(&definition.response_headers)?,
            data: definition.response_data.into_iter(),
            delay: Duration::from_millis(definition.response_delay_ms.into()),
            error: definition.error,
            trailers: to_metadata(&definition.response_trailers)?,
        })
    }

    /// A single response: unless it is an error, there is one message, with or without data.
    pub(crate) fn of_single(definition: Option<UnaryResponseDefinition>) -> Result<Self, Status> {
        let definition = definition.unwrap_or_default();
        let (data, error) = match definition.response {
            Some(UnaryResponse::ResponseData(data)) => (vec![data], None),
            Some(UnaryResponse::Error(error)) => (vec![], Some(error)),
            None => (vec![Vec::new()], None),
        };
        Ok(Self {
            headers: to_metadata(&definition.response_headers)?,
            data: data.into_iter(),
            delay: Duration::from_millis(definition.response_delay_ms.into()),
            error,
            trailers: to_metadata(&definition.response_trailers)?,
        })
    }
}

/// Sends the response to one call.
pub(crate) struct Responder<M> {
    definition: Definition,
    request: RequestHeaders,
    /// The messages that were received and not yet returned.
    received: Vec<Any>,
    responses: u32,
    sender: Sender<Result<M, Status>>,
    message: fn(ConformancePayload) -> M,
}

impl<M> Responder<M> {
    pub(crate) fn new(
        definition: Definition,
        request: RequestHeaders,
        sender: Sender<Result<M, Status>>,
        message: fn(ConformancePayload) -> M,
    ) -> Self {
        Self {
            definition,
            request,
            received: Vec::new(),
            responses: 0,
            sender,
            message,
        }
    }

    pub(crate) fn received(&mut self, message: Any) {
        self.received.push(message);
    }

    /// Sends the next message, if there is one more. It returns the messages that were received
    /// since the one before it, and the first one also returns the headers.
    pub(crate) async fn send_next(&mut self) -> bool {
        let Some(data) = self.definition.data.next() else {
            return false;
        };
        tokio::time::sleep(self.definition.delay).await;
        let requests = std::mem::take(&mut self.received);
        let request_info = match self.responses {
            0 => Some(self.request.with_messages(requests)),
            _ if requests.is_empty() => None,
            _ => Some(RequestInfo {
                requests,
                ..RequestInfo::default()
            }),
        };
        self.responses += 1;
        let payload = ConformancePayload { data, request_info };
        let sent = self.sender.send(Ok((self.message)(payload))).await;
        sent.is_ok()
    }

    /// Sends the messages that are left, and ends the call.
    pub(crate) async fn finish(mut self) {
        while self.send_next().await {}
        let trailers = self.definition.trailers;
        let status = match self.definition.error.take() {
            None => Status::with_metadata(Code::Ok, "", trailers),
            Some(mut error) => {
                if self.responses == 0 {
                    tokio::time::sleep(self.definition.delay).await;
                    let info = self.request.with_messages(self.received);
                    error.details.push(to_any(&info));
                }
                to_status(error, trailers)
            }
        };
        // It fails if the client has gone.
        let _ = self.sender.send(Err(status)).await;
    }

    /// Ends the call with an error that the definition does not have.
    pub(crate) async fn fail(self, status: Status) {
        let _ = self.sender.send(Err(status)).await;
    }
}

fn to_status(error: Error, trailers: MetadataMap) -> Status {
    // The suite's codes have the numbers of gRPC.
    let code = Code::from_i32(error.code);
    let message = error.message.unwrap_or_default();
    let details = pb::Status {
        code: error.code,
        message: message.clone(),
        details: error.details,
    };
    let details = details.encode_to_vec().into();
    Status::with_details_and_metadata(code, message, details, trailers)
}
