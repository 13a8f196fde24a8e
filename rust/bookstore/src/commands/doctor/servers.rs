//! Whether each process answers and serves what it should, and its clock.

use std::time::Duration;

use tokio::time::Instant;
use tonic::{Request, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_client::HealthClient,
};

use super::{Finding, Server, clocks};

/// Calls the health check of each service.
pub async fn check(server: &Server, timeout: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut date = None;
    for &service in &server.services {
        let subject = format!("{} at {}", service.name(), server.url);
        for name in service.definition().grpc_services {
            let started = Instant::now();
            let answer = health(server, name, timeout).await;
            if let Ok(answer) = &answer {
                let header = answer.metadata().get("date");
                date = header
                    .and_then(|date| date.to_str().ok())
                    .map(str::to_owned);
            }
            let answer = answer.map(tonic::Response::into_inner);
            findings.push(judge(&subject, name, answer, started.elapsed()));
        }
    }
    if let Some(date) = date {
        let subject = format!("clock of {}", server.url);
        findings.extend(clocks::check_date(&subject, &date));
    }
    findings
}

async fn health(
    server: &Server,
    service: &str,
    timeout: Duration,
) -> Result<tonic::Response<HealthCheckResponse>, Status> {
    let service = service.to_owned();
    let mut request = Request::new(HealthCheckRequest { service });
    request.set_timeout(timeout);
    HealthClient::new(server.channel.clone())
        .check(request)
        .await
}

fn judge(
    subject: &str,
    service: &str,
    answer: Result<HealthCheckResponse, Status>,
    took: Duration,
) -> Finding {
    match answer.map(|response| response.status()) {
        Ok(ServingStatus::Serving) => {
            let millis = took.as_millis();
            Finding::fine(subject, format!("{service} is serving ({millis} ms)"))
        }
        Ok(_) => Finding::failure(subject, format!("{service} is not serving"))
            .advise("look at the log of that process: its database does not answer, or it ends"),
        Err(status) if status.code() == tonic::Code::NotFound => {
            Finding::failure(subject, format!("the process does not run {service}")).advise(
                "correct the --peer of this service, or start the process with this service",
            )
        }
        Err(status) => Finding::failure(subject, status.message().to_owned()).advise(
            "check that the process runs, that the address and its scheme are right, and that \
             no firewall is between",
        ),
    }
}
