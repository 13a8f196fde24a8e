//! Runs calls on the task of their connection as far as they get without waiting.
//!
//! Most calls are answered from memory. A task for each of them would cost an allocation,
//! two wake-ups and, worse, one write for each answer, since the task of the connection
//! runs between two answers.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use hyper::rt::Executor;
use tokio::runtime::Handle;

use crate::accept::unread_answers::BoundedStream;

/// How long calls may run on the task of the connection in one turn. Further ones get tasks
/// of their own, so that expensive calls on one connection don't occupy a thread.
const MAX_TURN: Duration = Duration::from_millis(4);

/// The executor of hyper's streams on one connection: polls each once on the task of the
/// connection, and spawns a task only for those that have to wait. The tasks belong to the
/// runtime of the server, so that the calls of one connection can use all cores.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionExecutor {
    unread_answer_timeout: Duration,
    server: Handle,
    connected: Instant,
    /// When the present turn began, in nanoseconds after `connected`.
    turn: Arc<AtomicU64>,
}

impl ConnectionExecutor {
    /// A stream may wait for its client for `unread_answer_timeout`.
    pub fn new(unread_answer_timeout: Duration, server: Handle) -> Self {
        Self {
            unread_answer_timeout,
            server,
            connected: Instant::now(),
            turn: Arc::default(),
        }
    }

    /// To be called before each poll of the connection.
    pub fn begin_turn(&self) {
        self.turn.store(self.nanoseconds(), Ordering::Relaxed);
    }

    fn turn_is_over(&self) -> bool {
        let spent = self.nanoseconds() - self.turn.load(Ordering::Relaxed);
        Duration::from_nanos(spent) > MAX_TURN
    }

    fn nanoseconds(&self) -> u64 {
        // A u64 overflows after 584 years.
        u64::try_from(self.connected.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl<F> Executor<F> for ConnectionExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let stream = BoundedStream::new(stream, self.unread_answer_timeout);
        if self.turn_is_over() {
            self.server.spawn(stream);
            return;
        }
        let mut stream = Box::pin(stream);
        // `spawn` polls it again, with the waker of its own task.
        let mut context = Context::from_waker(Waker::noop());
        // Tokio's budget belongs to the connection. Without the exemption, the streams
        // after the first hundred of a turn would only be told to wait.
        let first = Pin::new(&mut tokio::task::unconstrained(stream.as_mut())).poll(&mut context);
        if first == Poll::Pending {
            self.server.spawn(stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Whether a stream that is ready at once has run when `execute` returns.
    fn runs_within(executor: &ConnectionExecutor) -> bool {
        let (sender, receiver) = mpsc::channel();
        executor.execute(async move { sender.send(()).expect("the receiver exists") });
        receiver.try_recv().is_ok()
    }

    #[tokio::test]
    async fn a_call_runs_on_the_task_of_the_connection_until_the_turn_is_over() {
        let mut executor = ConnectionExecutor::new(MAX_TURN, Handle::current());
        executor.begin_turn();
        assert!(runs_within(&executor));
        executor.connected -= MAX_TURN * 2;
        assert!(!runs_within(&executor));
        executor.begin_turn();
        assert!(runs_within(&executor));
    }

    #[tokio::test]
    async fn a_call_that_waits_gets_a_task_of_its_own() {
        let executor = ConnectionExecutor::new(MAX_TURN, Handle::current());
        executor.begin_turn();
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let (done, finished) = tokio::sync::oneshot::channel();
        executor.execute(async move {
            receiver.await.expect("the sender exists");
            done.send(()).expect("the test waits");
        });
        sender.send(()).expect("the call waits");
        finished.await.expect("the call ends");
    }
}
