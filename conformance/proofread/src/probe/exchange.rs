//! Sends one call on one connection and reads the answer.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::{SendStream, client::ResponseFuture};
use http::{HeaderMap, Method, Request};

use super::{
    ReadLimits,
    body::{Deframer, RawBody},
    connection::Connection,
};
use crate::outcome::{Answer, Outcome};

/// The delay between the body and RST_STREAM. A reset discards bytes that have not been
/// sent yet.
const DELAY_BEFORE_RESET: Duration = Duration::from_millis(5);

/// The greatest number of DATA frames of a body that is sent in pieces.
const MAX_PIECES: usize = 200;

/// The largest answer that is read, in bytes.
pub(super) const MAX_ANSWER_BYTES: usize = 64 << 20;

/// The result of an attempt to make a call.
pub(super) enum ExchangeResult {
    /// The call ended with this outcome.
    Completed(Outcome),
    /// The server said that it did not process the call, so it may be sent again.
    NotProcessed(Outcome),
}

/// Sends a call and reads its answer.
pub(super) async fn exchange(
    connection: &Connection,
    request: &Request<()>,
    body: &RawBody,
) -> ExchangeResult {
    let mut sender = match connection.sender().ready().await {
        Ok(sender) => sender,
        Err(error) => {
            connection.retire();
            return ExchangeResult::NotProcessed(outcome_of_error(&error));
        }
    };
    let started = Instant::now();
    let bodiless = request.method() == Method::GET && body.bytes.is_empty();
    let (response, stream) = match sender.send_request(request.clone(), bodiless) {
        Ok(sent) => sent,
        Err(error) => {
            connection.retire();
            return ExchangeResult::NotProcessed(outcome_of_error(&error));
        }
    };
    let result = if bodiless {
        read_answer(response, body, accepts_gzip(request), started).await
    } else {
        send_body_and_read(response, stream, body, accepts_gzip(request), started).await
    };
    match result {
        Ok(outcome) => ExchangeResult::Completed(outcome),
        Err(error) => classify_error(connection, &error),
    }
}

/// Sends the body and reads the answer.
async fn send_body_and_read(
    response: ResponseFuture,
    mut stream: SendStream<Bytes>,
    body: &RawBody,
    accepts_gzip: bool,
    started: Instant,
) -> Result<Outcome, h2::Error> {
    let mut rest = body.bytes.clone();
    let mut pieces = 1;
    while body.piece > 0 && rest.len() > body.piece && pieces < MAX_PIECES {
        if stream.send_data(rest.split_to(body.piece), false).is_err() {
            break;
        }
        pieces += 1;
        // The connection sends what it has before the next piece is there.
        tokio::task::yield_now().await;
    }
    // The transport buffers what exceeds the server's window. An error only means that
    // the server has already answered or reset the stream, which reading will show.
    let _ = stream.send_data(rest, !body.reset);
    if body.reset {
        tokio::time::sleep(DELAY_BEFORE_RESET).await;
        stream.send_reset(h2::Reason::CANCEL);
        let code = h2::Reason::CANCEL.into();
        return Ok(Outcome::Reset { code });
    }
    read_answer(response, body, accepts_gzip, started).await
}

/// Whether the call accepts answers that are compressed with gzip.
fn accepts_gzip(request: &Request<()>) -> bool {
    let accepted = request.headers().get("grpc-accept-encoding");
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let mut accepted = accepted.unwrap_or_default().split(',');
    accepted.any(|encoding| encoding.trim() == "gzip")
}

async fn read_answer(
    response: ResponseFuture,
    body: &RawBody,
    accepts_gzip: bool,
    started: Instant,
) -> Result<Outcome, h2::Error> {
    let Some(response) = within(
        body.read_limits.map(|limits| limits.first_message_timeout),
        response,
    )
    .await
    else {
        return Ok(Outcome::Answered(Answer {
            stopped_early: true,
            latency: started.elapsed(),
            ..Answer::default()
        }));
    };
    let (head, mut data) = response?.into_parts();
    let mut answer = Answer {
        http_status: head.status.as_u16(),
        headers: header_fields(&head.headers),
        ..Answer::default()
    };
    let encoding = head.headers.get("grpc-encoding");
    let mut deframer = Deframer::default();
    deframer.gzip = accepts_gzip && encoding.is_some_and(|encoding| encoding == "gzip");
    let mut total = 0;
    loop {
        let wait = body
            .read_limits
            .map(|limits| next_read_timeout(limits, deframer.messages.len()));
        let piece = match within(wait, data.data()).await {
            None => {
                answer.stopped_early = true;
                break;
            }
            Some(None) => break,
            Some(Some(piece)) => piece?,
        };
        total += piece.len();
        // Fails only when the stream is closed, which the next read reports.
        let _ = data.flow_control().release_capacity(piece.len());
        if total > MAX_ANSWER_BYTES {
            let cause = format!("the answer is longer than {MAX_ANSWER_BYTES} bytes");
            return Ok(Outcome::Broken { cause });
        }
        deframer.push(&piece);
        if body
            .read_limits
            .is_some_and(|limits| deframer.messages.len() >= limits.max_messages)
        {
            // The trailers may have arrived already; then the answer is complete.
            let end = within(Some(Duration::from_millis(1)), data.trailers()).await;
            match end {
                Some(Ok(Some(trailers))) => answer.trailers = header_fields(&trailers),
                _ => answer.stopped_early = true,
            }
            return Ok(complete(answer, deframer, started));
        }
    }
    if !answer.stopped_early {
        match data.trailers().await? {
            Some(trailers) => answer.trailers = header_fields(&trailers),
            // Trailers-Only: a single block of header fields is also the trailers.
            None if total == 0 || answer.http_status != 200 => {
                answer.trailers = answer.headers.clone();
            }
            None => {}
        }
    }
    Ok(complete(answer, deframer, started))
}

fn complete(mut answer: Answer, deframer: Deframer, started: Instant) -> Outcome {
    (answer.messages, answer.rest) = deframer.into_parts();
    answer.latency = started.elapsed();
    Outcome::Answered(answer)
}

fn next_read_timeout(limits: ReadLimits, seen: usize) -> Duration {
    match seen {
        0 => limits.first_message_timeout,
        _ => limits.idle_timeout,
    }
}

/// Waits for a future; `None` when it takes longer than `limit`.
async fn within<F: Future>(limit: Option<Duration>, future: F) -> Option<F::Output> {
    match limit {
        None => Some(future.await),
        Some(limit) => tokio::time::timeout(limit, future).await.ok(),
    }
}

fn header_fields(map: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    map.iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}

fn classify_error(connection: &Connection, error: &h2::Error) -> ExchangeResult {
    let outcome = outcome_of_error(error);
    if !error.is_reset() {
        connection.retire();
    }
    let processed = match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) => false,
        // The server closes the connection, because of its age or of too many calls;
        // neither concerns this call.
        Some(h2::Reason::NO_ERROR | h2::Reason::ENHANCE_YOUR_CALM) => !error.is_go_away(),
        _ => true,
    };
    if processed {
        ExchangeResult::Completed(outcome)
    } else {
        ExchangeResult::NotProcessed(outcome)
    }
}

fn outcome_of_error(error: &h2::Error) -> Outcome {
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
