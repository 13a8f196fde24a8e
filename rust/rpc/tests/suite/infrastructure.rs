//! Health and reflection.

use futures::stream;
use prost::Message;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::harness::{Server, Transport, on_both_transports};

const INVENTORY: &str = "bookstore.inventory.v1.InventoryService";
const RECOMMENDATIONS: &str = "bookstore.recommendations.v1.RecommendationService";

on_both_transports!(
    health_is_told_for_each_service,
    unknown_services_can_be_watched,
    reflection_lists_what_is_served,
    reflection_serves_files_with_their_options,
);

async fn health_is_told_for_each_service(transport: Transport) {
    let server = Server::start(transport).await;
    let mut health = HealthClient::new(server.channel.clone());
    for service in ["", INVENTORY, RECOMMENDATIONS] {
        let service = service.to_owned();
        let answer = health
            .check(HealthCheckRequest { service })
            .await
            .expect("known");
        assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
    }
    let service = "payment.PaymentService".to_owned();
    let status = health
        .check(HealthCheckRequest { service })
        .await
        .expect_err("not here");
    assert_eq!(status.code(), Code::NotFound);
}

async fn unknown_services_can_be_watched(transport: Transport) {
    let server = Server::start(transport).await;
    let mut health = HealthClient::new(server.channel.clone());
    for (service, expected) in [
        (INVENTORY, ServingStatus::Serving),
        ("payment.PaymentService", ServingStatus::ServiceUnknown),
    ] {
        let service = service.to_owned();
        let answer = health.watch(HealthCheckRequest { service }).await;
        let mut statuses = answer.expect("a stream").into_inner();
        let first = statuses
            .message()
            .await
            .expect("a status")
            .expect("not the end");
        assert_eq!(first.status(), expected);
    }
}

async fn ask(server: &Server, question: MessageRequest) -> MessageResponse {
    let mut client = ServerReflectionClient::new(server.channel.clone());
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    let answer = client.server_reflection_info(stream::iter([request])).await;
    let mut answers = answer.expect("a stream").into_inner();
    let first = answers
        .message()
        .await
        .expect("an answer")
        .expect("not the end");
    first.message_response.expect("an answer")
}

async fn reflection_lists_what_is_served(transport: Transport) {
    let server = Server::start(transport).await;
    let answer = ask(&server, MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(list) = answer else {
        panic!("{answer:?}");
    };
    let mut names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            INVENTORY,
            RECOMMENDATIONS,
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
        ]
    );
}

async fn reflection_serves_files_with_their_options(transport: Transport) {
    let server = Server::start(transport).await;
    for symbol in [
        INVENTORY,
        "grpc.health.v1.Health",
        "buf.validate.FieldRules",
        "google.rpc.ErrorInfo",
    ] {
        let question = MessageRequest::FileContainingSymbol(symbol.to_owned());
        let answer = ask(&server, question).await;
        let MessageResponse::FileDescriptorResponse(files) = answer else {
            panic!("{symbol}: {answer:?}");
        };
        let raw = &files.file_descriptor_proto[0];
        let file = prost_types::FileDescriptorProto::decode(&**raw).expect("a file");
        assert!(symbol.starts_with(file.package()));
        // The rules are extensions, which a decoder that does not know them drops.
        assert!(raw.len() > file.encoded_len() || symbol != INVENTORY);
    }
}
