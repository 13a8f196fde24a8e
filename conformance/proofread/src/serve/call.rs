//! Handles one call: the protocol, and then the rules of the contract.

use std::time::Duration;

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::{HeaderMap, Method as HttpMethod, Request, StatusCode, request::Parts};
use prost_reflect::DynamicMessage;

use super::{
    Control, Server,
    body::Body,
    connection::AfterCall,
    health,
    reply::Reply,
    status::{DEADLINE_EXCEEDED, INTERNAL, Status, UNIMPLEMENTED},
};
use crate::{contract::Code, finding::FindingKind, judge::MethodContract};

/// The codes for the error that no method declares, the best first.
const UNDECLARED: [Code; 5] = [Code(15), Code(13), Code(2), Code(11), Code(10)];

pub(super) async fn handle(
    server: &Server<'_>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) -> AfterCall {
    let (head, stream) = request.into_parts();
    let mut reply = Reply::new(respond);
    if let Err(status) = check_http(&head) {
        reply.refuse(status);
        return AfterCall::Continue;
    }
    let control = match Control::of(&head.headers, &server.settings) {
        Ok(control) => control,
        Err(status) => {
            reply.finish(&status, &Control::default());
            return AfterCall::Continue;
        }
    };
    let timeout = match timeout(&head.headers) {
        Ok(timeout) => timeout,
        Err(status) => {
            reply.finish(&status, &control);
            return AfterCall::Continue;
        }
    };
    let mut body = Body::new(&head.headers, stream);
    let work = async {
        tokio::time::sleep(control.delay).await;
        server.answer(&head, &mut body, &mut reply, &control).await
    };
    let finished = match timeout {
        Some(timeout) => tokio::time::timeout(timeout, work).await,
        None => Ok(work.await),
    };
    if control.has(FindingKind::Crash) && server.methods.contains_key(head.uri.path()) {
        return AfterCall::Crash;
    }
    let status = match finished {
        Ok(Ok(())) => Status::ok(),
        Ok(Err(status)) => status,
        Err(_) => Status::new(DEADLINE_EXCEEDED, "the deadline of the call has passed"),
    };
    reply.finish(&status, &control);
    AfterCall::Continue
}

/// PROTOCOL-HTTP2.md, Requests: POST, with a content type that begins with
/// `application/grpc`. Of the message formats only protobuf, the default, is supported.
fn check_http(head: &Parts) -> Result<(), StatusCode> {
    if head.method != HttpMethod::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let content_type = head.headers.get("content-type");
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let format = content_type.and_then(|text| text.strip_prefix("application/grpc"));
    let format = format.map(|format| format.split(';').next().unwrap_or_default().trim());
    match format {
        Some("" | "+proto") => Ok(()),
        _ => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
}

/// The time limit of the call: at most eight digits and a unit.
fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    let invalid = || Status::new(INTERNAL, format!("the grpc-timeout {value:?} is invalid"));
    let text = value.to_str().map_err(|_| invalid())?;
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(invalid)?;
    let digits = number.len() <= 8 && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| digits).ok_or_else(invalid)?;
    Ok(Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return Err(invalid()),
    }))
}

impl<'c> Server<'c> {
    async fn answer(
        &self,
        head: &Parts,
        body: &mut Body,
        reply: &mut Reply,
        control: &Control,
    ) -> Result<(), Status> {
        let path = head.uri.path();
        if let Some(method) = self.methods.get(path) {
            return self
                .answer_method(method, &head.headers, body, reply, control)
                .await;
        }
        match path.trim_start_matches('/').split_once('/') {
            Some((health::SERVICE, method)) => self.health(method, body, reply, control).await,
            Some((service, "ServerReflectionInfo")) if super::reflection::is_service(service) => {
                self.files.answer(body, reply).await
            }
            _ => Err(Status::new(
                UNIMPLEMENTED,
                format!("the contract has no method {path}"),
            )),
        }
    }

    async fn answer_method(
        &self,
        method: &MethodContract<'c>,
        headers: &HeaderMap,
        body: &mut Body,
        reply: &mut Reply,
        control: &Control,
    ) -> Result<(), Status> {
        let (client_streams, server_streams) = (
            method.method.client_streaming,
            method.method.server_streaming,
        );
        if client_streams && server_streams {
            let mut received = 0;
            while let Some(bytes) = body.next().await? {
                let request = self.accept(method, headers, &bytes, control)?;
                received += 1;
                self.send(method, &[request], received, reply, control)?;
            }
            return match received {
                0 => self.check_access(method, headers, &empty_request(method)),
                _ => Ok(()),
            };
        }
        let messages = body.all().await?;
        if !client_streams && messages.len() != 1 {
            let text = format!("{} messages, where the method takes one", messages.len());
            return Err(Status::new(UNIMPLEMENTED, text));
        }
        if messages.is_empty() {
            self.check_access(method, headers, &empty_request(method))?;
        }
        let requests = messages.iter();
        let requests: Vec<DynamicMessage> = requests
            .map(|bytes| self.accept(method, headers, bytes, control))
            .collect::<Result<_, _>>()?;
        let answers = if server_streams {
            self.answers.stream_length(method.method, &requests)
        } else {
            1
        };
        for number in 1..=answers {
            self.send(method, &requests, number, reply, control)?;
        }
        Ok(())
    }

    /// Decodes a request, and checks who may send it and its rules.
    fn accept(
        &self,
        method: &MethodContract<'c>,
        headers: &HeaderMap,
        bytes: &[u8],
        control: &Control,
    ) -> Result<DynamicMessage, Status> {
        let decoded = DynamicMessage::decode(method.method.descriptor.input(), bytes);
        let request = decoded.map_err(|error| Status::new(INTERNAL, error.to_string()))?;
        if let Some(field) = self.oracle.missing_required_field(&request) {
            return Err(Status::new(
                INTERNAL,
                format!("the field {field} is required"),
            ));
        }
        self.check_access(method, headers, &request)?;
        let violations = self.oracle.violation_messages(&request);
        let mut violations = violations.map_err(|error| Status::new(INTERNAL, error))?;
        violations.retain(|(violation, _)| !control.ignores(violation));
        if !violations.is_empty() {
            let violations = violations.into_iter().map(|(_, message)| message);
            let limit = self.settings.trailer_limit;
            return Err(Status::refusal(violations.collect(), limit, control));
        }
        if control.has(FindingKind::ValidRefused) {
            return Err(Status::refusal(
                Vec::new(),
                self.settings.trailer_limit,
                control,
            ));
        }
        if control.has(FindingKind::UndeclaredError) {
            let undeclared = UNDECLARED.into_iter();
            let mut undeclared =
                undeclared.filter(|code| !method.errors().any(|it| it.code == *code));
            let code = undeclared.next().unwrap_or(UNDECLARED[0]);
            return Err(Status::new(
                code,
                "an error that the method does not declare",
            ));
        }
        control.requested_error(method)?;
        self.used_keys.check(method, &request)?;
        Ok(request)
    }

    /// Sends the answer with this number, from 1.
    fn send(
        &self,
        method: &MethodContract<'c>,
        requests: &[DynamicMessage],
        number: u64,
        reply: &mut Reply,
        control: &Control,
    ) -> Result<(), Status> {
        if control.has(FindingKind::BadResponse) {
            reply.message(&self.answers.invalid(method.method, number));
        } else {
            reply.message(&self.answers.answer(method, requests, number)?);
        }
        Ok(())
    }
}

fn empty_request(method: &MethodContract<'_>) -> DynamicMessage {
    DynamicMessage::new(method.method.descriptor.input())
}
