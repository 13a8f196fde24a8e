//! The media types of the Connect protocol.

use http::{HeaderMap, HeaderValue, header};

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// The JSON mapping of proto3.
    Json,
    /// The binary format of Protocol Buffers.
    Proto,
}

impl Codec {
    /// The codec of this name, as it follows `application/` and `application/connect+`.
    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        if name.eq_ignore_ascii_case(b"json") {
            Some(Self::Json)
        } else if name.eq_ignore_ascii_case(b"proto") {
            Some(Self::Proto)
        } else {
            None
        }
    }

    /// The media type of one message.
    pub(crate) fn unary(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::Proto => "application/proto",
        })
    }

    /// The media type of a stream of messages.
    pub(crate) fn stream(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/connect+json",
            Self::Proto => "application/connect+proto",
        })
    }
}

/// A media type of the Connect protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// The body is one message.
    Unary(Codec),
    /// The body is a stream of messages, each with a prefix.
    Stream(Codec),
}

impl MediaType {
    /// The media type of a request. Case and the parameter `charset=utf-8` do not matter; a
    /// message in another charset is none of Connect.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::CONTENT_TYPE)?.as_bytes();
        let mut parts = value.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next()?;
        if !parts.all(is_utf8_charset) {
            return None;
        }
        let (application, format) = name.split_at_checked(b"application/".len())?;
        if !application.eq_ignore_ascii_case(b"application/") {
            return None;
        }
        match format.split_at_checked(b"connect+".len()) {
            Some((prefix, codec)) if prefix.eq_ignore_ascii_case(b"connect+") => {
                Codec::from_name(codec).map(Self::Stream)
            }
            _ => Codec::from_name(format).map(Self::Unary),
        }
    }
}

fn is_utf8_charset(parameter: &[u8]) -> bool {
    let text = str::from_utf8(parameter).unwrap_or_default();
    match text.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        // Other parameters mean nothing for these media types.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_those_of_connect() {
        let (json, proto) = (Codec::Json, Codec::Proto);
        for (value, expected) in [
            ("application/json", Some(MediaType::Unary(json))),
            ("Application/JSON", Some(MediaType::Unary(json))),
            (
                "application/json; charset=UTF-8",
                Some(MediaType::Unary(json)),
            ),
            (
                "application/json;charset=\"utf-8\"",
                Some(MediaType::Unary(json)),
            ),
            ("application/json; charset=iso-8859-1", None),
            ("application/proto", Some(MediaType::Unary(proto))),
            ("application/connect+json", Some(MediaType::Stream(json))),
            ("application/connect+proto", Some(MediaType::Stream(proto))),
            ("application/connect", None),
            ("application/grpc", None),
            ("application/jsonx", None),
            ("text/json", None),
            ("", None),
        ] {
            let value = HeaderValue::from_static(value);
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value.clone())]);
            assert_eq!(MediaType::of(&headers), expected, "{value:?}");
        }
    }
}
