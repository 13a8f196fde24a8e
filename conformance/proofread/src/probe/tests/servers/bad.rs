//! Raw HTTP/2 servers that misbehave.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, Response as HttpResponse};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

/// What a bad server does with a call.
#[derive(Clone)]
pub(crate) enum Then {
    Silence,
    Reset(u32),
    /// Closes the connection.
    Drop,
    /// Sends headers and a part of a message, and closes the connection.
    HalfAnAnswer,
    /// Sends seven bytes that are no frame, and OK.
    Garbage,
    /// Answers with these trailers alone.
    Trailers(Vec<(&'static str, String)>),
    /// Closes the connection when the message is this one; else OK with nothing.
    DropOn(Vec<u8>),
    /// The same, and listens no more.
    DieOn(Vec<u8>),
}

/// A raw HTTP/2 server; answers its address.
pub(crate) async fn bad_server(then: Then) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        let died = Arc::new(Notify::new());
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = tokio::select! {
                accepted = listener.accept() => accepted.expect("a connection"),
                // With it go its connections.
                () = died.notified() => return,
            };
            connections.spawn(converse(stream, then.clone(), Arc::clone(&died)));
        }
    });
    address
}

async fn converse(stream: TcpStream, then: Then, died: Arc<Notify>) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(stream).await?;
    let close = Arc::new(Notify::new());
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = close.notified() => {
                // What was said is still sent.
                let rest = tokio::time::timeout(Duration::from_millis(20), connection.accept());
                let _ = rest.await;
                if matches!(then, Then::DieOn(_)) {
                    died.notify_one();
                }
                return Ok(());
            }
        };
        let Some(accepted) = accepted else {
            return Ok(());
        };
        let (request, respond) = accepted?;
        let (then, close) = (then.clone(), Arc::clone(&close));
        tokio::spawn(async move {
            let mut body = request.into_body();
            let mut message = Vec::new();
            while let Some(Ok(data)) = body.data().await {
                message.extend_from_slice(&data);
            }
            if !answer(&then, respond, &message).await.unwrap_or(true) {
                close.notify_one();
            }
        });
    }
}

/// Whether the connection lives on.
async fn answer(
    then: &Then,
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
    let fine = [("grpc-status", "0".to_owned())];
    match then {
        // It is kept, or h2 would reset it.
        Then::Silence => std::future::pending().await,
        Then::Reset(code) => respond.send_reset((*code).into()),
        Then::Drop => return Ok(forgotten(respond)),
        Then::HalfAnAnswer => {
            let mut stream = respond.send_response(head(), false)?;
            stream.send_data(Bytes::from_static(&[0, 0, 0, 0, 9, 1]), false)?;
            return Ok(forgotten(stream));
        }
        Then::Garbage => {
            let mut stream = respond.send_response(head(), false)?;
            stream.send_data(Bytes::from_static(&[7; 7]), false)?;
            stream.send_trailers(trailers(&fine))?;
        }
        Then::Trailers(pairs) => {
            let mut response = head();
            response.headers_mut().extend(trailers(pairs));
            respond.send_response(response, true)?;
        }
        Then::DropOn(deadly) | Then::DieOn(deadly) if message == deadly => {
            return Ok(forgotten(respond));
        }
        Then::DropOn(_) | Then::DieOn(_) => {
            let mut stream = respond.send_response(head(), false)?;
            stream.send_data(Bytes::from_static(&[0; 5]), false)?;
            stream.send_trailers(trailers(&fine))?;
        }
    }
    Ok(true)
}

/// Kept, or h2 would reset it before the connection closes.
fn forgotten(stream: impl Send + 'static) -> bool {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(stream);
    });
    false
}
