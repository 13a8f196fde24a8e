//! The health of the services for `/monitor`, read from `grpc.health.v1`.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// The time limit of one health check. The monitor checks every two seconds.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Checks each service over its channel. A service that does not answer is not serving.
pub fn probe(services: Vec<(&'static str, rpc::Channel)>) -> marketplace::Health {
    let services = Arc::new(services);
    Arc::new(move || {
        let services = Arc::clone(&services);
        Box::pin(async move {
            let checks = services.iter().map(|(name, channel)| async {
                ((*name).to_owned(), is_serving(name, channel.clone()).await)
            });
            join_all(checks).await
        })
    })
}

async fn is_serving(service: &str, channel: rpc::Channel) -> bool {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let mut client = HealthClient::new(channel);
    let answer = tokio::time::timeout(TIMEOUT, client.check(request)).await;
    matches!(answer, Ok(Ok(response)) if response.get_ref().status() == ServingStatus::Serving)
}
