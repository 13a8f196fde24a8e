//! Sees the first bytes that a server sends: they tell what it is.

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

/// Enough for the head of a frame, for `HTTP/1.1 400 Bad Request`, for a TLS alert.
const KEPT: usize = 64;

/// The beginning of what a server says.
#[derive(Debug, Default)]
pub(super) struct FirstWords {
    bytes: Mutex<Vec<u8>>,
    changed: Notify,
}

/// What a server turns out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Http2,
    Http1,
    Tls,
    Other,
}

impl FirstWords {
    /// Waits until there is enough to tell what the server is.
    pub(super) async fn speaks(&self) -> Speaks {
        loop {
            let changed = self.changed.notified();
            if let Some(known) = recognise(&self.heard()) {
                return known;
            }
            changed.await;
        }
    }

    pub(super) fn heard(&self) -> Vec<u8> {
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The first line, as far as it is text.
    pub(super) fn line(&self) -> String {
        let heard = self.heard();
        let text = String::from_utf8_lossy(&heard);
        let line = text.lines().next().unwrap_or_default();
        line.chars()
            .map(|character| match character.is_control() {
                true => '.',
                false => character,
            })
            .collect()
    }

    fn hear(&self, more: &[u8]) -> bool {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(bytes.len());
        bytes.extend_from_slice(&more[..more.len().min(room)]);
        self.changed.notify_one();
        bytes.len() >= KEPT
    }
}

/// A server's first frame is SETTINGS (type 4, stream 0), RFC 9113, section 3.4;
/// a TLS record of an alert or a handshake begins with 21 or 22 and version 3.
fn recognise(heard: &[u8]) -> Option<Speaks> {
    match heard {
        [21 | 22, 3, ..] => Some(Speaks::Tls),
        [b'H', b'T', b'T', b'P', b'/', b'1', ..] => Some(Speaks::Http1),
        [_, _, _, 4, _, 0, 0, 0, 0, ..] => Some(Speaks::Http2),
        [_, _, _, _, _, _, _, _, _, ..] => Some(Speaks::Other),
        _ => None,
    }
}

/// A stream whose first bytes are heard.
pub(super) struct Sniffed<T> {
    inner: T,
    words: Option<Arc<FirstWords>>,
}

impl<T> Sniffed<T> {
    pub(super) fn new(inner: T) -> (Self, Arc<FirstWords>) {
        let words = Arc::new(FirstWords::default());
        let sniffed = Self {
            inner,
            words: Some(Arc::clone(&words)),
        };
        (sniffed, words)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Sniffed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        if let Some(words) = &self.words
            && words.hear(&buffer.filled()[before..])
        {
            self.words = None;
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Sniffed<T> {
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
