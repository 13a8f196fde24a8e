//! A minimal client for the tests of this crate.

use http::{HeaderMap, HeaderValue};
use prost::Message;
use prost_reflect::DynamicMessage;
use tower::ServiceExt;

use crate::{
    call::{Call, Reply},
    credentials::{ACCOUNT_TOKEN, CART, OPERATOR_TOKEN, SERVICE_KEY},
};

/// A call with these messages and all credentials that the method accepts.
pub fn call(path: &str, messages: &[DynamicMessage]) -> Call {
    let messages = messages.iter().map(|it| it.encode_to_vec().into());
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("te", HeaderValue::from_static("trailers"));
    let token = match path {
        "/rules.v1.AccessService/GetBasket" => ACCOUNT_TOKEN,
        path if path.starts_with("/rules.v1.NoteService/") => ACCOUNT_TOKEN,
        path if path.ends_with("Profile") => ACCOUNT_TOKEN,
        _ => OPERATOR_TOKEN,
    };
    let token = HeaderValue::try_from(format!("Bearer {token}"));
    headers.insert("authorization", token.expect("the token is ASCII"));
    headers.insert(SERVICE_KEY, HeaderValue::from_static(CART));
    Call::new(path, headers, messages.collect())
}

/// Whether the method returns a stream that does not end.
pub fn is_endless(path: &str) -> bool {
    path.ends_with("/WatchStock")
}

/// Sends a call over a socket.
pub async fn send(channel: &rpc::Channel, call: Call) -> Result<Reply, tonic::Status> {
    let response = channel.clone().oneshot(call.into_request()).await?;
    Ok(Reply::read(response).await)
}
