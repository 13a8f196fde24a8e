//! Accepts connections for a server that may have a fault. It uses hyper directly: the
//! fault is outside of the layers of `rpc`, which would otherwise correct its responses.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};
use tonic::body::Body;

use super::tls::Tls;
use crate::{
    call::{Call, Origin},
    client_certificate::ClientCertificate,
    faults::{Fault, FaultyResponse},
    server::CorrectServer,
};

/// Accepts connections until the task is aborted.
pub(super) async fn accept(
    listener: TcpListener,
    correct: CorrectServer,
    fault: Option<Arc<Fault>>,
    tls: Option<Arc<Tls>>,
) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                let (correct, fault) = (correct.clone(), fault.clone());
                connections.spawn(connection(stream, number, correct, fault, tls.clone()));
                number += 1;
            }
            // Out of file descriptors until a connection ends.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    }
}

async fn connection(
    stream: TcpStream,
    number: u64,
    correct: CorrectServer,
    fault: Option<Arc<Fault>>,
    tls: Option<Arc<Tls>>,
) {
    // Without TCP_NODELAY the server is only slower.
    let _ = stream.set_nodelay(true);
    match tls {
        None => serve(stream, (number, None), correct, fault).await,
        Some(tls) => {
            // A client whose handshake fails knows why.
            if let Ok((stream, certificate)) = tls.accept(stream).await {
                serve(stream, (number, Some(certificate)), correct, fault).await;
            }
        }
    }
}

/// Serves a connection with its number, and over TLS the certificate of its client.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    (connection, certificate): (u64, Option<ClientCertificate>),
    correct: CorrectServer,
    fault: Option<Arc<Fault>>,
) {
    let close_connection = Arc::new(Notify::new());
    let calls = AtomicU64::new(0);
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(Origin {
            connection,
            calls_before: calls.fetch_add(1, Ordering::Relaxed),
            certificate,
        });
        if let Some(certificate) = certificate {
            certificate.set_service(request.headers_mut());
        }
        handle(
            request,
            correct.clone(),
            fault.clone(),
            Arc::clone(&close_connection),
        )
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(1024);
    tokio::select! {
        // Errors of a connection, such as a client that disconnects, are not reported.
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        () = close_connection.notified() => {}
    }
}

async fn handle(
    request: Request<Incoming>,
    correct: CorrectServer,
    fault: Option<Arc<Fault>>,
    close_connection: Arc<Notify>,
) -> Result<Response<Body>, io::Error> {
    let request = request.map(Body::new);
    let affecting_fault = fault.filter(|fault| fault.applies_to(request.uri().path()));
    if let Some(fault) = affecting_fault {
        let Ok(call) = Call::read(request).await else {
            fault.behaviour.cancelled();
            return Err(io::Error::other("the client cancelled the call"));
        };
        return match fault.behaviour.respond(call, &correct).await {
            FaultyResponse::Reply(reply) => Ok(reply.into_response()),
            FaultyResponse::Stream(response) => Ok(response),
            FaultyResponse::ResetStream => Err(io::Error::other("reset by a fault")),
            FaultyResponse::CloseConnection => {
                close_connection.notify_one();
                std::future::pending().await
            }
            FaultyResponse::NoResponse => std::future::pending().await,
        };
    }
    Ok(correct.handle_request(request).await)
}
