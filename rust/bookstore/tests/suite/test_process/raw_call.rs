//! A gRPC call without a generated client: it sends any bytes and returns all trailers.

use http::{HeaderMap, Request, Version, header};
use http_body_util::{BodyExt, Full};
use prost::{Message, bytes::Bytes};
use prost_protovalidate_types::Violations;
use rpc::Channel;
use tonic::{Status, body::Body, codegen::Service};
use tonic_types::pb;

/// RFC 9113 counts this many bytes for each field in addition to its name and value.
const FIELD_OVERHEAD: usize = 32;

/// An answer with an error status.
pub struct Refusal {
    pub status: Status,
    /// The size of all trailers in bytes, as HTTP/2 counts it.
    pub trailer_size: usize,
}

/// Makes a call that must fail.
pub async fn call_refused(
    mut channel: Channel,
    path: &'static str,
    message: &impl Message,
    token: Option<&str>,
) -> Refusal {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a small message");
    let frame = [&[0][..], &length.to_be_bytes(), &message].concat();
    let mut request = Request::post(path)
        .version(Version::HTTP_2)
        .header(header::TE, "trailers")
        .header(header::CONTENT_TYPE, "application/grpc");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = Body::new(Full::new(Bytes::from(frame)));
    let request = request.body(body).expect("a well-formed request");
    let answer = channel.call(request).await.expect("the server answers");
    let (head, body) = answer.into_parts();
    let collected = body.collect().await.expect("the answer is complete");
    let trailers = collected.trailers().cloned().unwrap_or(head.headers);
    Refusal {
        status: Status::from_header_map(&trailers).expect("every answer has a status"),
        trailer_size: size(&trailers),
    }
}

fn size(headers: &HeaderMap) -> usize {
    let fields = headers.iter();
    fields
        .map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD)
        .sum()
}

/// The status and its decoded details as text for snapshots.
pub fn describe(status: &Status) -> String {
    let mut lines = vec![format!("{:?}: {}", status.code(), status.message())];
    if status.details().is_empty() {
        return lines.concat();
    }
    let inner = pb::Status::decode(status.details()).expect("details decode");
    let both = (inner.code, inner.message.as_str());
    assert_eq!(both, (status.code() as i32, status.message()));
    for any in inner.details {
        let (host, name) = any.type_url.split_once('/').expect("a type url");
        assert_eq!(host, "type.googleapis.com");
        lines.push(format!("  {name}"));
        lines.extend(
            detail(name, &any.value)
                .iter()
                .map(|line| format!("    {line}")),
        );
    }
    lines.join("\n")
}

fn detail(name: &str, bytes: &[u8]) -> Vec<String> {
    match name {
        "buf.validate.Violations" => {
            let violations = Violations::decode(bytes).expect("violations decode");
            violations.violations.iter().map(violation).collect()
        }
        "google.rpc.BadRequest" => {
            let bad = pb::BadRequest::decode(bytes).expect("a bad request decodes");
            let fields = bad.field_violations.iter();
            fields
                .map(|field| format!("{} {}: {}", field.field, field.reason, field.description))
                .collect()
        }
        "google.rpc.ErrorInfo" => {
            let info = pb::ErrorInfo::decode(bytes).expect("info decodes");
            let mut metadata: Vec<_> = info.metadata.iter().collect();
            metadata.sort();
            let metadata = metadata
                .iter()
                .map(|(key, value)| format!("{key} = {value}"));
            [format!("{} of {}", info.reason, info.domain)]
                .into_iter()
                .chain(metadata)
                .collect()
        }
        other => panic!("{other} is not a detail that we send"),
    }
}

fn violation(violation: &prost_protovalidate_types::Violation) -> String {
    let path = violation.field.as_ref().map(|path| {
        let elements = path.elements.iter().map(|element| {
            let name = element.field_name();
            match &element.subscript {
                Some(subscript) => format!("{name}[{}]", position(subscript)),
                None => name.to_owned(),
            }
        });
        elements.collect::<Vec<_>>().join(".")
    });
    let path = path.unwrap_or_default();
    format!("{path} {}: {}", violation.rule_id(), violation.message())
}

fn position(subscript: &prost_protovalidate_types::field_path_element::Subscript) -> u64 {
    match subscript {
        prost_protovalidate_types::field_path_element::Subscript::Index(index) => *index,
        other => panic!("{other:?}: there are no maps in the contract"),
    }
}
