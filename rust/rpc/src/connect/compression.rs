//! Compression by gzip, the one that all implementations of Connect have.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use contract::errors::shared as errors;
use flate2::{Compression as Level, read::GzDecoder, write::GzEncoder};
use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::Status;

use crate::failure;

/// Shorter messages are sent as they are: a packet of the network is not shorter for it.
const MIN_COMPRESSED_BYTES: usize = 1024;

pub(super) const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// How a message is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Identity,
    Gzip,
}

impl Compression {
    /// The compression of this name, or the error that the protocol demands for others.
    pub(super) fn from_name(name: &[u8]) -> Result<Self, Status> {
        match name {
            b"identity" | b"" => Ok(Self::Identity),
            b"gzip" => Ok(Self::Gzip),
            _ => {
                let name = String::from_utf8_lossy(name);
                let name: String = name.chars().take(50).collect();
                Err(Status::unimplemented(format!(
                    "unknown compression {name:?}: supported are gzip and identity"
                )))
            }
        }
    }

    /// The compression that a header names.
    pub(super) fn of(headers: &HeaderMap, header: &HeaderName) -> Result<Self, Status> {
        let name = headers.get(header).map(HeaderValue::as_bytes);
        Self::from_name(name.unwrap_or_default())
    }

    /// Whether a client accepts gzip in a response.
    pub(super) fn is_accepted(headers: &HeaderMap, header: &HeaderName) -> bool {
        let values = headers.get_all(header).iter();
        let mut names = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        names.any(|name| {
            let (name, weight) = name.split_once(';').unwrap_or((name, ""));
            let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| {
                weight
                    .trim()
                    .parse::<f32>()
                    .is_ok_and(|weight| weight <= 0.0)
            });
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
    }

    /// The message of a request, which may have at most `limit` bytes: a few compressed bytes
    /// can become very many.
    pub(super) fn decompress(self, message: Bytes, limit: usize) -> Result<Bytes, Status> {
        if self == Self::Identity || message.is_empty() {
            return Ok(message);
        }
        let mut decompressed = Vec::new();
        let mut decoder = GzDecoder::new(&*message).take(limit as u64 + 1);
        decoder.read_to_end(&mut decompressed).map_err(|error| {
            Status::invalid_argument(format!("the message is not valid gzip: {error}"))
        })?;
        if decompressed.len() > limit {
            return Err(too_large(limit));
        }
        Ok(decompressed.into())
    }
}

/// The compressed message, if that makes it shorter.
pub(super) fn compress(message: &[u8]) -> Option<Bytes> {
    if message.len() < MIN_COMPRESSED_BYTES {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(message.len() / 4), Level::fast());
    encoder.write_all(message).ok()?;
    let compressed = encoder.finish().ok()?;
    (compressed.len() < message.len()).then(|| compressed.into())
}

/// The status of a message over the limit.
pub(super) fn too_large(limit: usize) -> Status {
    let message = format!("a message is over the limit of {limit} bytes");
    failure(errors::MESSAGE_TOO_LARGE, message)
        .with("limit_bytes", limit)
        .into_status()
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT_ENCODING;

    use super::*;

    #[test]
    fn message_that_grows_over_the_limit_is_refused() {
        let long = vec![b' '; 100_000];
        let compressed = compress(&long).expect("it becomes shorter");
        assert!(compressed.len() < 1000);
        let decompress = |limit| Compression::Gzip.decompress(compressed.clone(), limit);
        assert_eq!(decompress(100_000).expect("within the limit"), long);
        let refused = decompress(99_999).expect_err("over the limit");
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        let broken = compressed.slice(..20);
        let refused = Compression::Gzip.decompress(broken, 1000);
        assert_eq!(
            refused.expect_err("broken").code(),
            tonic::Code::InvalidArgument
        );
    }

    #[test]
    fn client_may_refuse_gzip() {
        for (value, accepted) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip;q=0, br", false),
            ("br", false),
            ("", false),
        ] {
            let headers =
                HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(
                Compression::is_accepted(&headers, &ACCEPT_ENCODING),
                accepted,
                "{value:?}"
            );
        }
    }
}
