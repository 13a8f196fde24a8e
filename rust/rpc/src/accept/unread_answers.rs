//! Ends answers that their client does not read.
//!
//! An HTTP/2 client that grants no window keeps the task of a stream waiting for ever, and
//! with it the handler, its permit and the memory of the answer: hyper polls the body only
//! when it has sent the previous part, so no layer sees it. The executor of hyper's streams
//! does: a stream waits for the transport if its body has handed over a part and was not
//! polled again. (On HTTP/1 the socket itself has a write timeout.)
//!
//! What h2 has taken counts as sent, up to one frame of the body beyond the window. It is
//! freed with the connection.

use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};

/// How far the answer of a stream has got.
#[derive(Clone, Copy, Default)]
struct Progress {
    /// The parts of its body that were handed over.
    parts: u64,
    /// Whether the last poll of the body returned a part. Otherwise the body has nothing to
    /// send.
    handed_over: bool,
}

thread_local! {
    /// The progress of the stream that this thread polls.
    static PROGRESS: Cell<Progress> = const { Cell::new(Progress { parts: 0, handed_over: false }) };
}

/// Records a poll of the body of an answer, within the poll of its stream.
pub(super) fn body_was_polled(ready: bool) {
    let Progress { parts, .. } = PROGRESS.get();
    PROGRESS.set(Progress {
        parts: parts + u64::from(ready),
        handed_over: ready,
    });
}

pin_project! {
    /// A stream that is dropped, and so reset, when it waits for too long for its client.
    pub(crate) struct BoundedStream<F> {
        #[pin]
        stream: Option<F>,
        progress: Progress,
        timeout: Duration,
        // Only while the stream waits for its client.
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<F> BoundedStream<F> {
    pub(crate) fn new(stream: F, timeout: Duration) -> Self {
        Self {
            stream: Some(stream),
            progress: Progress::default(),
            timeout,
            timer: None,
        }
    }
}

impl<F: Future<Output = ()>> Future for BoundedStream<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(stream) = this.stream.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        let before = this.progress.parts;
        PROGRESS.set(*this.progress);
        if stream.poll(context).is_ready() {
            return Poll::Ready(());
        }
        *this.progress = PROGRESS.get();
        if !this.progress.handed_over {
            *this.timer = None;
            return Poll::Pending;
        }
        let timeout = *this.timeout;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(timeout)));
        if this.progress.parts != before {
            timer.as_mut().reset(Instant::now() + timeout);
        }
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        this.stream.set(None);
        metrics::counter!("bindery_unread_answers_total").increment(1);
        tracing::debug!(
            ?timeout,
            "reset a stream whose client does not read the answer"
        );
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::mpsc};

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// Whether a stream that polls its body with these results, one each second, and then
    /// waits, is ended after the timeout.
    async fn is_ended_after(polls: &'static [bool]) -> Option<Duration> {
        let (alive, dropped) = mpsc::channel::<()>();
        let began = Instant::now();
        let mut polls = polls.iter();
        let mut second = Box::pin(sleep(Duration::ZERO));
        let stream = poll_fn(move |context| {
            let _ = &alive;
            while second.as_mut().poll(context).is_ready()
                && let Some(ready) = polls.next()
            {
                body_was_polled(*ready);
                second
                    .as_mut()
                    .reset(Instant::now() + Duration::from_secs(1));
            }
            Poll::Pending
        });
        let stream = BoundedStream::new(stream, TIMEOUT);
        let ended = tokio::time::timeout(TIMEOUT * 10, stream).await.is_ok();
        assert!(dropped.try_recv().is_err());
        ended.then(|| began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn stream_with_nothing_to_send_stays_open() {
        assert_eq!(is_ended_after(&[]).await, None);
        assert_eq!(is_ended_after(&[true, true, false]).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn stream_whose_part_is_not_sent_ends_after_the_timeout() {
        assert_eq!(is_ended_after(&[true]).await, Some(TIMEOUT));
    }

    #[tokio::test(start_paused = true)]
    async fn each_part_that_is_sent_starts_the_time_again() {
        let ended = is_ended_after(&[true, false, true, true]).await;
        assert_eq!(ended, Some(TIMEOUT + Duration::from_secs(3)));
    }
}
