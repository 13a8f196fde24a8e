//! A unary call by GET: its message is in the query.
//!
//! `?connect=v1&encoding=json&message=%7B%22bookId%22%3A1%7D`, with `base64=1` for a message in
//! URL-safe base64 and `compression=gzip` for a compressed one.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use percent_encoding::percent_decode;
use tonic::Status;

use super::{compression::Compression, media_type::Codec, request_headers::unknown_version};

const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The message of a query, as a body would have it.
#[derive(Debug)]
pub(super) struct QueryMessage {
    pub message: Bytes,
    pub compression: Compression,
}

/// The codec of a query; `None` if it names an unknown one. Without any, [`read`] fails, and the
/// error is sent as JSON.
pub(super) fn codec(query: &str) -> Option<Codec> {
    match parameter(query, "encoding") {
        Some(name) => Codec::from_name(&name),
        None => Some(Codec::Json),
    }
}

/// Reads the message of a query.
pub(super) fn read(query: &str) -> Result<QueryMessage, Status> {
    match parameter(query, "connect") {
        Some(version) if version != b"v1" => return Err(unknown_version(&version)),
        _ => {}
    }
    let encoding = parameter(query, "encoding");
    let message = parameter(query, "message").filter(|_| encoding.is_some());
    let message = message.ok_or_else(|| {
        Status::invalid_argument(
            "the query has no encoding or no message: send ?encoding=json&message=JSON, with JSON \
             percent-encoded",
        )
    })?;
    let compression = parameter(query, "compression").unwrap_or_default();
    let compression = Compression::from_name(&compression)?;
    let message = match parameter(query, "base64") {
        Some(value) if value == b"1" => URL_SAFE.decode(message).map_err(|error| {
            Status::invalid_argument(format!("the message is not URL-safe base64: {error}"))
        })?,
        _ => message,
    };
    Ok(QueryMessage {
        message: message.into(),
        compression,
    })
}

/// The first value of a parameter. Not as text: a message may be binary.
fn parameter(query: &str, name: &str) -> Option<Vec<u8>> {
    let mut pairs = query.split('&');
    pairs.find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key) == name.as_bytes()).then(|| decode(value))
    })
}

/// Decodes percent-encoding, in which a plus sign is a space.
pub(super) fn decode(text: &str) -> Vec<u8> {
    let text = text.replace('+', " ");
    percent_decode(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_decoded() {
        for query in [
            "connect=v1&encoding=json&message=%7B%22a%22%3A+1%7D",
            "message=%7b%22a%22%3a%201%7d&encoding=json",
            "base64=1&encoding=json&message=eyJhIjogMX0",
            "base64=1&encoding=json&message=eyJhIjogMX0%3D",
        ] {
            assert_eq!(codec(query), Some(Codec::Json));
            let read = read(query).expect("a message");
            assert_eq!(read.message, r#"{"a": 1}"#, "{query}");
        }
        let binary = read("encoding=proto&message=%08%FF%01&compression=identity");
        assert_eq!(binary.expect("a message").message, &b"\x08\xff\x01"[..]);
    }

    #[test]
    fn query_without_a_message_or_of_another_version_is_refused() {
        for query in [
            "",
            "encoding=json",
            "message=%7B%7D",
            "connect=v2&encoding=json&message=%7B%7D",
            "encoding=json&message=%7B%7D&compression=br",
            "encoding=json&message=***&base64=1",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
        assert_eq!(codec("encoding=xml&message=x"), None);
    }
}
