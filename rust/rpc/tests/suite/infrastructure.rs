//! The health service and reflection.

use std::sync::Arc;

use contract::bookstore::inventory::v1::inventory_service_server::InventoryServiceServer;
use futures::stream;
use prost::Message;
use rpc::Router;
use tokio::sync::watch;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::{
    fakes::FakeInventory,
    harness::{Server, Transport, on_both_transports, options},
};

const INVENTORY: &str = "bookstore.inventory.v1.InventoryService";
const RECOMMENDATIONS: &str = "bookstore.recommendations.v1.RecommendationService";

on_both_transports!(
    health_check_covers_each_service,
    watch_of_unknown_service_reports_service_unknown,
    reflection_lists_served_services,
    reflection_serves_files_with_their_options,
    reflection_v1alpha_lists_the_same_services,
);

async fn health_check_covers_each_service(transport: Transport) {
    let server = Server::start(transport).await;
    let mut health = HealthClient::new(server.channel.clone());
    for service in ["", INVENTORY, RECOMMENDATIONS] {
        let service = service.to_owned();
        let response = health
            .check(HealthCheckRequest { service })
            .await
            .expect("known");
        assert_eq!(response.into_inner().status(), ServingStatus::Serving);
    }
    let service = "payment.PaymentService".to_owned();
    let status = health
        .check(HealthCheckRequest { service })
        .await
        .expect_err("not here");
    assert_eq!(status.code(), Code::NotFound);
}

async fn watch_of_unknown_service_reports_service_unknown(transport: Transport) {
    let server = Server::start(transport).await;
    let mut health = HealthClient::new(server.channel.clone());
    for (service, expected) in [
        (INVENTORY, ServingStatus::Serving),
        ("payment.PaymentService", ServingStatus::ServiceUnknown),
    ] {
        let service = service.to_owned();
        let response = health.watch(HealthCheckRequest { service }).await;
        let mut statuses = response.expect("a stream").into_inner();
        let first = statuses
            .message()
            .await
            .expect("a status")
            .expect("not the end");
        assert_eq!(first.status(), expected);
    }
}

#[tokio::test]
async fn service_is_not_serving_while_its_database_is_unavailable() {
    let (database, available) = watch::channel(true);
    let router = Router::new(options())
        .add(InventoryServiceServer::new(FakeInventory(Arc::default())))
        .serving_while(INVENTORY, available);
    let mut health = HealthClient::new(router.in_process());
    let request = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    let response = health.watch(request(INVENTORY)).await;
    let mut statuses = response.expect("a stream").into_inner();
    for (available, expected) in [
        (true, ServingStatus::Serving),
        (false, ServingStatus::NotServing),
        (true, ServingStatus::Serving),
    ] {
        database.send_replace(available);
        let next = statuses.message().await.expect("a status");
        assert_eq!(next.expect("not the end").status(), expected);
        let one = health.check(request(INVENTORY)).await.expect("known");
        assert_eq!(one.into_inner().status(), expected);
        let process = health.check(request("")).await.expect("known");
        assert_eq!(process.into_inner().status(), ServingStatus::Serving);
    }
}

async fn ask(server: &Server, question: MessageRequest) -> MessageResponse {
    let mut client = ServerReflectionClient::new(server.channel.clone());
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    let response = client.server_reflection_info(stream::iter([request])).await;
    let mut responses = response.expect("a stream").into_inner();
    let first = responses
        .message()
        .await
        .expect("a response")
        .expect("not the end");
    first.message_response.expect("a response")
}

async fn reflection_lists_served_services(transport: Transport) {
    let server = Server::start(transport).await;
    let response = ask(&server, MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(list) = response else {
        panic!("{response:?}");
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
            "grpc.reflection.v1alpha.ServerReflection",
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
        let response = ask(&server, question).await;
        let MessageResponse::FileDescriptorResponse(files) = response else {
            panic!("{symbol}: {response:?}");
        };
        let raw = &files.file_descriptor_proto[0];
        let file = prost_types::FileDescriptorProto::decode(&**raw).expect("a file");
        assert!(symbol.starts_with(file.package()));
        // The validation rules are extensions, which prost drops when it decodes.
        assert!(raw.len() > file.encoded_len() || symbol != INVENTORY);
    }
}

async fn reflection_v1alpha_lists_the_same_services(transport: Transport) {
    use tonic_reflection::pb::v1alpha;
    let server = Server::start(transport).await;
    let channel = server.channel.clone();
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let list = v1alpha::server_reflection_request::MessageRequest::ListServices(String::new());
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(list),
    };
    let response = client.server_reflection_info(stream::iter([request])).await;
    let mut responses = response.expect("a stream").into_inner();
    let first = responses.message().await.expect("a response");
    let first = first.expect("not the end").message_response;
    let Some(v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        first
    else {
        panic!("{first:?}");
    };
    assert_eq!(list.service.len(), 5);
}
