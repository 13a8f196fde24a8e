//! One connection, from the socket to the first frame of the server.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use h2::client::{self, SendRequest};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::AbortHandle,
};

use super::{
    Unreachable,
    sniff::{Sniffed, Speaks},
    target::Address,
};

/// Room for answers, so that flow control stops no server that answers many calls
/// at once: 1 MiB a stream and 16 MiB a connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// Far more than any trailer should have: the judge says that it is too big, and
/// not the transport.
const HEADER_LIST: u32 = 1 << 20;

/// An open connection; clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    sender: SendRequest<Bytes>,
    closed: Arc<AtomicBool>,
    driver: AbortHandle,
}

impl Connection {
    pub(super) async fn open(address: &Address, within: Duration) -> Result<Self, Unreachable> {
        let name = || address.authority.to_string();
        let stream = TcpStream::connect((address.host.as_str(), address.port));
        let stream = match tokio::time::timeout(within, stream).await {
            Err(_) => {
                return Err(Unreachable::NoAnswer {
                    address: name(),
                    after: within,
                });
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return Err(Unreachable::Down { address: name() });
            }
            Ok(Err(error)) => {
                return Err(Unreachable::Connect {
                    address: name(),
                    cause: error.to_string(),
                });
            }
            Ok(Ok(stream)) => stream,
        };
        // Small frames wait for nothing. A socket that can't do it is only slower.
        let _ = stream.set_nodelay(true);
        let greeting = async {
            match &address.tls {
                None => Self::greet(stream, address).await,
                Some((connector, server)) => {
                    let connected = connector.connect(server.clone(), stream).await;
                    let stream = connected.map_err(|error| tls_failure(&error, name()))?;
                    Self::greet(stream, address).await
                }
            }
        };
        match tokio::time::timeout(within, greeting).await {
            Ok(greeted) => greeted,
            Err(_) => Err(Unreachable::Silent {
                address: name(),
                after: within,
            }),
        }
    }

    /// Sends the preface and waits until the server says what it is.
    async fn greet<T>(stream: T, address: &Address) -> Result<Self, Unreachable>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let name = || address.authority.to_string();
        let (stream, words) = Sniffed::new(stream);
        let handshake = client::Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEADER_LIST)
            .enable_push(false)
            // Hanging up on streams is daily business here.
            .max_concurrent_reset_streams(10_000)
            .handshake::<_, Bytes>(stream);
        let (sender, connection) = handshake
            .await
            .map_err(|_| Unreachable::HungUp { address: name() })?;
        let closed = Arc::new(AtomicBool::new(false));
        let closing = Arc::clone(&closed);
        let mut driver = tokio::spawn(async move {
            // The calls that are under way learn of the error by themselves.
            let _ = connection.await;
            closing.store(true, Ordering::Release);
        });
        let spoken = tokio::select! {
            biased;
            spoken = words.speaks() => Some(spoken),
            _ = &mut driver => None,
        };
        match spoken {
            Some(Speaks::Http2) => Ok(Self {
                sender,
                closed,
                driver: driver.abort_handle(),
            }),
            Some(Speaks::Tls) => Err(Unreachable::SpeaksTls { address: name() }),
            Some(Speaks::Http1) => Err(Unreachable::Http1 {
                address: name(),
                answer: words.line(),
            }),
            None if words.heard().is_empty() => Err(Unreachable::HungUp { address: name() }),
            Some(Speaks::Other) | None => Err(Unreachable::NotHttp2 {
                address: name(),
                answer: words.line(),
            }),
        }
    }

    pub(super) fn sender(&self) -> SendRequest<Bytes> {
        self.sender.clone()
    }

    pub(super) fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Acquire)
    }

    /// No call takes it any more; those under way go on.
    pub(super) fn retire(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn close(&self) {
        self.driver.abort();
    }
}

fn tls_failure(error: &io::Error, address: String) -> Unreachable {
    use tokio_rustls::rustls::{AlertDescription, Error};
    let cause = error.get_ref().and_then(|it| it.downcast_ref::<Error>());
    match cause {
        Some(Error::InvalidMessage(_)) => Unreachable::SpeaksPlaintext { address },
        Some(Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
            Unreachable::NoHttp2InTls { address }
        }
        Some(cause) => Unreachable::Tls {
            address,
            cause: cause.to_string(),
        },
        // A server that reads no TLS drops what it does not understand.
        None => Unreachable::SpeaksPlaintext { address },
    }
}
