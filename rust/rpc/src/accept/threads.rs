//! Threads that each serve some of the connections.

use std::{
    future::pending,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use tokio::runtime::{Builder, Handle};

/// Threads for connections, each of which stays on its thread, so that reading requests,
/// answering them from memory and writing the answers needs no other thread. On tokio's
/// runtime with several workers, each batch of requests wakes a second worker, which looks
/// for work and finds none. Calls that have to wait continue on the runtime of the server,
/// which spreads them over all cores.
///
/// The default has no threads: connections run on the runtime of the server. Clones share
/// their threads. These run until the process ends, because what a call has opened on one of
/// them, such as a database connection of a pool, can outlive its server.
#[derive(Clone, Debug, Default)]
pub struct ConnectionThreads(Arc<[ConnectionThread]>);

#[derive(Debug)]
struct ConnectionThread {
    runtime: Handle,
    /// How many connections it serves.
    connections: Arc<AtomicUsize>,
}

impl ConnectionThreads {
    /// Starts as many threads as the process may use cores. An error is one of the operating
    /// system, which refuses to start a thread.
    pub fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism()?;
        let threads: io::Result<_> = (0..cores.get()).map(ConnectionThread::start).collect();
        Ok(Self(threads?))
    }

    /// Assigns a connection to the thread with the fewest connections.
    pub(super) fn assign(&self) -> Assigned {
        let fewest = |thread: &&ConnectionThread| thread.connections.load(Relaxed);
        match self.0.iter().min_by_key(fewest) {
            Some(thread) => {
                thread.connections.fetch_add(1, Relaxed);
                Assigned {
                    runtime: thread.runtime.clone(),
                    connections: Arc::clone(&thread.connections),
                }
            }
            None => Assigned {
                runtime: Handle::current(),
                connections: Arc::new(AtomicUsize::new(1)),
            },
        }
    }
}

impl ConnectionThread {
    fn start(index: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = Self {
            runtime: runtime.handle().clone(),
            connections: Arc::default(),
        };
        thread::Builder::new()
            .name(format!("connections-{index}"))
            .spawn(move || runtime.block_on(pending::<()>()))?;
        Ok(thread)
    }
}

/// The place of one connection on a thread, given back when dropped.
pub(super) struct Assigned {
    /// Where the task of the connection runs.
    pub runtime: Handle,
    connections: Arc<AtomicUsize>,
}

impl Drop for Assigned {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_spread_evenly_and_places_are_given_back() {
        let thread = |index| ConnectionThread::start(index).expect("starts");
        let threads = ConnectionThreads([0, 1].map(thread).into());
        let counts = || [0, 1].map(|index| threads.0[index].connections.load(Relaxed));
        let first = threads.assign();
        let second = threads.assign();
        assert_ne!(first.runtime.id(), second.runtime.id());
        let third = threads.assign();
        assert_eq!(counts(), [2, 1]);
        drop((first, third));
        assert_eq!(counts(), [0, 1]);
        assert_ne!(threads.assign().runtime.id(), second.runtime.id());
    }

    #[tokio::test]
    async fn without_threads_connections_run_on_the_runtime_of_the_server() {
        let assigned = ConnectionThreads::default().assign();
        assert_eq!(assigned.runtime.id(), Handle::current().id());
    }
}
