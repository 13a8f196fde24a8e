//! Whether the databases answer, and which migrations they have.

use jiff::Timestamp;
use service::{Clock, SystemClock};
use store::{Inspection, Location, OpenError, SchemaState};

use super::{Finding, clocks};
use crate::{services::Service, settings::Storage};

/// Inspects the database of each service.
pub async fn check(storage: &Storage, services: &[Service]) -> Vec<Finding> {
    let location = match storage.location() {
        Ok(location) => location,
        Err(error) => return vec![Finding::failure("database", format!("{error:#}"))],
    };
    let mut findings = Vec::new();
    let mut server_time = None;
    for service in services {
        let Some(schema) = service.definition().schema else {
            continue;
        };
        let inspected = store::inspect(&location, schema).await;
        if let Ok(inspection) = &inspected {
            let now = SystemClock.now();
            server_time = inspection.server_time.map(|time| (time, now));
        }
        let subject = format!("database of {}", service.name());
        findings.push(judge(&subject, &location, inspected));
        for url in &storage.read_replica_urls {
            let replica = Location::Postgres(url.clone());
            let subject = format!("read replica of {}", service.name());
            let inspected = store::inspect(&replica, schema).await;
            findings.push(judge_replica(&subject, &replica, inspected));
        }
    }
    if let Some((theirs, ours)) = server_time
        && let Ok(theirs) = Timestamp::from_microsecond(theirs)
    {
        findings.push(clocks::compare("clock of the database", theirs, ours));
    }
    findings
}

fn judge_replica(
    subject: &str,
    location: &Location,
    inspected: Result<Inspection, OpenError>,
) -> Finding {
    match inspected.map(|inspection| inspection.state) {
        Ok(SchemaState::Missing | SchemaState::Outdated { .. }) => Finding::warning(
            subject,
            format!("{location} lacks migrations, so it is not read before it has them"),
        )
        .advise("look in pg_stat_replication of the database whether it follows"),
        other => judge(
            subject,
            location,
            other.map(|state| Inspection {
                state,
                server_time: None,
            }),
        ),
    }
}

fn judge(subject: &str, location: &Location, inspected: Result<Inspection, OpenError>) -> Finding {
    match inspected.map(|inspection| inspection.state) {
        Ok(SchemaState::Current) => {
            Finding::fine(subject, format!("has all migrations ({location})"))
        }
        Ok(SchemaState::Missing) => Finding::warning(
            subject,
            format!("does not exist yet in {location}: the start of the service creates it"),
        )
        .advise("check --data and --database-url, if the service has been started before"),
        Ok(SchemaState::Outdated { missing }) => Finding::warning(
            subject,
            format!("lacks {missing} migrations: the start of the service applies them"),
        )
        .advise("make a backup before the start: the old version cannot read the result"),
        // It says what to do.
        Err(error) => Finding::failure(subject, error.to_string()),
    }
}
