//! Few system calls for the answers that a connection writes in the same turn.
//!
//! hyper writes each answer by a system call of its own, also when the next ones are ready:
//! h2 flushes before it accepts the next stream (`server::Connection::poll_accept` ends
//! with `poll_complete`). Here a flush only keeps the bytes, and the task of the connection
//! sends them when they are many or hyper has nothing left to do in this turn. h2 could do the same
//! by flushing only when `poll_accept` is about to return `Pending`.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Kept bytes are sent within the turn as soon as they are this many: about ten small
/// answers. If all answers of a turn were sent at its end, the client and the server would
/// wait for each other in turns, where they can work at the same time. With 16 KiB a client
/// with one connection was served at two thirds of the rate. Larger writes are not copied.
const MAX_BATCH: usize = 2 * 1024;

/// The side for hyper: reads directly, and keeps what is written.
pub(crate) struct BatchedStream<S>(Arc<Mutex<State<S>>>);

/// The side for the task of the connection: sends what was kept.
pub(crate) struct BatchSender<S>(Arc<Mutex<State<S>>>);

struct State<S> {
    stream: S,
    batch: BytesMut,
    flush: Flush,
}

/// Whether the stream has bytes that the socket does not have: TLS keeps records that the
/// socket has not taken yet.
#[derive(PartialEq, Eq)]
enum Flush {
    Done,
    Needed,
    /// The last write waits, and goes on with all earlier ones. A flush would tell the timer of
    /// the socket that nothing waits.
    ByWrite,
}

/// Splits a stream into its two sides. Whoever polls hyper must call
/// [`BatchSender::poll_send`] after each poll, or answers are never sent.
pub(crate) fn batch_writes<S>(stream: S) -> (BatchedStream<S>, BatchSender<S>) {
    let batch = BytesMut::new();
    let state = Arc::new(Mutex::new(State {
        stream,
        batch,
        flush: Flush::Done,
    }));
    (BatchedStream(Arc::clone(&state)), BatchSender(state))
}

fn lock<S>(state: &Mutex<State<S>>) -> MutexGuard<'_, State<S>> {
    // Both sides are used by one task, so that nobody waits here.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncWrite + Unpin> BatchSender<S> {
    /// Sends the kept bytes; `Ready` when all are sent.
    pub fn poll_send(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0);
        ready!(state.poll_send(context))?;
        state.poll_flush(context)
    }
}

impl<S: AsyncWrite + Unpin> State<S> {
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.batch.is_empty() {
            let stream = Pin::new(&mut self.stream);
            let written = stream.poll_write(context, &self.batch);
            self.flush = Flush::after(&written);
            let written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.batch.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.flush == Flush::Needed {
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.flush = Flush::Done;
        }
        Poll::Ready(Ok(()))
    }
}

impl Flush {
    fn after(written: &Poll<io::Result<usize>>) -> Self {
        match written {
            Poll::Ready(_) => Self::Needed,
            Poll::Pending => Self::ByWrite,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for BatchedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for BatchedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut state = lock(&self.0);
        let length = slices.iter().map(|slice| slice.len()).sum::<usize>();
        if state.batch.len() + length > MAX_BATCH {
            ready!(state.poll_send(context))?;
            if length > MAX_BATCH {
                let written = Pin::new(&mut state.stream).poll_write_vectored(context, slices);
                state.flush = Flush::after(&written);
                return written;
            }
        }
        for slice in slices {
            state.batch.extend_from_slice(slice);
        }
        Poll::Ready(Ok(length))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Sends nothing: the batch is sent at the end of the turn.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0);
        ready!(state.poll_send(context))?;
        Pin::new(&mut state.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    async fn connected() -> (BatchedStream<TcpStream>, BatchSender<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("is bound");
        let client = TcpStream::connect(address).await.expect("connects");
        let (server, _) = listener.accept().await.expect("accepts");
        let (stream, sender) = batch_writes(server);
        (stream, sender, client)
    }

    /// What has arrived without waiting.
    fn arrived(client: &TcpStream) -> io::Result<usize> {
        client.try_read(&mut [0; 1024])
    }

    #[tokio::test]
    async fn answers_of_one_turn_are_sent_together() {
        let (mut stream, sender, mut client) = connected().await;
        for answer in ["first ", "second"] {
            stream.write_all(answer.as_bytes()).await.expect("is kept");
            stream.flush().await.expect("is kept");
        }
        let nothing = arrived(&client).map_err(|error| error.kind());
        assert_eq!(nothing, Err(io::ErrorKind::WouldBlock));
        poll_fn(|context| sender.poll_send(context))
            .await
            .expect("is sent");
        let mut text = [0; 12];
        client.read_exact(&mut text).await.expect("arrives");
        assert_eq!(&text, b"first second");
    }

    #[tokio::test]
    async fn large_answers_are_sent_in_order_and_a_closed_stream_loses_nothing() {
        let (mut stream, _sender, mut client) = connected().await;
        let large = vec![b'l'; MAX_BATCH * 20];
        let write = async {
            stream.write_all(b"small").await.expect("is kept");
            stream.write_all(&large).await.expect("is sent");
            stream.write_all(b"end").await.expect("is kept");
            stream.shutdown().await.expect("is sent");
        };
        let read = async {
            let mut all = Vec::new();
            client.read_to_end(&mut all).await.expect("arrives");
            all
        };
        let ((), all) = tokio::join!(write, read);
        assert_eq!(all, [b"small", &large[..], b"end"].concat());
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_stops_the_writer() {
        let (mut stream, _sender, client) = connected().await;
        let chunk = [0; MAX_BATCH];
        let blocked = poll_fn(|context| {
            loop {
                match Pin::new(&mut stream).poll_write(context, &chunk) {
                    Poll::Ready(written) => drop(written.expect("the connection is open")),
                    Poll::Pending => break Poll::Ready(()),
                }
            }
        });
        blocked.await;
        drop(client);
    }
}
