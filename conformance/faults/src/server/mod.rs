//! The correct server: the test contract and a part of the bookstore's, over
//! generated stubs behind [`rpc::Router`], with everything in memory.

mod checks;
mod front;
mod inventory;
mod library;
mod recommendations;
mod reflection;
mod shelf;
mod stock;
mod streams;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, sync::Arc};

use contract::bookstore::{
    inventory::v1::inventory_service_server::InventoryServiceServer,
    recommendations::v1::recommendation_service_server::RecommendationServiceServer,
};
use http::{Request, Response};
use rpc::{Channel, Options, Router};
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::body::Body;
use tower::ServiceExt;

use crate::{
    call::{Call, Reply},
    faults::Fault,
    rules::v1::{
        expression_service_server::ExpressionServiceServer,
        number_service_server::NumberServiceServer, shelf_service_server::ShelfServiceServer,
        structure_service_server::StructureServiceServer, text_service_server::TextServiceServer,
    },
};

/// The ids of reservations that there are.
pub(crate) use library::RESERVATIONS;
/// The names of the things on the shelf.
pub(crate) use shelf::NAMES as THINGS;

/// The token that opens the methods kept for the operator.
pub const OPERATOR_TOKEN: &str = "operator-of-the-faults";

/// All services, as they should be. What faults are put in front of.
#[derive(Clone)]
pub struct Right {
    services: Channel,
    reflection: reflection::Reflection,
}

impl Right {
    /// The services with their first state.
    pub fn new() -> Self {
        let books = Arc::new(library::Library::new());
        let router = Router::new(Options::default())
            .add(NumberServiceServer::new(checks::Checks))
            .add(TextServiceServer::new(checks::Checks))
            .add(StructureServiceServer::new(checks::Checks))
            .add(ExpressionServiceServer::new(checks::Checks))
            .add(ShelfServiceServer::new(shelf::Shelf::default()))
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

    /// Answers a call, streams as streams.
    pub async fn pass(&self, request: Request<Body>) -> Response<Body> {
        if let Some(response) = front::not_grpc(&request) {
            return response;
        }
        if request.uri().path().starts_with(reflection::PATHS) {
            return self.reflection.clone().answer(request).await;
        }
        if let Err(refusal) = front::authenticate(&request) {
            return refusal.into_http();
        }
        match self.services.clone().oneshot(request).await {
            Ok(response) => response,
            Err(status) => status.into_http(),
        }
    }

    /// Answers a call that has been read, and reads the answer.
    pub async fn answer(&self, call: Call) -> Reply {
        Reply::read(self.pass(call.into_request()).await).await
    }
}

impl Default for Right {
    fn default() -> Self {
        Self::new()
    }
}

/// A server that listens; it stops when this is dropped.
pub struct Listening {
    /// Where it listens.
    pub address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Listening {
    /// Serves the correct services, or those with a fault in front, on a free port
    /// of the loopback.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(fault: Option<Arc<Fault>>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(front::accept(listener, Right::new(), fault));
        Ok(Self { address, accepting })
    }

    /// The address as clients want it.
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the process ends.
    pub async fn wait(mut self) {
        // It ends by being dropped only.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
