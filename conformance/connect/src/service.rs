//! The service of the suite: its requests say how they are answered.

use futures::StreamExt as _;
use prost::{Message, Name};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    response::{Definition, RequestHeaders, Responder, to_any},
    suite::{
        BidiStreamRequest, BidiStreamResponse, ClientStreamRequest, ClientStreamResponse,
        ConformancePayload, IdempotentUnaryRequest, IdempotentUnaryResponse, ServerStreamRequest,
        ServerStreamResponse, UnaryRequest, UnaryResponse, UnimplementedRequest,
        UnimplementedResponse, conformance_service_server::ConformanceService,
    },
};

/// The service.
pub(crate) struct Conformance;

type Messages<M> = ReceiverStream<Result<M, Status>>;

/// Responds with the headers of the definition at once, and then as `send` does.
fn respond<M: Send + 'static, F: Future<Output = ()> + Send + 'static>(
    definition: Definition,
    request: RequestHeaders,
    message: fn(ConformancePayload) -> M,
    send: impl FnOnce(Responder<M>) -> F,
) -> Response<Messages<M>> {
    let headers = definition.headers.clone();
    let (sender, receiver) = mpsc::channel(1);
    let gone = sender.clone();
    let sending = send(Responder::new(definition, request, sender, message));
    tokio::spawn(async move {
        tokio::select! {
            () = sending => {}
            // The client has cancelled the call.
            () = gone.closed() => {}
        }
    });
    let messages = ReceiverStream::new(receiver);
    Response::from_parts(headers, messages, tonic::Extensions::default())
}

/// Responds to one message, as the definition in it says.
fn respond_to_one<R: Message + Name, M: Send + 'static>(
    request: Request<R>,
    definition: impl FnOnce(R) -> Result<Definition, Status>,
    message: fn(ConformancePayload) -> M,
) -> Result<Response<Messages<M>>, Status> {
    let (metadata, _, request) = request.into_parts();
    let received = to_any(&request);
    let send = async move |mut responder: Responder<M>| {
        responder.received(received);
        responder.finish().await;
    };
    let headers = RequestHeaders::new(metadata);
    Ok(respond(definition(request)?, headers, message, send))
}

#[tonic::async_trait]
impl ConformanceService for Conformance {
    type UnaryStream = Messages<UnaryResponse>;

    async fn unary(
        &self,
        request: Request<UnaryRequest>,
    ) -> Result<Response<Self::UnaryStream>, Status> {
        let definition = |request: UnaryRequest| Definition::of_single(request.response_definition);
        respond_to_one(request, definition, |payload| UnaryResponse {
            payload: Some(payload),
        })
    }

    type IdempotentUnaryStream = Messages<IdempotentUnaryResponse>;

    async fn idempotent_unary(
        &self,
        request: Request<IdempotentUnaryRequest>,
    ) -> Result<Response<Self::IdempotentUnaryStream>, Status> {
        let definition =
            |request: IdempotentUnaryRequest| Definition::of_single(request.response_definition);
        respond_to_one(request, definition, |payload| IdempotentUnaryResponse {
            payload: Some(payload),
        })
    }

    type ServerStreamStream = Messages<ServerStreamResponse>;

    async fn server_stream(
        &self,
        request: Request<ServerStreamRequest>,
    ) -> Result<Response<Self::ServerStreamStream>, Status> {
        let definition =
            |request: ServerStreamRequest| Definition::of_stream(request.response_definition);
        respond_to_one(request, definition, |payload| ServerStreamResponse {
            payload: Some(payload),
        })
    }

    type ClientStreamStream = Messages<ClientStreamResponse>;

    async fn client_stream(
        &self,
        request: Request<Streaming<ClientStreamRequest>>,
    ) -> Result<Response<Self::ClientStreamStream>, Status> {
        let (metadata, _, mut requests) = request.into_parts();
        let mut definition = None;
        let mut received = Vec::new();
        while let Some(request) = requests.message().await? {
            received.push(to_any(&request));
            if received.len() == 1 {
                definition = request.response_definition;
            }
        }
        let definition = Definition::of_single(definition)?;
        let headers = RequestHeaders::new(metadata);
        let message = |payload| ClientStreamResponse {
            payload: Some(payload),
        };
        Ok(respond(
            definition,
            headers,
            message,
            async move |mut responder: Responder<_>| {
                for message in received {
                    responder.received(message);
                }
                responder.finish().await;
            },
        ))
    }

    type BidiStreamStream = Messages<BidiStreamResponse>;

    async fn bidi_stream(
        &self,
        request: Request<Streaming<BidiStreamRequest>>,
    ) -> Result<Response<Self::BidiStreamStream>, Status> {
        let (metadata, _, mut requests) = request.into_parts();
        let first = requests.message().await?.unwrap_or_default();
        let received = to_any(&first);
        let definition = Definition::of_stream(first.response_definition)?;
        let headers = RequestHeaders::new(metadata);
        let full_duplex = first.full_duplex;
        let message = |payload| BidiStreamResponse {
            payload: Some(payload),
        };
        Ok(respond(
            definition,
            headers,
            message,
            async move |mut responder: Responder<_>| {
                responder.received(received);
                // In full duplex each message is answered before the next is read.
                while !full_duplex || responder.send_next().await {
                    match requests.next().await {
                        Some(Ok(request)) => responder.received(to_any(&request)),
                        Some(Err(status)) => return responder.fail(status).await,
                        None => break,
                    }
                }
                responder.finish().await;
            },
        ))
    }

    async fn unimplemented(
        &self,
        _: Request<UnimplementedRequest>,
    ) -> Result<Response<UnimplementedResponse>, Status> {
        Err(Status::unimplemented("the suite wants no such method"))
    }
}
