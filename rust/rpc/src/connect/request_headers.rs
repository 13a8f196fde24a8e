//! The headers of a request, from Connect to gRPC.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tonic::Status;

use crate::timeout::{GRPC_TIMEOUT, format_timeout};

static PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
static TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
pub(super) static STREAM_ENCODING: HeaderName = HeaderName::from_static("connect-content-encoding");

/// What belongs to the HTTP request or to the other protocol, and is no metadata of the call.
static NOT_METADATA: [HeaderName; 18] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::HOST,
    header::IF_NONE_MATCH,
    HeaderName::from_static("keep-alive"),
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("connect-protocol-version"),
    HeaderName::from_static("connect-timeout-ms"),
    HeaderName::from_static("connect-content-encoding"),
    HeaderName::from_static("connect-accept-encoding"),
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("grpc-status"),
];

/// Turns the headers of a Connect request into those of a gRPC request. Even if it fails, they
/// are valid for gRPC, so that the layers can answer.
pub(super) fn to_grpc(headers: &mut HeaderMap) -> Result<(), Status> {
    let version = check_version(headers);
    let timeout = timeout(headers);
    for name in &NOT_METADATA {
        headers.remove(name);
    }
    let grpc = HeaderValue::from_static("application/grpc");
    headers.insert(header::CONTENT_TYPE, grpc);
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    if let Some(timeout) = timeout?
        && let Ok(timeout) = HeaderValue::try_from(format_timeout(timeout))
    {
        headers.insert(&GRPC_TIMEOUT, timeout);
    }
    version
}

/// The version is optional: people who call by hand leave it out.
fn check_version(headers: &HeaderMap) -> Result<(), Status> {
    match headers.get(&PROTOCOL_VERSION).map(HeaderValue::as_bytes) {
        None | Some(b"1") => Ok(()),
        Some(version) => Err(unknown_version(version)),
    }
}

pub(super) fn unknown_version(version: &[u8]) -> Status {
    let version: String = String::from_utf8_lossy(version).chars().take(50).collect();
    Status::invalid_argument(format!(
        "version {version:?} of the Connect protocol is unknown: use version 1"
    ))
}

fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get(&TIMEOUT) else {
        return Ok(None);
    };
    let digits = value.to_str().unwrap_or_default();
    let is_number = (1..=10).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse() {
        Ok(milliseconds) if is_number => Ok(Some(Duration::from_millis(milliseconds))),
        _ => Err(Status::invalid_argument(
            "connect-timeout-ms is not one to ten digits: send a number of milliseconds",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(headers: &[(&'static str, &'static str)]) -> (HeaderMap, Result<(), Status>) {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let mut headers: HeaderMap = headers.collect();
        let outcome = to_grpc(&mut headers);
        (headers, outcome)
    }

    #[test]
    fn metadata_is_kept_and_the_rest_becomes_that_of_grpc() {
        let (headers, outcome) = translated(&[
            ("content-type", "application/json"),
            ("content-length", "12"),
            ("host", "localhost"),
            ("connect-timeout-ms", "1500"),
            ("grpc-timeout", "1H"),
            ("authorization", "Bearer token"),
            ("x-request-id", "seven"),
            ("some-bin", "AAE"),
        ]);
        outcome.expect("valid");
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "authorization",
                "content-type",
                "grpc-timeout",
                "some-bin",
                "te",
                "x-request-id"
            ]
        );
        assert_eq!(headers["content-type"], "application/grpc");
        let timeout = crate::parse_timeout(headers["grpc-timeout"].as_bytes());
        assert_eq!(timeout, Ok(Duration::from_millis(1500)));
    }

    #[test]
    fn malformed_timeout_and_unknown_version_are_refused() {
        for value in ["", "1s", "-1", "+1", "12345678901", "1.5"] {
            let (headers, outcome) = translated(&[("connect-timeout-ms", value)]);
            assert!(outcome.is_err(), "{value:?}");
            assert_eq!(headers["content-type"], "application/grpc");
        }
        translated(&[("connect-timeout-ms", "9999999999")])
            .1
            .expect("four months");
        translated(&[("connect-protocol-version", "1")])
            .1
            .expect("known");
        assert!(translated(&[("connect-protocol-version", "2")]).1.is_err());
    }
}
