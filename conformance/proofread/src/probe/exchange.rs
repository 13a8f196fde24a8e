//! One call on one connection.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::{SendStream, client::ResponseFuture};
use http::{HeaderMap, Method, Request};

use super::{
    Stop,
    body::{Deframer, RawBody},
    connection::Connection,
};
use crate::outcome::{Answer, Outcome};

/// How long the bytes of a call have to leave before it is reset; a reset throws
/// away what has not.
const BEFORE_RESET: Duration = Duration::from_millis(5);

/// The greatest answer that is read. A contract that allows more should not.
const GREATEST_ANSWER: usize = 64 << 20;

/// How a call ended.
pub(super) enum Exchanged {
    Ended(Outcome),
    /// The server says that it has not begun with it: it may be sent again.
    NotLookedAt(Outcome),
}

/// Sends a call and reads its answer.
pub(super) async fn exchange(
    connection: &Connection,
    request: &Request<()>,
    body: &RawBody,
) -> Exchanged {
    let mut sender = match connection.sender().ready().await {
        Ok(sender) => sender,
        Err(error) => {
            connection.retire();
            return Exchanged::NotLookedAt(failed(&error));
        }
    };
    let started = Instant::now();
    let bodiless = request.method() == Method::GET && body.bytes.is_empty();
    let (response, stream) = match sender.send_request(request.clone(), bodiless) {
        Ok(sent) => sent,
        Err(error) => {
            connection.retire();
            return Exchanged::NotLookedAt(failed(&error));
        }
    };
    let read = match bodiless {
        true => read(response, body, started).await,
        false => converse(response, stream, body, started).await,
    };
    match read {
        Ok(outcome) => Exchanged::Ended(outcome),
        Err(error) => judge(connection, &error),
    }
}

/// Sends the body and reads the answer.
async fn converse(
    response: ResponseFuture,
    mut stream: SendStream<Bytes>,
    body: &RawBody,
    started: Instant,
) -> Result<Outcome, h2::Error> {
    // The transport keeps what the window of the server has no room for. That the
    // server does not want the rest is no failure: its answer says why.
    let _ = stream.send_data(body.bytes.clone(), !body.reset);
    if body.reset {
        tokio::time::sleep(BEFORE_RESET).await;
        stream.send_reset(h2::Reason::CANCEL);
        let code = h2::Reason::CANCEL.into();
        return Ok(Outcome::Reset { code });
    }
    read(response, body, started).await
}

async fn read(
    response: ResponseFuture,
    body: &RawBody,
    started: Instant,
) -> Result<Outcome, h2::Error> {
    let Some(response) = in_time(body.stop.map(|stop| stop.first), response).await else {
        return Ok(Outcome::Answered(Answer {
            stopped: true,
            latency: started.elapsed(),
            ..Answer::default()
        }));
    };
    let (head, mut data) = response?.into_parts();
    let mut answer = Answer {
        http_status: head.status.as_u16(),
        headers: fields(&head.headers),
        ..Answer::default()
    };
    let mut deframer = Deframer::default();
    let mut total = 0;
    loop {
        let wait = body
            .stop
            .map(|stop| patience(stop, deframer.messages.len()));
        let piece = match in_time(wait, data.data()).await {
            None => {
                answer.stopped = true;
                break;
            }
            Some(None) => break,
            Some(Some(piece)) => piece?,
        };
        total += piece.len();
        // Only fails when the stream is gone, which the next read tells.
        let _ = data.flow_control().release_capacity(piece.len());
        if total > GREATEST_ANSWER {
            let cause = format!("the answer is longer than {GREATEST_ANSWER} bytes");
            return Ok(Outcome::Broken { cause });
        }
        deframer.push(&piece);
        if body
            .stop
            .is_some_and(|stop| deframer.messages.len() >= stop.messages)
        {
            // What is already there may be the end, which is worth more.
            let end = in_time(Some(Duration::from_millis(1)), data.trailers()).await;
            match end {
                Some(Ok(Some(trailers))) => answer.trailers = fields(&trailers),
                _ => answer.stopped = true,
            }
            return Ok(complete(answer, deframer, started));
        }
    }
    if !answer.stopped {
        match data.trailers().await? {
            Some(trailers) => answer.trailers = fields(&trailers),
            // Trailers-Only: one block of header fields is both, and nothing follows.
            None if total == 0 || answer.http_status != 200 => {
                answer.trailers = answer.headers.clone();
            }
            None => {}
        }
    }
    Ok(complete(answer, deframer, started))
}

fn complete(mut answer: Answer, deframer: Deframer, started: Instant) -> Outcome {
    (answer.messages, answer.rest) = deframer.rest();
    answer.latency = started.elapsed();
    Outcome::Answered(answer)
}

fn patience(stop: Stop, seen: usize) -> Duration {
    match seen {
        0 => stop.first,
        _ => stop.quiet,
    }
}

/// Nothing where the time runs out; without a limit it does not.
async fn in_time<F: Future>(limit: Option<Duration>, future: F) -> Option<F::Output> {
    match limit {
        None => Some(future.await),
        Some(limit) => tokio::time::timeout(limit, future).await.ok(),
    }
}

fn fields(map: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    map.iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}

fn judge(connection: &Connection, error: &h2::Error) -> Exchanged {
    let outcome = failed(error);
    if !error.is_reset() {
        connection.retire();
    }
    let begun = match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) => false,
        // A server lets its connections go from time to time, or has had enough of
        // this one; neither is about this call.
        Some(h2::Reason::NO_ERROR | h2::Reason::ENHANCE_YOUR_CALM) => !error.is_go_away(),
        _ => true,
    };
    match begun {
        true => Exchanged::Ended(outcome),
        false => Exchanged::NotLookedAt(outcome),
    }
}

fn failed(error: &h2::Error) -> Outcome {
    match error.reason() {
        Some(reason) if error.is_remote() => Outcome::Reset {
            code: reason.into(),
        },
        Some(reason) if error.is_library() => Outcome::Broken {
            cause: format!("the answer breaks HTTP/2: {}", reason.description()),
        },
        _ => Outcome::Broken {
            cause: error.to_string(),
        },
    }
}
