//! The health service `grpc.health.v1`. Every service of the process is SERVING until
//! the shutdown is requested, then NOT_SERVING. A service whose database does not answer is
//! NOT_SERVING until it does, so that load balancers prefer other processes. The process as a
//! whole (the empty name) stays SERVING, because a restart would not help.
//!
//! It uses the messages of tonic-health but not its implementation, whose `Watch`
//! refuses unknown services (the protocol requires SERVICE_UNKNOWN) and never ends,
//! which would delay every drain.

use std::{collections::BTreeMap, sync::Arc};

use futures::{FutureExt as _, Stream, StreamExt as _, future, stream};
use tokio::{net::TcpListener, sync::watch};
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};

use crate::{Options, RateLimits, ServeError, serve_http};

/// Reports the health of the process (the empty name) and of each of its services.
#[derive(Clone)]
pub struct ProcessHealth {
    services: Arc<BTreeMap<&'static str, Availability>>,
    not_serving: watch::Receiver<bool>,
}

/// Serves `grpc.health.v1` alone, in plain text and for every host name, until `shutdown`
/// completes: probes of container platforms have no certificates, and call by IP address.
///
/// # Errors
/// If the listener can't accept connections any more.
pub async fn serve_health(
    listener: TcpListener,
    health: HealthServer<ProcessHealth>,
    options: &Options,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let options = Options {
        tls: None,
        allowed_hosts: vec!["*".to_owned()],
        rate_limits: RateLimits::unlimited(),
        ..options.clone()
    };
    serve_http(listener, "health", health, &options, shutdown).await
}

/// Whether what a service needs is available; `None` if it needs nothing that can fail.
pub(crate) type Availability = Option<watch::Receiver<bool>>;

impl ProcessHealth {
    pub(crate) fn new(
        services: impl IntoIterator<Item = (&'static str, Availability)>,
        not_serving: watch::Receiver<bool>,
    ) -> Self {
        Self {
            services: Arc::new(services.into_iter().collect()),
            not_serving,
        }
    }

    /// `None` if there is no such service.
    fn watched(&self, service: &str) -> Option<Watched> {
        let availability = if service.is_empty() {
            None
        } else {
            self.services.get(service)?.clone()
        };
        Some(Watched {
            not_serving: self.not_serving.clone(),
            availability,
            sent: None,
        })
    }
}

/// What the status of one service depends on.
struct Watched {
    not_serving: watch::Receiver<bool>,
    availability: Availability,
    /// The status that was sent last.
    sent: Option<ServingStatus>,
}

impl Watched {
    fn status(&mut self) -> ServingStatus {
        let unavailable = self
            .availability
            .as_mut()
            .is_some_and(|available| !*available.borrow_and_update());
        if unavailable || *self.not_serving.borrow_and_update() {
            ServingStatus::NotServing
        } else {
            ServingStatus::Serving
        }
    }

    /// The next status that differs from the last one. `None` after the shutdown was
    /// requested, and when the router is gone.
    async fn next(mut self) -> Option<(ServingStatus, Self)> {
        loop {
            let status = self.status();
            if self.sent.replace(status) != Some(status) {
                return Some((status, self));
            }
            if *self.not_serving.borrow() {
                return None;
            }
            let availability = match &mut self.availability {
                Some(availability) => availability.changed().left_future(),
                None => future::pending().right_future(),
            };
            tokio::select! {
                changed = self.not_serving.changed() => changed.ok()?,
                changed = availability => changed.ok()?,
            }
        }
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
        match self.watched(&request.into_inner().service) {
            Some(mut watched) => Ok(Response::new(response(watched.status()))),
            None => Err(Status::not_found("this server has no such service")),
        }
    }

    type WatchStream =
        std::pin::Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    /// Sends the current status and every change, until the shutdown is requested: then
    /// NOT_SERVING, and ends.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let watched = self.watched(&request.into_inner().service);
        Ok(Response::new(match watched {
            Some(watched) => {
                Box::pin(stream::unfold(watched, Watched::next).map(|status| Ok(response(status))))
            }
            None => {
                let unknown = Ok(response(ServingStatus::ServiceUnknown));
                let mut not_serving = self.not_serving.clone();
                let end = async move {
                    // Fails when the router is gone: then nothing can change any more.
                    let _ = not_serving.wait_for(|not_serving| *not_serving).await;
                    None
                };
                let end = end.into_stream().filter_map(future::ready);
                Box::pin(stream::once(future::ready(unknown)).chain(end))
            }
        }))
    }
}
