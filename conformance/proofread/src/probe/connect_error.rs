//! Errors of connecting to a server. Each message is one line and says what to do.

use std::time::Duration;

/// The reason why no connection to a server can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address is not valid.
    #[error(
        "{uri:?} is not the address of a server ({cause}); give http://HOST:PORT or https://HOST:PORT"
    )]
    Address {
        /// The given address.
        uri: String,
        /// Why it is not valid.
        cause: String,
    },
    /// The key or value of metadata is not valid in a header.
    #[error("can't send the metadata {key:?}: {cause}")]
    Metadata {
        /// The key. The value is not shown, because it may be secret.
        key: String,
        /// Why it is not valid.
        cause: String,
    },
    /// A certificate, a key or a server name is not valid.
    #[error("can't use the {what}: {cause}")]
    Certificate {
        /// The part of the TLS settings that is not valid.
        what: &'static str,
        /// Why it is not valid.
        cause: String,
    },
    /// No process listens on the port.
    #[error("nothing listens on {address}; is the server running?")]
    Refused {
        /// The host and port.
        address: String,
    },
    /// Connecting failed for another reason.
    #[error("can't connect to {address}: {cause}")]
    Connect {
        /// The host and port.
        address: String,
        /// The error of the operating system.
        cause: String,
    },
    /// No TCP connection within the timeout.
    #[error("{address} does not answer: no connection within {after:?}")]
    ConnectTimeout {
        /// The host and port.
        address: String,
        /// The timeout.
        after: Duration,
    },
    /// The server accepts the connection and sends nothing within the timeout.
    #[error(
        "{address} accepts the connection and sends nothing for {after:?}; it hangs, or it is no gRPC server"
    )]
    HandshakeTimeout {
        /// The host and port.
        address: String,
        /// The timeout.
        after: Duration,
    },
    /// The server closes the connection before it sends anything.
    #[error(
        "{address} closes the connection before it sends anything; it is no gRPC server, or it expects TLS (https://{address})"
    )]
    ClosedAtOnce {
        /// The host and port.
        address: String,
    },
    /// The server speaks HTTP/1.
    #[error("{address} speaks HTTP/1 ({answer:?}), and gRPC needs HTTP/2; is this the gRPC port?")]
    Http1 {
        /// The host and port.
        address: String,
        /// The first line that it sent.
        answer: String,
    },
    /// The server speaks another protocol.
    #[error("{address} does not speak HTTP/2: it begins with {answer:?}; is this the gRPC port?")]
    NotHttp2 {
        /// The host and port.
        address: String,
        /// The beginning of what it sent.
        answer: String,
    },
    /// The server speaks TLS, and the address begins with `http`.
    #[error("{address} speaks TLS; give https://{address}")]
    SpeaksTls {
        /// The host and port.
        address: String,
    },
    /// The server speaks plaintext, and the address begins with `https`.
    #[error("{address} does not speak TLS; give http://{address}")]
    SpeaksPlaintext {
        /// The host and port.
        address: String,
    },
    /// The TLS handshake fails.
    #[error("the TLS handshake with {address} failed: {cause}")]
    Tls {
        /// The host and port.
        address: String,
        /// The error of TLS.
        cause: String,
    },
    /// The TLS handshake succeeds, and the server does not offer HTTP/2.
    #[error("{address} offers no HTTP/2 over TLS (ALPN); gRPC needs it")]
    NoHttp2InTls {
        /// The host and port.
        address: String,
    },
}
