//! The correct server. It implements the test contract and a part of the bookstore's
//! contract, with generated stubs behind [`rpc::Router`] and state in memory.

mod access_service;
mod authentication;
mod behaviour_service;
mod catalogue;
mod checks;
mod http_checks;
mod inventory;
mod legacy_service;
mod note_service;
mod recommendations;
mod reflection;
mod stock;
mod streams;
mod tag_service;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use contract::bookstore::{
    inventory::v1::inventory_service_server::InventoryServiceServer,
    recommendations::v1::recommendation_service_server::RecommendationServiceServer,
};
use http::{Request, Response};
use rpc::{Channel, Options, Router};
use tonic::body::Body;
use tower::ServiceExt;

use crate::{
    call::{Call, Reply},
    rules::v1::{
        access_service_server::AccessServiceServer,
        behaviour_service_server::BehaviourServiceServer,
        expression_service_server::ExpressionServiceServer,
        legacy_service_server::LegacyServiceServer, note_service_server::NoteServiceServer,
        number_service_server::NumberServiceServer, string_service_server::StringServiceServer,
        structure_service_server::StructureServiceServer, tag_service_server::TagServiceServer,
    },
};

/// The names of the items that `ListItems` returns.
pub(crate) use behaviour_service::ITEM_NAMES;
/// The ids of the initial reservations.
pub(crate) use catalogue::RESERVATIONS;

/// All services, correctly implemented. Faults wrap it.
#[derive(Clone)]
pub struct CorrectServer {
    services: Channel,
    reflection: reflection::Reflection,
}

impl CorrectServer {
    /// Creates the services with their initial state.
    pub fn new() -> Self {
        let books = Arc::new(catalogue::Catalogue::new());
        let router = Router::new(Options::default())
            .add_outside_of_contract(NumberServiceServer::new(checks::Checks))
            .add_outside_of_contract(StringServiceServer::new(checks::Checks))
            .add_outside_of_contract(StructureServiceServer::new(checks::Checks))
            .add_outside_of_contract(ExpressionServiceServer::new(checks::Checks))
            .add_outside_of_contract(LegacyServiceServer::new(legacy_service::Records))
            .add_outside_of_contract(AccessServiceServer::new(access_service::Baskets))
            .add_outside_of_contract(BehaviourServiceServer::new(
                behaviour_service::Behaviours::default(),
            ))
            .add_outside_of_contract(NoteServiceServer::new(note_service::Notes::default()))
            .add_outside_of_contract(TagServiceServer::new(tag_service::Tags::default()))
            .add(InventoryServiceServer::new(inventory::Inventory(
                Arc::clone(&books),
            )))
            .add(RecommendationServiceServer::new(
                recommendations::Recommendations(books),
            ));
        Self {
            services: router.in_process(),
            reflection: reflection::Reflection::new(),
        }
    }

    /// Handles a request. Streaming responses are passed on as streams.
    pub async fn handle_request(&self, request: Request<Body>) -> Response<Body> {
        if let Some(response) = http_checks::non_grpc_response(&request) {
            return response;
        }
        if request.uri().path().starts_with(reflection::PATHS) {
            return self.reflection.clone().respond(request).await;
        }
        let access = authentication::access(request.uri().path());
        let conditional = access.iter().any(|it| it.condition.is_some());
        let (request, message) = if conditional {
            match Call::read(request).await {
                Ok(call) => {
                    let message = call.messages.first().cloned();
                    (call.into_request(), message.unwrap_or_default())
                }
                Err(status) => return status.into_http(),
            }
        } else {
            (request, bytes::Bytes::new())
        };
        let caller = match authentication::authenticate(request.headers(), access, &message) {
            Ok(caller) => caller,
            Err(refusal) => return refusal.into_http(),
        };
        let services = self.services.clone().with_caller(caller);
        match services.oneshot(request).await {
            Ok(response) => response,
            Err(status) => status.into_http(),
        }
    }

    /// Handles a call and reads the response completely.
    pub async fn handle_call(&self, call: Call) -> Reply {
        Reply::read(self.handle_request(call.into_request()).await).await
    }
}

impl Default for CorrectServer {
    fn default() -> Self {
        Self::new()
    }
}
