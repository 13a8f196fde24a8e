//! Accepts connections and calls. All of them are futures of one task, so that they can
//! borrow the server.

use std::time::Duration;

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};

use super::{Server, ServerTls, call};

/// The delay after an error of the listener, for example if there are too many open files.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// What follows from a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterCall {
    /// The connection serves other calls.
    Continue,
    /// The connection breaks, as in a crash.
    Crash,
}

pub(super) async fn accept(server: &Server<'_>, listener: TcpListener, tls: Option<&ServerTls>) {
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => connections.push(serve(server, socket, tls)),
                Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
            },
            Some(()) = connections.next() => {}
        }
    }
}

async fn serve(server: &Server<'_>, socket: TcpStream, tls: Option<&ServerTls>) {
    // Only costs speed where it fails.
    let _ = socket.set_nodelay(true);
    match tls {
        None => serve_http2(server, socket).await,
        Some(ServerTls(acceptor)) => {
            if let Ok(stream) = acceptor.accept(socket).await {
                serve_http2(server, stream).await;
            }
        }
    }
}

async fn serve_http2(server: &Server<'_>, socket: impl AsyncRead + AsyncWrite + Unpin) {
    let Ok(mut connection) = h2::server::handshake(socket).await else {
        return;
    };
    let mut calls = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => calls.push(call::handle(server, request, respond)),
                // Dropping the calls that are in flight cancels them.
                Some(Err(_)) | None => return,
            },
            Some(after) = calls.next() => if after == AfterCall::Crash {
                return;
            },
        }
    }
}
