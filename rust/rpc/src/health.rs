//! The health service `grpc.health.v1`. Every service of the process is SERVING until
//! the shutdown is requested, then NOT_SERVING. Databases are not checked: a service that has
//! lost its database returns UNAVAILABLE for its calls, and a restart would not help.
//!
//! It uses the messages of tonic-health but not its implementation, whose `Watch`
//! refuses unknown services (the protocol requires SERVICE_UNKNOWN) and never ends,
//! which would delay every drain.

use std::{collections::BTreeSet, sync::Arc};

use futures::{FutureExt as _, Stream, StreamExt as _, future, stream};
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_server::Health,
};

/// Reports the health of the process (the empty name) and of each of its services.
#[derive(Clone)]
pub(crate) struct ProcessHealth {
    services: Arc<BTreeSet<&'static str>>,
    not_serving: watch::Receiver<bool>,
}

impl ProcessHealth {
    pub(crate) fn new(
        services: impl IntoIterator<Item = &'static str>,
        not_serving: watch::Receiver<bool>,
    ) -> Self {
        Self {
            services: Arc::new(services.into_iter().collect()),
            not_serving,
        }
    }

    fn status(&self, service: &str) -> Option<ServingStatus> {
        let exists = service.is_empty() || self.services.contains(service);
        exists.then(|| {
            if *self.not_serving.borrow() {
                ServingStatus::NotServing
            } else {
                ServingStatus::Serving
            }
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

    /// Sends the current status, then NOT_SERVING when the shutdown is requested, and ends.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let status = self.status(&request.into_inner().service);
        let first = future::ready(Ok(response(
            status.unwrap_or(ServingStatus::ServiceUnknown),
        )));
        let mut not_serving = self.not_serving.clone();
        let last = async move {
            // Fails when the router, which owns the sender, is gone. Then nothing can
            // change any more.
            let _ = not_serving.wait_for(|not_serving| *not_serving).await;
            let changed = status == Some(ServingStatus::Serving);
            changed.then(|| Ok(response(ServingStatus::NotServing)))
        };
        let last = last.into_stream().filter_map(future::ready);
        Ok(Response::new(Box::pin(stream::once(first).chain(last))))
    }
}
