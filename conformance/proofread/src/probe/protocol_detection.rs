//! Detects the protocol of a server by the first bytes that it sends.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
};

/// How many bytes are recorded: enough for a frame header, for `HTTP/1.1 400 Bad Request`
/// and for a TLS alert.
const MAX_RECORDED: usize = 64;

/// The first bytes that a server sent.
#[derive(Debug, Default)]
pub(super) struct FirstBytes {
    bytes: Mutex<Vec<u8>>,
    changed: Notify,
}

/// The protocol that a server speaks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ServerProtocol {
    Http2,
    Http1,
    Tls,
    Other,
}

impl FirstBytes {
    /// Waits until enough bytes have arrived to detect the protocol.
    pub(super) async fn detect(&self) -> ServerProtocol {
        loop {
            let changed = self.changed.notified();
            if let Some(protocol) = detect_protocol(&self.bytes()) {
                return protocol;
            }
            changed.await;
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The first line as text, with a dot for each control character.
    pub(super) fn first_line(&self) -> String {
        let bytes = self.bytes();
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().next().unwrap_or_default();
        line.chars()
            .map(|character| {
                if character.is_control() {
                    '.'
                } else {
                    character
                }
            })
            .collect()
    }

    /// Appends bytes. Returns whether no more are needed.
    fn record(&self, more: &[u8]) -> bool {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_RECORDED.saturating_sub(bytes.len());
        bytes.extend_from_slice(&more[..more.len().min(room)]);
        self.changed.notify_one();
        bytes.len() >= MAX_RECORDED
    }
}

/// The first HTTP/2 frame of a server is SETTINGS (type 4, stream 0): RFC 9113, section
/// 3.4. A TLS record of an alert or a handshake begins with 21 or 22 and version 3. `None`
/// means that more bytes are needed.
fn detect_protocol(bytes: &[u8]) -> Option<ServerProtocol> {
    match bytes {
        [21 | 22, 3, ..] => Some(ServerProtocol::Tls),
        [b'H', b'T', b'T', b'P', b'/', b'1', ..] => Some(ServerProtocol::Http1),
        [_, _, _, 4, _, 0, 0, 0, 0, ..] => Some(ServerProtocol::Http2),
        [_, _, _, _, _, _, _, _, _, ..] => Some(ServerProtocol::Other),
        _ => None,
    }
}

/// A stream that records the first bytes that are read from it.
pub(super) struct RecordingStream<T> {
    inner: T,
    first_bytes: Option<Arc<FirstBytes>>,
}

impl<T> RecordingStream<T> {
    pub(super) fn new(inner: T) -> (Self, Arc<FirstBytes>) {
        let first_bytes = Arc::new(FirstBytes::default());
        let stream = Self {
            inner,
            first_bytes: Some(Arc::clone(&first_bytes)),
        };
        (stream, first_bytes)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for RecordingStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if let Some(first_bytes) = &self.first_bytes
            && first_bytes.record(&buffer.filled()[before..])
        {
            self.first_bytes = None;
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for RecordingStream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
