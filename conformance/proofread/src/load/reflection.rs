//! Reads a contract by server reflection.
//!
//! The messages are declared here, since `v1` and `v1alpha` have the same wire format and
//! one set of types serves both. File descriptors are kept as raw bytes: `prost_types`
//! would drop the options of protovalidate when it decodes them.

use std::{collections::BTreeMap, time::Duration};

use prost::Message;
use prost_types::FileDescriptorProto;

use super::LoadError;
use crate::{
    contract::{Code, push_file},
    outcome::{Answer, Outcome},
    probe::{Probe, RawBody},
};

/// The versions of the reflection service, the newest first.
pub(crate) const REFLECTION_SERVICES: [&str; 2] = [
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// Prefixes of the services of gRPC itself, which are not part of a contract.
const GRPC_SERVICE_PREFIXES: [&str; 3] = ["grpc.reflection.", "grpc.health.", "grpc.channelz."];

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Request {
    #[prost(oneof = "Query", tags = "3, 4, 5, 6, 7")]
    pub(crate) query: Option<Query>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum Query {
    #[prost(string, tag = "3")]
    FileByFilename(String),
    #[prost(string, tag = "4")]
    FileContainingSymbol(String),
    #[prost(message, tag = "5")]
    FileContainingExtension(ExtensionRequest),
    #[prost(string, tag = "6")]
    AllExtensionNumbersOfType(String),
    #[prost(string, tag = "7")]
    ListServices(String),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExtensionRequest {
    #[prost(string, tag = "1")]
    pub(crate) containing_type: String,
    #[prost(int32, tag = "2")]
    pub(crate) extension_number: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Response {
    #[prost(message, tag = "2")]
    pub(crate) original_request: Option<Request>,
    #[prost(message, tag = "4")]
    pub(crate) files: Option<Files>,
    #[prost(message, tag = "5")]
    pub(crate) extension_numbers: Option<ExtensionNumbers>,
    #[prost(message, tag = "6")]
    pub(crate) services: Option<Services>,
    #[prost(message, tag = "7")]
    pub(crate) error: Option<ErrorResponse>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Files {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(crate) file_descriptor_proto: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExtensionNumbers {
    #[prost(string, tag = "1")]
    pub(crate) base_type_name: String,
    #[prost(int32, repeated, tag = "2")]
    pub(crate) extension_number: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Services {
    #[prost(message, repeated, tag = "1")]
    pub(crate) service: Vec<Service>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Service {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ErrorResponse {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
}

/// The image (`FileDescriptorSet`) of all services of the server, with their imports.
pub(crate) async fn image(probe: &Probe, timeout: Duration) -> Result<Vec<u8>, LoadError> {
    let (reflection, names) = services(probe, timeout).await?;
    let is_grpc_service = |name: &String| {
        GRPC_SERVICE_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let queries: Vec<Query> = names
        .into_iter()
        .filter(|name| !is_grpc_service(name))
        .map(Query::FileContainingSymbol)
        .collect();
    if queries.is_empty() {
        let message = "it lists only the services of gRPC itself".to_owned();
        return Err(LoadError::Reflection(message));
    }
    let reflection = Reflection {
        probe,
        path: reflection,
        timeout,
    };
    reflection.files_with_imports(queries).await
}

/// The path of the reflection method that the server implements, and the names of its
/// services.
pub(crate) async fn services(
    probe: &Probe,
    timeout: Duration,
) -> Result<(String, Vec<String>), LoadError> {
    let mut last_error = String::new();
    for service in REFLECTION_SERVICES {
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
                    let message = "its answer has no list of services".to_owned();
                    return Err(LoadError::Reflection(message));
                };
                let names = listed.service.into_iter().map(|service| service.name);
                return Ok((reflection.path, names.collect()));
            }
            Err(cause) => last_error = cause,
        }
    }
    Err(LoadError::NoReflection(last_error))
}

struct Reflection<'p> {
    probe: &'p Probe,
    path: String,
    timeout: Duration,
}

impl Reflection<'_> {
    /// Reads the queried files and everything that they import, as an image.
    async fn files_with_imports(&self, mut queries: Vec<Query>) -> Result<Vec<u8>, LoadError> {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut imports: Vec<String> = Vec::new();
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
                        _ => "the services",
                    };
                    let code = Code(error.code);
                    let message = format!(
                        "a query for {what} was answered by {code} {:?}",
                        error.message
                    );
                    return Err(LoadError::Reflection(message));
                }
                let found = answer.files.unwrap_or_default().file_descriptor_proto;
                for bytes in found {
                    let file = FileDescriptorProto::decode(bytes.as_slice()).map_err(|error| {
                        LoadError::Reflection(format!("a file descriptor is invalid: {error}"))
                    })?;
                    imports.extend(file.dependency.iter().cloned());
                    files.insert(file.name().to_owned(), bytes);
                }
            }
            imports.sort();
            imports.dedup();
            let previous = std::mem::take(&mut queries);
            queries = imports
                .drain(..)
                .filter(|name| !files.contains_key(name))
                .map(Query::FileByFilename)
                .collect();
            if queries == previous {
                let message = "its answers do not contain the files that were queried".to_owned();
                return Err(LoadError::Reflection(message));
            }
        }
        Ok(encode_file_set(&files))
    }

    /// Sends all queries in one streaming call; returns one response for each of them.
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
                .map_err(|error| format!("a response is invalid: {error}"))
        });
        let responses: Vec<Response> = responses.collect::<Result<_, _>>()?;
        if responses.len() < requests.len() {
            let (sent, received) = (requests.len(), responses.len());
            return Err(format!("{sent} queries got only {received} responses"));
        }
        Ok(responses)
    }
}

/// The answer of a successful call, or a message why the call failed.
fn successful_answer(outcome: Outcome, timeout: Duration) -> Result<Answer, String> {
    let answer = match outcome {
        Outcome::Answered(answer) => answer,
        Outcome::TimedOut { .. } => return Err(format!("no answer within {timeout:?}")),
        Outcome::Reset { code } => {
            return Err(format!("the server reset the stream with code {code}"));
        }
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

/// The built-in copy of an imported file, such as `buf/validate/validate.proto`, for servers
/// that do not return it.
fn bundled_file(query: &Query) -> Option<(String, Vec<u8>)> {
    let Query::FileByFilename(name) = query else {
        return None;
    };
    let pool = &prost_protovalidate_types::DESCRIPTOR_POOL;
    let file = pool.get_file_by_name(name)?;
    Some((name.clone(), file.encode_to_vec()))
}

/// Encodes a `FileDescriptorSet` from the raw bytes of its files.
fn encode_file_set(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for file in files.values() {
        push_file(&mut bytes, file);
    }
    bytes
}
