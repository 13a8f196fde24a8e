//! HTTP/2 servers that violate gRPC, hang, or close connections.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, Response as HttpResponse};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

/// What a misbehaving server does with a call.
#[derive(Clone)]
pub(crate) enum Misbehaviour {
    NoAnswer,
    Reset(u32),
    /// Closes the connection.
    CloseConnection,
    /// Sends headers and a part of a message, then closes the connection.
    PartialMessage,
    /// Sends seven bytes that are not a gRPC frame, then the status OK.
    NoFrame,
    /// Sends a Trailers-Only answer with these trailers.
    Trailers(Vec<(&'static str, String)>),
    /// Closes the connection when the request body is this one; otherwise answers OK with
    /// an empty message.
    CloseConnectionOn(Vec<u8>),
    /// The same, and stops listening.
    StopListeningOn(Vec<u8>),
}

/// Starts a misbehaving server. Returns its address.
pub(crate) async fn misbehaving_server(misbehaviour: Misbehaviour) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        let stopped = Arc::new(Notify::new());
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = tokio::select! {
                accepted = listener.accept() => accepted.expect("a connection"),
                // Dropping the set also closes the other connections.
                () = stopped.notified() => return,
            };
            connections.spawn(converse(stream, misbehaviour.clone(), Arc::clone(&stopped)));
        }
    });
    address
}

async fn converse(
    stream: TcpStream,
    misbehaviour: Misbehaviour,
    stopped: Arc<Notify>,
) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(stream).await?;
    let close = Arc::new(Notify::new());
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = close.notified() => {
                // Frames that are already queued are still sent.
                let rest = tokio::time::timeout(Duration::from_millis(20), connection.accept());
                let _ = rest.await;
                if matches!(misbehaviour, Misbehaviour::StopListeningOn(_)) {
                    stopped.notify_one();
                }
                return Ok(());
            }
        };
        let Some(accepted) = accepted else {
            return Ok(());
        };
        let (request, respond) = accepted?;
        let (misbehaviour, close) = (misbehaviour.clone(), Arc::clone(&close));
        tokio::spawn(async move {
            let mut body = request.into_body();
            let mut message = Vec::new();
            while let Some(Ok(data)) = body.data().await {
                message.extend_from_slice(&data);
            }
            if !answer(&misbehaviour, respond, &message)
                .await
                .unwrap_or(true)
            {
                close.notify_one();
            }
        });
    }
}

/// Answers one call. Returns whether the connection stays open.
async fn answer(
    misbehaviour: &Misbehaviour,
    mut respond: SendResponse<Bytes>,
    message: &[u8],
) -> Result<bool, h2::Error> {
    let head = || {
        let head = HttpResponse::builder().header("content-type", "application/grpc");
        head.body(()).expect("a response")
    };
    let trailers = |pairs: &[(&'static str, String)]| {
        let mut trailers = HeaderMap::new();
        for (name, value) in pairs {
            trailers.append(*name, value.parse().expect("a value"));
        }
        trailers
    };
    let ok = [("grpc-status", "0".to_owned())];
    match misbehaviour {
        // The stream must stay alive, or h2 would reset it.
        Misbehaviour::NoAnswer => std::future::pending().await,
        Misbehaviour::Reset(code) => respond.send_reset((*code).into()),
        Misbehaviour::CloseConnection => return Ok(keep_open_briefly(respond)),
        Misbehaviour::PartialMessage => {
            let mut stream = respond.send_response(head(), false)?;
            stream.send_data(Bytes::from_static(&[0, 0, 0, 0, 9, 1]), false)?;
            return Ok(keep_open_briefly(stream));
        }
        Misbehaviour::NoFrame => {
            let mut stream = respond.send_response(head(), false)?;
            stream.send_data(Bytes::from_static(&[7; 7]), false)?;
            stream.send_trailers(trailers(&ok))?;
        }
        Misbehaviour::Trailers(pairs) => {
            let mut response = head();
            response.headers_mut().extend(trailers(pairs));
            respond.send_response(response, true)?;
        }
        Misbehaviour::CloseConnectionOn(trigger) | Misbehaviour::StopListeningOn(trigger)
            if message == trigger =>
        {
            return Ok(keep_open_briefly(respond));
        }
        Misbehaviour::CloseConnectionOn(_) | Misbehaviour::StopListeningOn(_) => {
            let mut stream = respond.send_response(head(), false)?;
            stream.send_data(Bytes::from_static(&[0; 5]), false)?;
            stream.send_trailers(trailers(&ok))?;
        }
    }
    Ok(true)
}

/// Keeps the stream alive until the connection is closed, or h2 would reset it before.
/// Returns false, which closes the connection.
fn keep_open_briefly(stream: impl Send + 'static) -> bool {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(stream);
    });
    false
}
