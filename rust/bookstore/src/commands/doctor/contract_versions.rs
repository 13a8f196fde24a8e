//! Whether each process serves the same version of the contract as this program, by reflection.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use futures::stream;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::Request;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use super::{Finding, Server};
use crate::services::Service;

/// The files of the contract by name, without comments.
type Files = BTreeMap<String, FileDescriptorProto>;

/// Compares the contract of a process with that of this program. Nothing is found of a process
/// that does not answer: the check of its health says so.
pub async fn check(server: &Server, timeout: Duration) -> Vec<Finding> {
    let subject = format!("contract of {}", server.url);
    let compared = async {
        let ours = own_files()?;
        let theirs = read(server, &ours, timeout).await?;
        Ok::<_, anyhow::Error>(compare(&subject, &server.services, &ours, &theirs))
    };
    match compared.await {
        Ok(finding) => vec![finding],
        Err(error) if is_unavailable(&error) => Vec::new(),
        Err(error) => vec![Finding::warning(
            subject,
            format!("cannot be read by reflection: {error:#}"),
        )],
    }
}

fn is_unavailable(error: &anyhow::Error) -> bool {
    let code = error
        .downcast_ref::<tonic::Status>()
        .map(tonic::Status::code);
    matches!(
        code,
        Some(tonic::Code::Unavailable | tonic::Code::DeadlineExceeded)
    )
}

fn own_files() -> anyhow::Result<Files> {
    let set = FileDescriptorSet::decode(contract::IMAGE).context("the contract is damaged")?;
    let files = set.file.into_iter().map(without_comments);
    let ours = files.filter(|file| file.package().starts_with("bookstore."));
    Ok(ours.map(|file| (file.name().to_owned(), file)).collect())
}

fn without_comments(mut file: FileDescriptorProto) -> FileDescriptorProto {
    file.source_code_info = None;
    file
}

async fn read(server: &Server, ours: &Files, timeout: Duration) -> Result<Files, tonic::Status> {
    let requests: Vec<_> = ours
        .keys()
        .map(|name| ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::FileByFilename(name.clone())),
        })
        .collect();
    let mut request = Request::new(stream::iter(requests));
    request.set_timeout(timeout);
    let mut client = ServerReflectionClient::new(server.channel.clone());
    let mut answers = client.server_reflection_info(request).await?.into_inner();
    let mut files = Files::new();
    while let Some(answer) = answers.message().await? {
        // An error means that the process does not know the file.
        if let Some(MessageResponse::FileDescriptorResponse(response)) = answer.message_response {
            for bytes in response.file_descriptor_proto {
                if let Ok(file) = FileDescriptorProto::decode(bytes.as_slice()) {
                    files.insert(file.name().to_owned(), without_comments(file));
                }
            }
        }
    }
    Ok(files)
}

fn compare(subject: &str, services: &[Service], ours: &Files, theirs: &Files) -> Finding {
    let missing = missing_methods(services, ours, theirs);
    if !missing.is_empty() {
        let text = format!(
            "lacks methods that this version calls: {}",
            missing.join(", ")
        );
        return Finding::failure(subject, text)
            .advise("start the version of this program there, too");
    }
    let different = ours
        .iter()
        .filter(|(name, file)| theirs.get(*name) != Some(file));
    let different: Vec<_> = different.map(|(name, _)| name.as_str()).collect();
    if different.is_empty() {
        return Finding::fine(subject, "is the same as that of this program".to_owned());
    }
    let text = format!(
        "is of another version, which is fine only during an update: {} files differ, {} among \
         them",
        different.len(),
        different[0]
    );
    Finding::warning(subject, text).advise("start the same version everywhere")
}

/// The methods of the services that the other process should serve and does not have.
fn missing_methods(services: &[Service], ours: &Files, theirs: &Files) -> Vec<String> {
    let served = services
        .iter()
        .flat_map(|service| service.definition().grpc_services);
    let known: Vec<String> = methods(theirs).collect();
    let served: Vec<&str> = served.copied().collect();
    methods(ours)
        .filter(|method| {
            served
                .iter()
                .any(|name| method.starts_with(&format!("{name}/")))
        })
        .filter(|method| !known.contains(method))
        .collect()
}

/// The full names of all methods: `bookstore.cart.v1.CartService/GetCart`.
fn methods(files: &Files) -> impl Iterator<Item = String> {
    files.values().flat_map(|file| {
        file.service.iter().flat_map(move |service| {
            service.method.iter().map(move |method| {
                let (package, service) = (file.package(), service.name());
                format!("{package}.{service}/{}", method.name())
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{super::report::Level, *};

    #[test]
    fn other_version_is_a_warning_and_missing_method_a_failure() {
        let ours = own_files().expect("it is valid");
        let services = [Service::Cart];
        let finding = compare("contract", &services, &ours, &ours);
        assert_eq!(finding.level, Level::Fine);

        let mut newer = ours.clone();
        let name = "bookstore/cart/v1/cart_service.proto";
        let file = newer.get_mut(name).expect("it is in the contract");
        file.message_type[0].name = Some("Renamed".to_owned());
        let finding = compare("contract", &services, &ours, &newer);
        assert_eq!(finding.level, Level::Warning);
        assert!(finding.text.contains(name), "{}", finding.text);

        let mut older = ours.clone();
        let file = older.get_mut(name).expect("it is in the contract");
        let removed = file.service[0].method.remove(0);
        let finding = compare("contract", &services, &ours, &older);
        assert_eq!(finding.level, Level::Failure);
        assert!(finding.text.contains(removed.name()), "{}", finding.text);
        // Another service does not need it.
        let finding = compare("contract", &[Service::Reviews], &ours, &older);
        assert_eq!(finding.level, Level::Warning);
    }
}
