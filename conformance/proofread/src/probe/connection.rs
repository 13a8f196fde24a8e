//! Opens connections: TCP, TLS, the HTTP/2 handshake, and the first frame of the server.

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
    ConnectError,
    protocol_detection::{RecordingStream, ServerProtocol},
    target::Endpoint,
    tls::Connector,
};

/// Flow-control windows that are large enough for many concurrent answers: 1 MiB for a
/// stream and 16 MiB for a connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// Much larger than any acceptable trailer, so that the judge reports oversized trailers
/// and the transport does not refuse them.
const MAX_HEADER_LIST_SIZE: u32 = 1 << 20;

/// An open connection; clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    sender: SendRequest<Bytes>,
    closed: Arc<AtomicBool>,
    driver: AbortHandle,
}

impl Connection {
    /// `connector` is one of the endpoint; `None` for plaintext.
    pub(super) async fn open(
        endpoint: &Endpoint,
        connector: Option<&Connector>,
        within: Duration,
    ) -> Result<Self, ConnectError> {
        let name = || endpoint.authority.to_string();
        let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port));
        let stream = match tokio::time::timeout(within, stream).await {
            Err(_) => {
                return Err(ConnectError::ConnectTimeout {
                    address: name(),
                    after: within,
                });
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return Err(ConnectError::Refused { address: name() });
            }
            Ok(Err(error)) => {
                return Err(ConnectError::Connect {
                    address: name(),
                    cause: error.to_string(),
                });
            }
            Ok(Ok(stream)) => stream,
        };
        // Sends small frames immediately. Without it, calls are only slower.
        let _ = stream.set_nodelay(true);
        let handshake = async {
            match connector {
                None => Self::handshake(stream, endpoint).await,
                Some((connector, server)) => {
                    let connected = connector.connect(server.clone(), stream).await;
                    let stream = connected.map_err(|error| tls_failure(&error, name()))?;
                    Self::handshake(stream, endpoint).await
                }
            }
        };
        match tokio::time::timeout(within, handshake).await {
            Ok(result) => result,
            Err(_) => Err(ConnectError::HandshakeTimeout {
                address: name(),
                after: within,
            }),
        }
    }

    /// Sends the HTTP/2 preface and waits for the first bytes of the server, which tell
    /// its protocol.
    async fn handshake<T>(stream: T, endpoint: &Endpoint) -> Result<Self, ConnectError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let name = || endpoint.authority.to_string();
        let (stream, first_bytes) = RecordingStream::new(stream);
        let handshake = client::Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEADER_LIST_SIZE)
            .enable_push(false)
            // The probe resets many streams: those that it stops reading.
            .max_concurrent_reset_streams(10_000)
            .handshake::<_, Bytes>(stream);
        let (sender, connection) = handshake
            .await
            .map_err(|_| ConnectError::ClosedAtOnce { address: name() })?;
        let closed = Arc::new(AtomicBool::new(false));
        let closing = Arc::clone(&closed);
        let mut driver = tokio::spawn(async move {
            // The calls in flight get the error themselves.
            let _ = connection.await;
            closing.store(true, Ordering::Release);
        });
        let protocol = tokio::select! {
            biased;
            protocol = first_bytes.detect() => Some(protocol),
            _ = &mut driver => None,
        };
        match protocol {
            Some(ServerProtocol::Http2) => Ok(Self {
                sender,
                closed,
                driver: driver.abort_handle(),
            }),
            Some(ServerProtocol::Tls) => Err(ConnectError::SpeaksTls { address: name() }),
            Some(ServerProtocol::Http1) => Err(ConnectError::Http1 {
                address: name(),
                answer: first_bytes.first_line(),
            }),
            None if first_bytes.bytes().is_empty() => {
                Err(ConnectError::ClosedAtOnce { address: name() })
            }
            Some(ServerProtocol::Other) | None => Err(ConnectError::NotHttp2 {
                address: name(),
                answer: first_bytes.first_line(),
            }),
        }
    }

    pub(super) fn sender(&self) -> SendRequest<Bytes> {
        self.sender.clone()
    }

    pub(super) fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Acquire)
    }

    /// Takes the connection out of use for new calls; calls in flight continue.
    pub(super) fn retire(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn close(&self) {
        self.driver.abort();
    }
}

fn tls_failure(error: &io::Error, address: String) -> ConnectError {
    use tokio_rustls::rustls::{AlertDescription, Error};
    let cause = error.get_ref().and_then(|it| it.downcast_ref::<Error>());
    match cause {
        Some(Error::InvalidMessage(_)) => ConnectError::SpeaksPlaintext { address },
        Some(Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
            ConnectError::NoHttp2InTls { address }
        }
        Some(cause) => ConnectError::Tls {
            address,
            cause: cause.to_string(),
        },
        // A plaintext server closes the connection when it gets a TLS handshake.
        None => ConnectError::SpeaksPlaintext { address },
    }
}
