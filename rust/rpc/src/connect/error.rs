//! The errors of gRPC in the JSON form of Connect.
//!
//! ```json
//! {"code": "not_found", "message": "no book has number 7", "details": [
//!   {"type": "google.rpc.ErrorInfo", "value": "BASE64", "debug": {"reason": "BOOK_NOT_FOUND"}}]}
//! ```

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use prost::Message as _;
use serde_json::{Map, Value, json};
use tonic::{Code, Status};
use tonic_types::pb;

use super::{json::from_proto, messages::Messages};
use crate::code_names::code_names;

/// The name of a code in Connect: `not_found`.
fn code_name(code: Code) -> String {
    match code {
        // The only one that the two protocols spell differently.
        Code::Cancelled => "canceled".to_owned(),
        _ => code_names(code).specification.to_ascii_lowercase(),
    }
}

/// The HTTP status of an error, as the specification of Connect maps it.
pub(super) fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        // "Client closed request": it has no name in the standards.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The JSON object of an error.
pub(super) fn to_json(status: &Status, messages: &Messages) -> Value {
    let mut error = Map::new();
    error.insert("code".to_owned(), code_name(status.code()).into());
    if !status.message().is_empty() {
        error.insert("message".to_owned(), status.message().into());
    }
    let details: Vec<Value> = details(status)
        .into_iter()
        .map(|detail| detail_to_json(detail, messages))
        .collect();
    if !details.is_empty() {
        error.insert("details".to_owned(), details.into());
    }
    error.into()
}

/// The headers that HTTP has for what the details of an error say.
pub(super) fn add_headers(status: &Status, headers: &mut HeaderMap) {
    if status.code() == Code::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    let mut details = details(status).into_iter();
    let retry = details.find(|any| type_name(&any.type_url) == "google.rpc.RetryInfo");
    let retry = retry.and_then(|any| pb::RetryInfo::decode(&*any.value).ok());
    if let Some(delay) = retry.and_then(|retry| retry.retry_delay) {
        // HTTP has whole seconds.
        let seconds = delay.seconds + i64::from(delay.nanos > 0);
        headers.insert(header::RETRY_AFTER, seconds.max(1).into());
    }
}

fn details(status: &Status) -> Vec<prost_types::Any> {
    let details = pb::Status::decode(status.details());
    details.map(|inner| inner.details).unwrap_or_default()
}

fn detail_to_json(detail: prost_types::Any, messages: &Messages) -> Value {
    let name = type_name(&detail.type_url);
    let mut object = json!({
        "type": name,
        "value": STANDARD_NO_PAD.encode(&detail.value),
    });
    // For people: clients decode the value.
    let readable = messages.message(name).and_then(|message| {
        let json = from_proto(&message, Bytes::from(detail.value)).ok()?;
        serde_json::from_slice::<Value>(&json).ok()
    });
    if let Some(readable) = readable {
        object["debug"] = readable;
    }
    object
}

/// `google.rpc.ErrorInfo` of `type.googleapis.com/google.rpc.ErrorInfo`.
fn type_name(type_url: &str) -> &str {
    type_url.rsplit_once('/').map_or(type_url, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use contract::errors::shared;

    use super::*;
    use crate::failure;

    #[test]
    fn error_has_code_message_and_details() {
        let status = failure(shared::RATE_LIMITED, "too often")
            .retry_after(Duration::from_millis(1500))
            .into_status();
        let error = to_json(&status, &Messages::new(&[]));
        assert_eq!(error["code"], "resource_exhausted");
        assert_eq!(error["message"], "too often");
        assert_eq!(error["details"][0]["type"], "google.rpc.ErrorInfo");
        assert_eq!(error["details"][0]["debug"]["reason"], "RATE_LIMITED");
        assert_eq!(error["details"][1]["debug"]["retryDelay"], "1.500s");
        let encoded = error["details"][1]["value"].as_str().expect("a string");
        let encoded = STANDARD_NO_PAD.decode(encoded).expect("base64");
        let info = pb::RetryInfo::decode(&*encoded).expect("it decodes");
        assert_eq!(info.retry_delay.expect("a delay").nanos, 500_000_000);

        let mut headers = HeaderMap::new();
        add_headers(&status, &mut headers);
        assert_eq!(headers[header::RETRY_AFTER], "2");
    }

    #[test]
    fn codes_have_the_names_and_statuses_of_connect() {
        for (code, name, status) in [
            (Code::Cancelled, "canceled", 499),
            (Code::Unknown, "unknown", 500),
            (Code::InvalidArgument, "invalid_argument", 400),
            (Code::DeadlineExceeded, "deadline_exceeded", 504),
            (Code::NotFound, "not_found", 404),
            (Code::AlreadyExists, "already_exists", 409),
            (Code::PermissionDenied, "permission_denied", 403),
            (Code::ResourceExhausted, "resource_exhausted", 429),
            (Code::FailedPrecondition, "failed_precondition", 400),
            (Code::Aborted, "aborted", 409),
            (Code::OutOfRange, "out_of_range", 400),
            (Code::Unimplemented, "unimplemented", 501),
            (Code::Internal, "internal", 500),
            (Code::Unavailable, "unavailable", 503),
            (Code::DataLoss, "data_loss", 500),
            (Code::Unauthenticated, "unauthenticated", 401),
        ] {
            assert_eq!(code_name(code), name);
            assert_eq!(http_status(code).as_u16(), status, "{name}");
        }
    }
}
