//! `grpc.health.v1`. A service is in health as long as its process is: NOT_SERVING
//! begins with the drain. It says nothing about databases; a service whose database
//! is gone answers its calls with UNAVAILABLE, and restarting it would not help.
//!
//! Our own on tonic-health's messages, because tonic-health's `Watch` refuses
//! unknown services (the protocol wants SERVICE_UNKNOWN) and never ends, which
//! would hold up every drain.

use std::{collections::BTreeSet, sync::Arc};

use futures::{FutureExt as _, Stream, StreamExt as _, future, stream};
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_server::Health,
};

/// Answers for the process (the empty name) and each of its services.
#[derive(Clone)]
pub(crate) struct ProcessHealth {
    services: Arc<BTreeSet<&'static str>>,
    draining: watch::Receiver<bool>,
}

impl ProcessHealth {
    pub(crate) fn new(
        services: impl IntoIterator<Item = &'static str>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self {
            services: Arc::new(services.into_iter().collect()),
            draining,
        }
    }

    fn status(&self, service: &str) -> Option<ServingStatus> {
        let known = service.is_empty() || self.services.contains(service);
        known.then(|| match *self.draining.borrow() {
            false => ServingStatus::Serving,
            true => ServingStatus::NotServing,
        })
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

#[tonic::async_trait]
impl Health for ProcessHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        match self.status(&service) {
            Some(status) => Ok(Response::new(response(status))),
            None => Err(Status::not_found("this server has no such service")),
        }
    }

    type WatchStream =
        std::pin::Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    /// The status as it is, then NOT_SERVING when the drain begins, and the end.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let status = self.status(&request.into_inner().service);
        let first = future::ready(Ok(response(
            status.unwrap_or(ServingStatus::ServiceUnknown),
        )));
        let mut draining = self.draining.clone();
        let last = async move {
            // The sender lives as long as the router; without it there is nothing
            // left to watch either.
            let _ = draining.wait_for(|draining| *draining).await;
            let changed = status == Some(ServingStatus::Serving);
            changed.then(|| Ok(response(ServingStatus::NotServing)))
        };
        let last = last.into_stream().filter_map(future::ready);
        Ok(Response::new(Box::pin(stream::once(first).chain(last))))
    }
}
