//! Why there is no talking to a server: one line each, with what to do about it.

use std::time::Duration;

/// Why a server can't be tested.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreachable {
    /// The address can't be one.
    #[error(
        "{uri:?} is not the address of a server ({cause}); give http://HOST:PORT or https://HOST:PORT"
    )]
    Address {
        /// What was given.
        uri: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Metadata that no header can carry.
    #[error("can't send the metadata {key:?}: {cause}")]
    Metadata {
        /// Its key; the value may be a secret.
        key: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A certificate, a key or a name can't be used.
    #[error("can't use the {what}: {cause}")]
    Certificate {
        /// What can't be used.
        what: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// Nobody listens.
    #[error("nothing listens on {address}; is the server running?")]
    Down {
        /// The address.
        address: String,
    },
    /// The system can't connect, for another reason.
    #[error("can't connect to {address}: {cause}")]
    Connect {
        /// The address.
        address: String,
        /// What the system says.
        cause: String,
    },
    /// It does not answer at all.
    #[error("{address} does not answer: no connection within {after:?}")]
    NoAnswer {
        /// The address.
        address: String,
        /// How long the probe waited.
        after: Duration,
    },
    /// It accepts and then says nothing.
    #[error(
        "{address} accepts the connection and then says nothing for {after:?}; it hangs, or it is no gRPC server"
    )]
    Silent {
        /// The address.
        address: String,
        /// How long the probe waited.
        after: Duration,
    },
    /// It accepts and hangs up.
    #[error(
        "{address} hangs up before its first word; it is no gRPC server, or it expects TLS (https://{address})"
    )]
    HungUp {
        /// The address.
        address: String,
    },
    /// It speaks HTTP/1.
    #[error("{address} speaks HTTP/1 ({answer:?}), and gRPC needs HTTP/2; is this the gRPC port?")]
    Http1 {
        /// The address.
        address: String,
        /// The first line of what it said.
        answer: String,
    },
    /// It speaks something else.
    #[error("{address} does not speak HTTP/2: it begins with {answer:?}; is this the gRPC port?")]
    NotHttp2 {
        /// The address.
        address: String,
        /// The beginning of what it said.
        answer: String,
    },
    /// It speaks TLS and the address says plaintext.
    #[error("{address} speaks TLS; give https://{address}")]
    SpeaksTls {
        /// The address.
        address: String,
    },
    /// It speaks plaintext and the address says TLS.
    #[error("{address} does not speak TLS; give http://{address}")]
    SpeaksPlaintext {
        /// The address.
        address: String,
    },
    /// The handshake of TLS fails.
    #[error("{address} and proofread do not agree on TLS: {cause}")]
    Tls {
        /// The address.
        address: String,
        /// What TLS says.
        cause: String,
    },
    /// TLS works, and there is no HTTP/2 in it.
    #[error("{address} offers no HTTP/2 over TLS (ALPN); gRPC needs it")]
    NoHttp2InTls {
        /// The address.
        address: String,
    },
}
