//! The socket side of a server that may have a fault. Plain HTTP/2 on hyper: the
//! fault stands outside of all layers of `rpc`, and so can do to an answer what
//! they would mend.

use std::{convert::Infallible, io, sync::Arc};

use http::{Method, Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rpc::failure;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};
use tonic::{Code, Status, body::Body};

use super::{OPERATOR_TOKEN, Right};
use crate::{
    call::Call,
    faults::{Answer, Fault},
};

/// Accepts connections for ever.
pub(super) async fn accept(listener: TcpListener, right: Right, fault: Option<Arc<Fault>>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, right.clone(), fault.clone()));
            }
            // Out of descriptors: it passes when a connection ends.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    }
}

async fn connection(stream: TcpStream, right: Right, fault: Option<Arc<Fault>>) {
    // Latency counts; if it can't be set, it is only slower.
    let _ = stream.set_nodelay(true);
    let cut = Arc::new(Notify::new());
    let service = service_fn(|request: Request<Incoming>| {
        handle(request, right.clone(), fault.clone(), Arc::clone(&cut))
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(1024);
    tokio::select! {
        // Callers that hang up are daily business.
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        () = cut.notified() => {}
    }
}

async fn handle(
    request: Request<Incoming>,
    right: Right,
    fault: Option<Arc<Fault>>,
    cut: Arc<Notify>,
) -> Result<Response<Body>, io::Error> {
    let request = request.map(Body::new);
    let concerned = fault.filter(|fault| fault.concerns(request.uri().path()));
    if let Some(fault) = concerned {
        let Ok(call) = Call::read(request).await else {
            fault.wrong.cancelled();
            return Err(io::Error::other("the caller hung up"));
        };
        return match fault.wrong.answer(call, &right).await {
            Answer::Reply(reply) => Ok(reply.into_response()),
            Answer::Stream(response) => Ok(response),
            Answer::Reset => Err(io::Error::other("reset by a fault")),
            Answer::Close => {
                cut.notify_one();
                std::future::pending().await
            }
            Answer::Silence => std::future::pending().await,
        };
    }
    Ok(right.pass(request).await)
}

/// The answer to what is no gRPC at all. The servers of `rpc` give one before their
/// layers, too.
pub(super) fn not_grpc(request: &Request<Body>) -> Option<Response<Body>> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let grpc = content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    if grpc && request.method() == Method::POST {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = match grpc {
        true => StatusCode::METHOD_NOT_ALLOWED,
        false => StatusCode::UNSUPPORTED_MEDIA_TYPE,
    };
    Some(response)
}

/// Calls within a process need no credential, and so the layer of `rpc` that asks
/// for one does not; it is asked for here.
pub(super) fn authenticate(request: &Request<Body>) -> Result<(), Status> {
    let method = contract::method(request.uri().path());
    if method.and_then(|method| method.credential).is_none() {
        return Ok(());
    }
    let given = request.headers().get(header::AUTHORIZATION);
    match given.map(|value| value.as_bytes()) {
        None => Err(failure(
            Code::Unauthenticated,
            "CREDENTIAL_MISSING",
            "this method needs the operator's token",
        )
        .into_status()),
        Some(value) if value == format!("Bearer {OPERATOR_TOKEN}").as_bytes() => Ok(()),
        Some(_) => Err(failure(
            Code::PermissionDenied,
            "CREDENTIAL_REFUSED",
            "the token is not the operator's",
        )
        .into_status()),
    }
}

/// Unwraps what cannot fail.
pub(super) fn certainly<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}
