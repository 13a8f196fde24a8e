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
const GRPC_SERVICE_PREFIXES: [&str; 3] = ["grpc.reflection.", "grpc.health.", "grpc.channelz."];

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(oneof = "Query", tags = "3, 4, 7")]
    query: Option<Query>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Query {
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
    error: Option<ErrorResponse>,
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
struct ErrorResponse {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The image of everything that the server serves, imports included.
pub(crate) async fn image(probe: &Probe, timeout: Duration) -> Result<Vec<u8>, LoadError> {
    let (reflection, names) = services(probe, timeout).await?;
    let is_own = |name: &String| {
        GRPC_SERVICE_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let queries: Vec<Query> = names
        .into_iter()
        .filter(|name| !is_own(name))
        .map(Query::FileContainingSymbol)
        .collect();
    if queries.is_empty() {
        let message = "it lists no service of its own".to_owned();
        return Err(LoadError::Reflection(message));
    }
    let reflection = Reflection {
        probe,
        path: reflection,
        timeout,
    };
    reflection.files_with_imports(queries).await
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
        match reflection
            .query(vec![Query::ListServices(String::new())])
            .await
        {
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
    async fn files_with_imports(&self, mut queries: Vec<Query>) -> Result<Vec<u8>, LoadError> {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut wanted: Vec<String> = Vec::new();
        while !queries.is_empty() {
            let answers = self
                .query(queries.clone())
                .await
                .map_err(LoadError::Reflection)?;
            for (query, answer) in queries.iter().zip(answers) {
                if let Some(error) = answer.error {
                    if let Some((name, bytes)) = bundled_file(query) {
                        files.insert(name, bytes);
                        continue;
                    }
                    let what = match query {
                        Query::FileByFilename(name) | Query::FileContainingSymbol(name) => name,
                        Query::ListServices(_) => "the services",
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
            let tried = std::mem::take(&mut queries);
            queries = wanted
                .drain(..)
                .filter(|name| !files.contains_key(name))
                .map(Query::FileByFilename)
                .collect();
            if queries == tried {
                let message = "it answers without the files that were asked for".to_owned();
                return Err(LoadError::Reflection(message));
            }
        }
        Ok(encode_file_set(&files))
    }

    /// Asks all of it in one call; one response for each question.
    async fn query(&self, queries: Vec<Query>) -> Result<Vec<Response>, String> {
        let requests: Vec<Request> = queries
            .into_iter()
            .map(|query| Request { query: Some(query) })
            .collect();
        let body = RawBody::messages(&requests);
        let outcome = self.probe.call(&self.path, &[], body, self.timeout).await;
        let answer = successful_answer(outcome, self.timeout)?;
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
fn successful_answer(outcome: Outcome, timeout: Duration) -> Result<Answer, String> {
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
fn bundled_file(query: &Query) -> Option<(String, Vec<u8>)> {
    let Query::FileByFilename(name) = query else {
        return None;
    };
    let pool = &prost_protovalidate_types::DESCRIPTOR_POOL;
    let file = pool.get_file_by_name(name)?;
    Some((name.clone(), file.encode_to_vec()))
}

/// A `FileDescriptorSet` of these files, byte for byte.
fn encode_file_set(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for file in files.values() {
        bytes.push(0x0a);
        encode_varint(file.len() as u64, &mut bytes);
        bytes.extend_from_slice(file);
    }
    bytes
}
