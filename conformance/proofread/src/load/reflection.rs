//! A contract by server reflection.
//!
//! The messages are written out here in full: `v1` and `v1alpha` are the same on
//! the wire, and the raw bytes of the files must be kept, since types that don't
//! know the options of protovalidate would drop them.

use std::{collections::BTreeMap, time::Duration};

use prost::{Message, encoding::encode_varint};
use prost_types::FileDescriptorProto;

use super::LoadError;
use crate::{
    contract::Code,
    outcome::{Answer, Outcome},
    probe::{Probe, RawBody},
};

/// The versions of the service, the newest first.
const SERVICES: [&str; 2] = [
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// Services of gRPC itself: the protocol says what they do, and no contract.
const OF_GRPC: [&str; 3] = ["grpc.reflection.", "grpc.health.", "grpc.channelz."];

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(oneof = "Ask", tags = "3, 4, 7")]
    ask: Option<Ask>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Ask {
    #[prost(string, tag = "3")]
    FileByFilename(String),
    #[prost(string, tag = "4")]
    FileContainingSymbol(String),
    #[prost(string, tag = "7")]
    ListServices(String),
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, tag = "4")]
    files: Option<Files>,
    #[prost(message, tag = "6")]
    services: Option<Services>,
    #[prost(message, tag = "7")]
    error: Option<Failure>,
}

#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file_descriptor_proto: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Services {
    #[prost(message, repeated, tag = "1")]
    service: Vec<Service>,
}

#[derive(Clone, PartialEq, Message)]
struct Service {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Failure {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The image of everything that the server serves, imports included.
pub(crate) async fn image(probe: &Probe, timeout: Duration) -> Result<Vec<u8>, LoadError> {
    let (reflection, names) = services(probe, timeout).await?;
    let is_own = |name: &String| OF_GRPC.iter().any(|prefix| name.starts_with(prefix));
    let asked: Vec<Ask> = names
        .into_iter()
        .filter(|name| !is_own(name))
        .map(Ask::FileContainingSymbol)
        .collect();
    if asked.is_empty() {
        let message = "it lists no service of its own".to_owned();
        return Err(LoadError::Reflection(message));
    }
    let reflection = Reflection {
        probe,
        path: reflection,
        timeout,
    };
    reflection.closure(asked).await
}

/// Which version the server knows, and what it serves.
pub(crate) async fn services(
    probe: &Probe,
    timeout: Duration,
) -> Result<(String, Vec<String>), LoadError> {
    let mut refused = String::new();
    for service in SERVICES {
        let reflection = Reflection {
            probe,
            path: format!("/{service}/ServerReflectionInfo"),
            timeout,
        };
        match reflection.ask(vec![Ask::ListServices(String::new())]).await {
            Ok(responses) => {
                let listed = responses.into_iter().find_map(|response| response.services);
                let Some(listed) = listed else {
                    let message = "it answers no list of services".to_owned();
                    return Err(LoadError::Reflection(message));
                };
                let names = listed.service.into_iter().map(|service| service.name);
                return Ok((reflection.path, names.collect()));
            }
            Err(cause) => refused = cause,
        }
    }
    Err(LoadError::NoReflection(refused))
}

struct Reflection<'p> {
    probe: &'p Probe,
    path: String,
    timeout: Duration,
}

impl Reflection<'_> {
    /// The files that are asked for, and all that they import.
    async fn closure(&self, mut asks: Vec<Ask>) -> Result<Vec<u8>, LoadError> {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut wanted: Vec<String> = Vec::new();
        while !asks.is_empty() {
            let answers = self
                .ask(asks.clone())
                .await
                .map_err(LoadError::Reflection)?;
            for (asked, answer) in asks.iter().zip(answers) {
                if let Some(error) = answer.error {
                    if let Some((name, bytes)) = shipped(asked) {
                        files.insert(name, bytes);
                        continue;
                    }
                    let what = match asked {
                        Ask::FileByFilename(name) | Ask::FileContainingSymbol(name) => name,
                        Ask::ListServices(_) => "the services",
                    };
                    let code = Code(error.code);
                    let message = format!("asked for {what} it answers {code} {:?}", error.message);
                    return Err(LoadError::Reflection(message));
                }
                let found = answer.files.unwrap_or_default().file_descriptor_proto;
                for bytes in found {
                    let file = FileDescriptorProto::decode(bytes.as_slice()).map_err(|error| {
                        LoadError::Reflection(format!("a file does not decode: {error}"))
                    })?;
                    wanted.extend(file.dependency.iter().cloned());
                    files.insert(file.name().to_owned(), bytes);
                }
            }
            wanted.sort();
            wanted.dedup();
            let tried = std::mem::take(&mut asks);
            asks = wanted
                .drain(..)
                .filter(|name| !files.contains_key(name))
                .map(Ask::FileByFilename)
                .collect();
            if asks == tried {
                let message = "it answers without the files that were asked for".to_owned();
                return Err(LoadError::Reflection(message));
            }
        }
        Ok(set(&files))
    }

    /// Asks all of it in one call; one response for each question.
    async fn ask(&self, asks: Vec<Ask>) -> Result<Vec<Response>, String> {
        let requests: Vec<Request> = asks
            .into_iter()
            .map(|ask| Request { ask: Some(ask) })
            .collect();
        let body = RawBody::messages(&requests);
        let outcome = self.probe.call(&self.path, &[], body, self.timeout).await;
        let answer = answered(outcome, self.timeout)?;
        let responses = answer.messages.iter().map(|bytes| {
            Response::decode(bytes.clone())
                .map_err(|error| format!("a response does not decode: {error}"))
        });
        let responses: Vec<Response> = responses.collect::<Result<_, _>>()?;
        if responses.len() < requests.len() {
            let (asked, came) = (requests.len(), responses.len());
            return Err(format!("{asked} questions and {came} responses"));
        }
        Ok(responses)
    }
}

/// The complete answer of a call that went well, or what is wrong in words.
fn answered(outcome: Outcome, timeout: Duration) -> Result<Answer, String> {
    let answer = match outcome {
        Outcome::Answered(answer) => answer,
        Outcome::TimedOut { .. } => return Err(format!("no answer within {timeout:?}")),
        Outcome::Reset { code } => return Err(format!("the stream is reset with code {code}")),
        Outcome::Broken { cause } | Outcome::Unreachable { cause } => return Err(cause),
    };
    match answer.grpc_code() {
        Some(0) => Ok(answer),
        Some(code) => Err(Code(code).to_string()),
        None => Err(format!(
            "HTTP status {}, no gRPC status",
            answer.http_status
        )),
    }
}

/// A file that every reader knows, for servers that do not carry it.
fn shipped(ask: &Ask) -> Option<(String, Vec<u8>)> {
    let Ask::FileByFilename(name) = ask else {
        return None;
    };
    let pool = &prost_protovalidate_types::DESCRIPTOR_POOL;
    let file = pool.get_file_by_name(name)?;
    Some((name.clone(), file.encode_to_vec()))
}

/// A `FileDescriptorSet` of these files, byte for byte.
fn set(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for file in files.values() {
        bytes.push(0x0a);
        encode_varint(file.len() as u64, &mut bytes);
        bytes.extend_from_slice(file);
    }
    bytes
}
